/** The three ways of logging in: an official account's web view, a website's QR code, a mini-program. */
export type WechatMode = 'mp' | 'website' | 'miniprogram'

/** Language of the names that WeChat returns; `en` also switches the QR page to English. */
export type WechatLang = 'zh_CN' | 'zh_TW' | 'en'

/** What a token store keeps for one user, under the user's openid. */
export interface WechatToken {
  openid: string
  /** Absent for mini-program users, who have a `session_key` instead. */
  access_token?: string
  /** Lifetime of the access token in seconds, counted from `create_at`. */
  expires_in?: number
  refresh_token?: string
  /** As WeChat sent it: comma separated. App-level credentials have a fingerprint of the app secret here. */
  scope?: string
  /** Milliseconds since the epoch, taken before the request that obtained the token. */
  create_at: number
  unionid?: string
  /** Mini-program users only. It never leaves the server. */
  session_key?: string
  /** 1 for the virtual account of a snapshot page. */
  is_snapshotuser?: 1
  /** What the application adds is kept. */
  [field: string]: unknown
}

/** How long a lock is held and waited for. */
export interface LockOptions {
  /** Milliseconds after which the lock is no longer the holder's. Default 10,000. */
  ttl?: number
  /** Milliseconds to wait for the lock before rejecting with `ERR_WECHAT_LOCK`. Default 15,000. */
  wait?: number
}

/** Where tokens are kept. One record per key; the key is an openid, or for app-level credentials a name that no openid can have. */
export interface TokenStore {
  /**
   * Resolves to the record, or to `null` or `undefined` where there is none. The record may be an object of an ORM.
   * Rejects when the backend fails; and with a `StoreError` whose `reason` is `record` when there is something that
   * cannot be used, which a login then replaces.
   */
  getToken(openid: string): Promise<WechatToken | null | undefined>
  /** Replaces the whole record. Resolves when it can be read back. */
  saveToken(openid: string, token: WechatToken): Promise<void>
  deleteToken?(openid: string): Promise<void>
  /**
   * Runs `task` while no other process holds the lock `key`; `signal` fires when the lock's lifetime is over.
   * Rejects with `ERR_WECHAT_LOCK` when the lock is not had within `wait`.
   */
  withLock?<T>(key: string, task: (signal: AbortSignal) => Promise<T>, options?: LockOptions): Promise<T>
}

// One signature for both styles: a union of two leaves the parameters of a function literal without types.

/**
 * Reads the record of a user: `async (openid) => token`, or `(openid, callback)` in the style of Node.
 *
 * A function that declares `callback` answers through it: `callback(error)`, or `callback(null, token)`,
 * without a token where there is none. What it returns does not count, except a native promise that rejects
 * or resolves to something other than `undefined`. A function that does not declare it answers by what it
 * returns: a promise or the value itself. A throw is a failure in both. The first answer counts. No answer
 * within `timeout` is a `StoreError`.
 */
export type GetTokenFunction = (
  openid: string,
  callback: (error?: unknown, token?: WechatToken | null) => void,
) => unknown

/**
 * Replaces the record of a user: `async (openid, token) => {}`, or `(openid, token, callback)` in the style
 * of Node.
 *
 * It answers as `getToken` does. Where `callback` is declared, the record counts as saved when it is called
 * without an error, and not when the function returns.
 */
export type SaveTokenFunction = (
  openid: string,
  token: WechatToken,
  callback: (error?: unknown) => void,
) => unknown

/** A token store, or a pair of functions. */
export interface TokenStoreSource {
  tokenStore?: TokenStore
  getToken?: GetTokenFunction
  saveToken?: SaveTokenFunction
}

/** What `/sns/userinfo` answers. Since October 2021 WeChat leaves `sex`, `city`, `province`, `country` and `language` empty. */
export interface WechatUser {
  openid: string
  nickname: string
  /** 1 male, 2 female, 0 unknown. */
  sex?: number
  language?: string
  city?: string
  province?: string
  country?: string
  headimgurl?: string
  privilege?: string[]
  unionid?: string
  [field: string]: unknown
}

/** User data that a mini-program received encrypted. */
export interface MiniProgramData {
  watermark: { appid: string; timestamp: number }
  openId?: string
  unionId?: string
  nickName?: string
  avatarUrl?: string
  gender?: number
  phoneNumber?: string
  purePhoneNumber?: string
  countryCode?: string | number
  [field: string]: unknown
}

/** The phone number that a user of a mini-program gave away. */
export interface WechatPhoneInfo {
  /** With the country code, where it is a foreign number. */
  phoneNumber: string
  /** Without the country code. */
  purePhoneNumber: string
  countryCode: string
  watermark: { timestamp: number; appid: string }
  [field: string]: unknown
}

/** Which ticket: for the pages' JS-SDK, or for cards. */
export type WechatTicketType = 'jsapi' | 'wx_card'

/** What a page passes to `wx.config`. Nothing of it is secret. */
export interface JsSDKSignature {
  appId: string
  /** Seconds since the epoch. */
  timestamp: number
  nonceStr: string
  signature: string
  /** What was signed: the page's address up to `#`. */
  url: string
}

/** A QR code with a scene, in WeChat's words. */
export type QRCodeData =
  /** Temporary, with a number: 1 to 4294967295. `expire_seconds`: at most 2592000 (30 days), else WeChat's default of 60. */
  | { action_name: 'QR_SCENE'; action_info: { scene: { scene_id: number } }; expire_seconds?: number }
  /** Temporary, with a text of 1 to 64 characters. */
  | { action_name: 'QR_STR_SCENE'; action_info: { scene: { scene_str: string } }; expire_seconds?: number }
  /** Permanent, with a number: 1 to 100000. */
  | { action_name: 'QR_LIMIT_SCENE'; action_info: { scene: { scene_id: number } } }
  /** Permanent, with a text of 1 to 64 characters. */
  | { action_name: 'QR_LIMIT_STR_SCENE'; action_info: { scene: { scene_str: string } } }

/** What stands for a QR code at WeChat. Not a secret: it is in the address of the image. */
export interface QRCodeTicket {
  ticket: string
  /** Absent where the code is permanent. */
  expire_seconds?: number
  /** The content of the QR code, to draw it yourself. */
  url: string
}

/** Base addresses of WeChat's servers. */
export interface Endpoints {
  /** Default `https://open.weixin.qq.com`: the pages for people. */
  open?: string
  /** Default `https://api.weixin.qq.com`: the calls between servers. */
  api?: string
  /** Default `https://mp.weixin.qq.com`: images of QR codes. */
  mp?: string
}

/** Receives what happened, in words and plain values: never a secret, a token, a code or a query string. */
export interface WechatLogger {
  debug(message: string, details?: Record<string, unknown>): void
  warn(message: string, details?: Record<string, unknown>): void
}

export interface WechatOAuthOptions extends TokenStoreSource {
  appId: string
  appSecret: string
  /** Keep app-level credentials in `getToken`/`saveToken` functions too. Default `false`: they stay in process memory. */
  shareCredentials?: boolean
  /** Default `zh_CN`. */
  lang?: WechatLang
  /** A string serves all three. Only https, or http on loopback. Default: WeChat. */
  endpoints?: string | Endpoints
  /**
   * Base addresses that are asked in this order, all within `timeout`, when the first host fails. A call that may be
   * repeated goes on after a failed connection, or when WeChat is busy. A call that spends a code goes on only if no
   * connection came about, so that nothing was sent. QR codes and the classic access token do not go on.
   * Default none: then a call that may be repeated is tried once more on the same host.
   */
  fallbackHosts?: string[]
  /** Milliseconds for a whole call, body included; also for a whole visit to the token store. Default 5000, at most a day. */
  timeout?: number
  /**
   * What WeChat is asked through, e.g. a `fetch` that goes through a proxy. Default `node:https`, with connections that are kept for
   * 5 s; or the global `fetch`, where the application has replaced it or given undici a global dispatcher.
   */
  fetch?: typeof fetch
  /** Milliseconds since the epoch. Default `Date.now`. */
  now?: () => number
  /** How the app-level access token is obtained. Default `stable`. */
  clientCredential?: 'stable' | 'classic'
  /** Save the tokens of snapshot users (virtual accounts) too. Default `false`. */
  saveSnapshotUsers?: boolean
  logger?: WechatLogger
}
