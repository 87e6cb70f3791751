import type {
  Endpoints,
  MpPageParameters,
  TokenStoreSource,
  WebsitePageParameters,
  WechatLang,
  WechatLogger,
  WechatMode,
  WechatOAuthOptions,
  WechatToken,
  WechatUser,
} from '@wechat-auth/wechat-oauth'
import type { Request } from 'express'
import type { AuthenticateOptions, Profile } from 'passport'
import type { StateStore } from './state/contract.js'

/** A value, or a function that gives it for a request. */
export type PerRequest<T> = T | ((req: Request) => T | PromiseLike<T>)

/** What WeChat calls an app: a mini-program. */
export interface WechatApp {
  /** A function where it depends on the request (several tenants): called on both legs of a login. */
  appId: PerRequest<string>
  /** A function where it depends on the request (several tenants): called on both legs of a login. */
  appSecret: PerRequest<string>
}

/** An app whose users are sent to a page of WeChat: an official account or a website. */
export interface WechatRedirectApp extends WechatApp {
  /** Default `snsapi_userinfo` for an official account, `snsapi_login` for a website. */
  scope?: string | readonly string[]
  /** Overrides the strategy's `callbackURL` for this app. */
  callbackURL?: string | null
}

/** Several apps, the flow being chosen for each request. */
export interface WechatApps {
  /** Official account: the web view of WeChat itself. */
  mp?: WechatRedirectApp
  /** Website: a QR code on a desktop. */
  website?: WechatRedirectApp
  /** Mini-program: posts the code of `wx.login`. Only calls with this mode use it, or a strategy that has no other app. */
  miniprogram?: WechatApp
}

/** The user as Passport's profile, plus WeChat's own identifiers. Members that WeChat leaves empty are absent. */
export interface WechatProfile extends Profile {
  provider: 'wechat'
  /** By `idSource`; default the openid. */
  id: string
  /** The nickname; empty where WeChat gives none. Neither unique nor stable. */
  displayName: string
  appId: string
  mode: WechatMode
  /** Identifies the user in this app. */
  openid: string
  /** Identifies the user in all apps of one open-platform account. */
  unionid?: string
  gender?: 'male' | 'female'
  /** `_json` as text. */
  _raw: string
  /** What `/sns/userinfo` answered; only openid and unionid where it was not asked. */
  _json: Partial<WechatUser> & { openid: string }
}

/** WeChat's reply to the code, without the refresh token; in mini-program mode only openid and unionid. */
export interface WechatTokenParams {
  openid: string
  unionid?: string
  access_token?: string
  /** Seconds. */
  expires_in?: number
  scope?: string
  is_snapshotuser?: 1
  [field: string]: unknown
}

/** Ends a verify function: with an error, without a user (the login fails), or with the user. */
export type WechatVerifyCallback = (
  error?: unknown,
  user?: Express.User | false | null,
  info?: object | string,
) => void

/** What a verify function gets as one object. */
export interface WechatVerifyInput {
  /** `undefined` in mini-program mode. */
  accessToken: string | undefined
  /** `undefined` in mini-program mode. */
  refreshToken: string | undefined
  params: WechatTokenParams
  profile: WechatProfile
  req: Request
}

/** A verify function that takes one object. It resolves to the user, to `false` or `null`, or calls `done`. */
export type WechatObjectVerify = (input: WechatVerifyInput, done: WechatVerifyCallback) => unknown

/** Verify function of passport-oauth2's form. The tokens are `undefined` in mini-program mode. */
export type WechatVerify = (
  accessToken: string,
  refreshToken: string,
  profile: WechatProfile,
  done: WechatVerifyCallback,
) => unknown

/** Verify function of passport-oauth2's form, with the token reply. */
export type WechatVerifyWithParams = (
  accessToken: string,
  refreshToken: string,
  params: WechatTokenParams,
  profile: WechatProfile,
  done: WechatVerifyCallback,
) => unknown

/** As `WechatVerify`, with `passReqToCallback`. */
export type WechatVerifyWithRequest = (
  req: Request,
  accessToken: string,
  refreshToken: string,
  profile: WechatProfile,
  done: WechatVerifyCallback,
) => unknown

/** As `WechatVerifyWithParams`, with `passReqToCallback`. */
export type WechatVerifyWithRequestAndParams = (
  req: Request,
  accessToken: string,
  refreshToken: string,
  params: WechatTokenParams,
  profile: WechatProfile,
  done: WechatVerifyCallback,
) => unknown

/** Every form of a verify function. */
export type AnyWechatVerify =
  | ((input: WechatVerifyInput) => unknown)
  | WechatObjectVerify
  | WechatVerify
  | WechatVerifyWithParams
  | WechatVerifyWithRequest
  | WechatVerifyWithRequestAndParams

/** What a mini-program sends after `wx.login`, and, if it likes, of `wx.getUserProfile`. */
export interface MiniProgramInput {
  code: string
  encryptedData?: string
  iv?: string
  rawData?: string
  signature?: string
}

/** Where the profile's `id` comes from. The token carries no session_key. */
export type IdSource = 'openid' | 'unionid' | ((token: WechatToken, userinfo?: WechatUser) => string)

/** As in passport-oauth2: a function of two parameters answers through its callback. */
export type SkipUserProfile =
  | boolean
  | (() => boolean | PromiseLike<boolean>)
  | ((accessToken: string, done: (error?: unknown, skip?: boolean) => void) => void)

/** Options that do not depend on how many apps there are. */
export interface WechatCommonOptions extends TokenStoreSource {
  /**
   * Name under which Passport knows the strategy. It is kept with the state: a login ends only at a strategy
   * of the same name. Strategies of one app need different names here: the name that `passport.use(name,
   * strategy)` gives is not seen. Default `wechat`.
   */
  name?: string
  /**
   * Absolute, or relative to the request's address. Required for `mp` and `website`; `null` says that every call gives its
   * own.
   */
  callbackURL?: string | null
  /**
   * Scope of the official account's page; other modes do not use it. Default `snsapi_userinfo`. A scope that
   * belongs to another mode (`snsapi_login`; for a website `snsapi_base`, `snsapi_userinfo`) is refused.
   */
  scope?: string | readonly string[]
  /** Default `zh_CN`. */
  lang?: WechatLang
  /**
   * `false` turns the protection against login CSRF off: anybody can then log a visitor's browser in as somebody else.
   * Default `true`.
   */
  state?: boolean
  /** Default: the session (`req.session`). */
  store?: StateStore
  /**
   * Where `callbackURL` is relative, trust `X-Forwarded-Proto` and `X-Forwarded-Host`. Default: what the
   * framework trusts.
   */
  proxy?: boolean
  /** Tells a return from WeChat from a first visit, at once or by a promise. Default: `code` or `state` is in the query. */
  isCallback?: (req: Request) => boolean | PromiseLike<boolean>
  /** `object`: verify gets one object. Default: by the number of parameters that verify declares. */
  verifyArguments?: 'positional' | 'object'
  /** Do not ask WeChat for name and picture. Default `false`. */
  skipUserProfile?: SkipUserProfile
  /** Default `openid`. */
  idSource?: IdSource
  /** Virtual accounts of WeChat's snapshot pages. Default `fail`. */
  snapshotUser?: 'fail' | 'allow'
  /** Replaces the reading of the JSON body in mini-program mode; guard against cross-site forms yourself then. */
  miniProgramInput?: (req: Request) => MiniProgramInput | PromiseLike<MiniProgramInput>
  /** Keep app-level credentials in `getToken`/`saveToken` functions too. Default `false`: they stay in process memory. */
  shareCredentials?: boolean
  /** Base addresses of WeChat. https, or http on loopback. */
  endpoints?: string | Endpoints
  /**
   * Base addresses that are asked in this order, all within `timeout`, when the first host fails. A call that may be
   * repeated goes on after a failed connection, or when WeChat is busy. A call that spends a code goes on only if no
   * connection came about, so that nothing was sent. QR codes and the classic access token do not go on.
   * Default none: then a call that may be repeated is tried once more on the same host.
   */
  fallbackHosts?: string[]
  /** Milliseconds for each call to WeChat, to a store, and to a function of the application other than verify. Default 5000. */
  timeout?: number
  /**
   * What WeChat is asked through, e.g. a `fetch` that goes through a proxy. Default `node:https`, with connections that are kept for
   * 5 s; or the global `fetch`, where the application has replaced it or given undici a global dispatcher.
   */
  fetch?: typeof fetch
  /** Milliseconds since the epoch. Default `Date.now`. */
  now?: () => number
  /** How the app-level access token is obtained. Default `stable`. */
  clientCredential?: WechatOAuthOptions['clientCredential']
  /** Never given a secret, a token, a code or a query string. Default none. */
  logger?: WechatLogger
}

/** Options of a strategy with one app. */
export interface WechatOneAppOptions extends WechatCommonOptions, WechatApp {
  /** Default `mp`. */
  mode?: WechatMode
  apps?: undefined
}

/** Options of a strategy with several apps. */
export interface WechatSeveralAppsOptions extends WechatCommonOptions {
  apps: WechatApps
  mode?: undefined
  appId?: undefined
  appSecret?: undefined
}

/** Options of `WechatStrategy`: of one app, or of several. */
export type WechatStrategyOptions = (WechatOneAppOptions | WechatSeveralAppsOptions) & {
  /** Gives verify the request as its first argument. Default `false`. */
  passReqToCallback?: boolean
}

/** What a single call can say: `passport.authenticate('wechat', options)` and `strategy.getAuthorization(req, options)`. */
export interface WechatCallOptions extends MpPageParameters, Omit<WebsitePageParameters, 'lang'> {
  /** On a callback it is checked against the mode that the login began with. */
  mode?: WechatMode
  /**
   * Default: the app's. A strategy with a website and an official account leaves out the scopes of the other
   * page. With one of them, it is a TypeError if no scope remains.
   */
  scope?: string | readonly string[]
  /**
   * Any JSON value of the application's, kept on the server (or in the state cookie) and handed back as `info.state`.
   * Only with the strategy's option `state: false` is it sent to WeChat: as it is, and it must then be a string.
   */
  state?: unknown
  /**
   * Absolute, or relative to the request's address. Default: the app's. Give it on the callback route too:
   * whether it is https decides which state cookies are read there.
   */
  callbackURL?: string
  /** Of the QR page, and on the callback of the user's data. Default: the strategy's. `cn` is the QR page's word for `zh_CN`. */
  lang?: WechatLang | 'cn'
}

/** Options of `passport.authenticate('wechat', options)`. */
export interface WechatAuthenticateOptions
  extends Omit<AuthenticateOptions, 'state' | 'scope'>, WechatCallOptions {}

/** A login that has begun: what a page needs to send the user to WeChat, or to draw the QR code itself. */
export interface WechatAuthorization {
  /** Address of WeChat's page. */
  url: string
  /** The app that the user logs in with. */
  appid: string
  /** Not encoded; the script `wxLogin.js` wants it encoded. */
  redirect_uri: string
  /** Comma separated. */
  scope: string
  /** Empty with `state: false` and no state given. */
  state: string
}

/** The `info` of a successful login; Passport makes it `req.authInfo`. What verify adds is kept. */
export interface WechatAuthInfo {
  /** The application's state of the call that began the login. */
  state?: unknown
  appId: string
  mode: WechatMode
  openid: string
  unionid?: string
}

/** Every `code` that the `info` of a failed login can have. */
export type WechatFailureCode =
  /** The callback belongs to no login that this browser began; `reason` says more. 403 */
  | 'ERR_WECHAT_STATE'
  /** The user refused. 401 */
  | 'ERR_WECHAT_DENIED'
  /** The code is bad, used or expired. 401 */
  | 'ERR_WECHAT_CODE'
  /** A virtual account of a snapshot page. 401 */
  | 'ERR_WECHAT_SNAPSHOT_USER'
  /** `idSource` wants a unionid, and WeChat gave none. 401 */
  | 'ERR_WECHAT_NO_UNIONID'
  /** WeChat blocks this user, or the user must do something first. 403 */
  | 'ERR_WECHAT_BLOCKED'
  /** Verify found no user, and gave no reason. 401 */
  | 'ERR_WECHAT_VERIFY'
  /** Mini-program: the request is not what it should be. 400 */
  | 'ERR_WECHAT_REQUEST'
  /** Mini-program: rawData and signature do not belong together. 401 */
  | 'ERR_WECHAT_SIGNATURE'
  /** Mini-program: `encryptedData` or `iv` is damaged; `message` says what is wrong with it. 400 */
  | 'ERR_WECHAT_ENCRYPTED_DATA'
  /** Mini-program: the encrypted data is well-formed and does not open; call `wx.login` again. 401 */
  | 'ERR_WECHAT_SESSION_KEY'
  /** Mini-program: the encrypted data is of another user or another app. 401 */
  | 'ERR_WECHAT_OPENID_MISMATCH'

/** Why a state was refused. */
export type WechatStateReason =
  /** No state, an empty one, or more than one. */
  | 'missing'
  /** Not begun in this browser, or too long ago. */
  | 'unknown'
  /** Used before. */
  | 'replayed'
  /** Used before, with another code. */
  | 'code'
  /** Begun in another mode. */
  | 'mode'
  /** Begun with another app. */
  | 'app'
  /** Started by a strategy of another `name`, or before an update from a version whose states had no name. */
  | 'strategy'

/** The `info` of a failed login. */
export interface WechatFailure {
  message: string
  code: WechatFailureCode
  /** WeChat's errcode, where it sent one. */
  errcode?: number
  /** With `ERR_WECHAT_STATE`. */
  reason?: WechatStateReason
  /**
   * With the reason `unknown`: one sentence for the developer, with the likely cause and what to do, by what
   * can be seen of the request. It has host names in it, but no value of a cookie or of the query; its
   * wording may change. The logger gets the same.
   */
  hint?: string
}
