/** The three ways to log in: in an official account's web view, with a website's QR code, in a mini-program. */
export type WechatMode = 'mp' | 'website' | 'miniprogram'

/** Language of the names that WeChat returns; `en` also switches the QR page to English. */
export type WechatLang = 'zh_CN' | 'zh_TW' | 'en'

/** The record that a token store keeps for a user, under the user's openid. */
export interface WechatToken {
  openid: string
  /** Absent for mini-program users, who have a `session_key` instead. */
  access_token?: string
  /** Lifetime of the access token in seconds, counted from `create_at`. */
  expires_in?: number
  refresh_token?: string
  /** As WeChat sent it: separated by commas. App-level credentials have a fingerprint of the app secret here. */
  scope?: string
  /** Milliseconds since the epoch, taken before the request that obtained the token. */
  create_at: number
  unionid?: string
  /** Mini-program users only. It never leaves the server. */
  session_key?: string
  /** 1 for the virtual account of a page in snapshot mode. */
  is_snapshotuser?: 1
  /** Fields that the application adds are kept. */
  [field: string]: unknown
}

/** How long a lock may be held, and how long to wait for it. */
export interface LockOptions {
  /** Milliseconds after which the holder loses the lock. Default 10,000. */
  ttl?: number
  /** Milliseconds to wait for the lock before rejecting with `ERR_WECHAT_LOCK`. Default 15,000. */
  wait?: number
}

/** Keeps tokens: one record for each key. A key is an openid or, for app-level credentials, a name that cannot be an openid. */
export interface TokenStore {
  /**
   * Resolves to the record, or to `null` or `undefined` if there is none. The record may be an object of an ORM.
   * Rejects if the backend fails. Rejects with a `StoreError` whose `reason` is `record` if the record cannot be used; then a
   * login replaces it.
   */
  getToken(openid: string): Promise<WechatToken | null | undefined>
  /** Replaces the whole record. Resolves once it can be read. */
  saveToken(openid: string, token: WechatToken): Promise<void>
  deleteToken?(openid: string): Promise<void>
  /**
   * Runs `task` while no other process holds the lock `key`. `signal` fires when the lock expires. Rejects with
   * `ERR_WECHAT_LOCK` if the lock does not become free within `wait`.
   */
  withLock?<T>(key: string, task: (signal: AbortSignal) => Promise<T>, options?: LockOptions): Promise<T>
}

// One signature serves both styles: with a union of two, TypeScript infers no types for a function literal's parameters.

/**
 * Reads the record of a user: `async (openid) => token`, or `(openid, callback)` in the style of Node.
 *
 * A function that declares `callback` must call it: `callback(error)`, or `callback(null, token)`, without a token if there
 * is none. Its return value is ignored, unless it is a native promise that rejects or resolves to anything but `undefined`. A
 * function that does not declare `callback` returns the token or a promise of it. If either throws, it has failed. The first
 * result counts. No result within `timeout` is a `StoreError`.
 */
export type GetTokenFunction = (
  openid: string,
  callback: (error?: unknown, token?: WechatToken | null) => void,
) => unknown

/**
 * Replaces the record of a user: `async (openid, token) => {}`, or `(openid, token, callback)` in the style of Node.
 *
 * The rules are those of `getToken`. If the function declares `callback`, the record counts as saved when `callback` is
 * called without an error, and not when the function returns.
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

/** The reply of `/sns/userinfo`. Since October 2021 WeChat leaves `sex`, `city`, `province`, `country` and `language` empty. */
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

/** User data, decrypted, that WeChat gave to a mini-program. */
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

/** The phone number that a user of a mini-program agreed to share. */
export interface WechatPhoneInfo {
  /** With the country code if it is not a Chinese number. */
  phoneNumber: string
  /** Without the country code. */
  purePhoneNumber: string
  countryCode: string
  watermark: { timestamp: number; appid: string }
  [field: string]: unknown
}

/** Tickets for the JS-SDK of pages, and for cards. */
export type WechatTicketType = 'jsapi' | 'wx_card'

/** The arguments that a page passes to `wx.config`. None is secret. */
export interface JsSDKSignature {
  appId: string
  /** Seconds since the epoch. */
  timestamp: number
  nonceStr: string
  signature: string
  /** The address that was signed: the page's, up to `#`. */
  url: string
}

/** A QR code with a scene, with WeChat's own field names. */
export type QRCodeData =
  /** Temporary, with a number: 1 to 4294967295. `expire_seconds`: at most 2592000 (30 days); WeChat's default is 60. */
  | { action_name: 'QR_SCENE'; action_info: { scene: { scene_id: number } }; expire_seconds?: number }
  /** Temporary, with a text of 1 to 64 characters. */
  | { action_name: 'QR_STR_SCENE'; action_info: { scene: { scene_str: string } }; expire_seconds?: number }
  /** Permanent, with a number: 1 to 100000. */
  | { action_name: 'QR_LIMIT_SCENE'; action_info: { scene: { scene_id: number } } }
  /** Permanent, with a text of 1 to 64 characters. */
  | { action_name: 'QR_LIMIT_STR_SCENE'; action_info: { scene: { scene_str: string } } }

/** WeChat's name for a QR code. It is not secret: the address of the image contains it. */
export interface QRCodeTicket {
  ticket: string
  /** Absent for a permanent code. */
  expire_seconds?: number
  /** The content of the QR code, so that you can draw it yourself. */
  url: string
}

/** What `health` says. */
export interface WechatHealth {
  /** `failing`: a read of the token store failed, or had no answer in time. */
  store: 'ok' | 'failing'
  /**
   * The app's access token, in the store or in memory. `ok`: valid. `expiring`: it has expired or is about to, and the next call
   * that needs it renews it. `none`: nobody has asked for it yet.
   */
  credential: 'ok' | 'expiring' | 'none'
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

/**
 * Receives messages and plain values: never a secret, a token, a code or a query string.
 *
 * The methods get `(message, details)`, as those of `console` and winston. Loggers that take `(details, message)` can be given
 * as they are: pino and its children, Fastify's `app.log` and `request.log`, bunyan. They are recognized by their method
 * `bindings` or `addSerializers`, and get the details first.
 */
export interface WechatLogger {
  debug(message: string, details?: Record<string, unknown>): void
  warn(message: string, details?: Record<string, unknown>): void
}

export interface WechatOAuthOptions extends TokenStoreSource {
  appId: string
  appSecret: string
  /** Pass app-level credentials to the `getToken` and `saveToken` functions too. Default `false`: they stay in process memory. */
  shareCredentials?: boolean
  /** Default `zh_CN`. */
  lang?: WechatLang
  /**
   * A string is used for all three. Only https, or http on loopback, unless `allowInsecureEndpoints` is set. Default: WeChat.
   */
  endpoints?: string | Endpoints
  /**
   * Allow `endpoints` and `fallbackHosts` with http on other hosts, e.g. a sandbox in another container. Others on the network
   * can then read app secrets and tokens, so the process is warned once. WeChat's own hosts always need https. Default `false`.
   */
  allowInsecureEndpoints?: boolean
  /**
   * Base addresses to try, in this order and all within `timeout`, when the first host fails. A call that may be repeated is
   * tried on the next host if the connection failed or WeChat is busy. A call that spends a code is tried on the next host
   * only if there was no connection, so that nothing was sent. QR codes and the classic access token use the first host only.
   * Default none: a call that may be repeated is tried once more on the same host.
   */
  fallbackHosts?: string[]
  /** Milliseconds for a whole call, including the body, and for a whole operation of the token store. Default 5000, at most a day. */
  timeout?: number
  /**
   * The function that sends requests to WeChat, e.g. a `fetch` that uses a proxy. Default `node:https`, which keeps idle
   * connections for 5 s; or the global `fetch` if the application has replaced it or has set undici's global dispatcher.
   */
  fetch?: typeof fetch
  /** The clock: milliseconds since the epoch. Default `Date.now`. */
  now?: () => number
  /** Which of WeChat's calls gets the app-level access token. Default `stable`. */
  clientCredential?: 'stable' | 'classic'
  /** Save the tokens of snapshot users (virtual accounts) too. Default `false`. */
  saveSnapshotUsers?: boolean
  /** E.g. `console`, pino, Fastify's `app.log`, winston or bunyan. Default none. */
  logger?: WechatLogger
}
