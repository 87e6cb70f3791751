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

/** A value, or a function that returns it for a request. */
export type PerRequest<T, Req = Request> = T | ((req: Req) => T | PromiseLike<T>)

/** The credentials of an app. A mini-program needs nothing else. */
export interface WechatApp<Req = Request> {
  /** Use a function if it depends on the request (several tenants). It is called in both steps of a login. */
  appId: PerRequest<string, Req>
  /** Use a function if it depends on the request (several tenants). It is called in both steps of a login. */
  appSecret: PerRequest<string, Req>
}

/** An app that sends its users to a page of WeChat: an official account or a website. */
export interface WechatRedirectApp<Req = Request> extends WechatApp<Req> {
  /** Default `snsapi_userinfo` for an official account, `snsapi_login` for a website. */
  scope?: string | readonly string[]
  /** Overrides the strategy's `callbackURL` for this app. */
  callbackURL?: string | null
}

/** Several apps. The strategy chooses one for each request. */
export interface WechatApps<Req = Request> {
  /** Official account: for users in WeChat's own browser. */
  mp?: WechatRedirectApp<Req>
  /** Website: for users who scan a QR code on a desktop. */
  website?: WechatRedirectApp<Req>
  /** Mini-program: posts the code of `wx.login`. Used by calls with this mode, and by a strategy that has no other app. */
  miniprogram?: WechatApp<Req>
}

/** The user as a Passport profile, with WeChat's identifiers. Members that WeChat leaves empty are absent. */
export interface WechatProfile extends Profile {
  provider: 'wechat'
  /** Chosen by `idSource`. Default: the openid. */
  id: string
  /** The nickname, or an empty string if WeChat sends none. Neither unique nor stable. */
  displayName: string
  appId: string
  mode: WechatMode
  /** Identifies the user in this app. */
  openid: string
  /** Identifies the user in all apps of one open-platform account. */
  unionid?: string
  gender?: 'male' | 'female'
  /** `_json` as a string. */
  _raw: string
  /** The reply of `/sns/userinfo`. Only openid and unionid if it was not called. */
  _json: Partial<WechatUser> & { openid: string }
}

/** WeChat's reply to the code, without the refresh token. In mini-program mode only openid and unionid. */
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

/** Called by a verify function with an error, with no user (the login fails), or with the user. */
export type WechatVerifyCallback = (
  error?: unknown,
  user?: Express.User | false | null,
  info?: object | string,
) => void

/** The argument of a verify function that takes one object. */
export interface WechatVerifyInput<Req = Request> {
  /** `undefined` in mini-program mode. */
  accessToken: string | undefined
  /** `undefined` in mini-program mode. */
  refreshToken: string | undefined
  params: WechatTokenParams
  profile: WechatProfile
  req: Req
}

/** A verify function that takes one object. It resolves to the user, `false` or `null`, or calls `done`. */
export type WechatObjectVerify = (input: WechatVerifyInput, done: WechatVerifyCallback) => unknown

/** A verify function in passport-oauth2's form. The tokens are `undefined` in mini-program mode. */
export type WechatVerify = (
  accessToken: string,
  refreshToken: string,
  profile: WechatProfile,
  done: WechatVerifyCallback,
) => unknown

/** A verify function in passport-oauth2's form, with the token reply. */
export type WechatVerifyWithParams = (
  accessToken: string,
  refreshToken: string,
  params: WechatTokenParams,
  profile: WechatProfile,
  done: WechatVerifyCallback,
) => unknown

/** `WechatVerify` with `passReqToCallback`. */
export type WechatVerifyWithRequest = (
  req: Request,
  accessToken: string,
  refreshToken: string,
  profile: WechatProfile,
  done: WechatVerifyCallback,
) => unknown

/** `WechatVerifyWithParams` with `passReqToCallback`. */
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

/** The body of a mini-program's login: the code of `wx.login` and, optionally, the result of `wx.getUserProfile`. */
export interface MiniProgramInput {
  code: string
  encryptedData?: string
  iv?: string
  rawData?: string
  signature?: string
}

/** The source of the profile's `id`. The token has no session_key. */
export type IdSource = 'openid' | 'unionid' | ((token: WechatToken, userinfo?: WechatUser) => string)

/** As in passport-oauth2, a function of two parameters answers through its callback. */
export type SkipUserProfile =
  | boolean
  | (() => boolean | PromiseLike<boolean>)
  | ((accessToken: string, done: (error?: unknown, skip?: boolean) => void) => void)

/** Options that do not depend on how many apps there are. */
export interface WechatCommonOptions extends TokenStoreSource {
  /**
   * The strategy's name in Passport. It is kept with the state, and only a strategy of the same name can finish the login.
   * Give strategies of the same app different names here, because the name in `passport.use(name, strategy)` is not
   * visible to the strategy. Default `wechat`.
   */
  name?: string
  /**
   * Absolute, or relative to the request's address. Required for `mp` and `website`. `null` means that every call provides
   * its own.
   */
  callbackURL?: string | null
  /**
   * Scope of the official account's page. Other modes do not use it. Default `snsapi_userinfo`. A scope that belongs to
   * another mode (`snsapi_login`; for a website, `snsapi_base` and `snsapi_userinfo`) is refused.
   */
  scope?: string | readonly string[]
  /** Default `zh_CN`. */
  lang?: WechatLang
  /**
   * `false` turns off the protection against login CSRF: an attacker can then log a visitor's browser in to the attacker's
   * account. Default `true`.
   */
  state?: boolean
  /** Default: the session (`req.session`). */
  store?: StateStore
  /**
   * Whether to trust `X-Forwarded-Proto` and `X-Forwarded-Host` if `callbackURL` is relative. Default: as the framework is
   * configured.
   */
  proxy?: boolean
  /**
   * Returns whether a request comes back from WeChat, directly or as a promise. Default: true if `code` or `state` is in the
   * query.
   */
  isCallback?: (req: Request) => boolean | PromiseLike<boolean>
  /** `object`: verify gets one object. Default: depends on the number of parameters that verify declares. */
  verifyArguments?: 'positional' | 'object'
  /** Skip the request for name and picture. Default `false`. */
  skipUserProfile?: SkipUserProfile
  /** Default `openid`. */
  idSource?: IdSource
  /** What to do with virtual accounts of WeChat's snapshot pages. Default `fail`. */
  snapshotUser?: 'fail' | 'allow'
  /** Reads the login in mini-program mode, instead of the JSON body. It must protect against cross-site forms itself. */
  miniProgramInput?: (req: Request) => MiniProgramInput | PromiseLike<MiniProgramInput>
  /** Also keep app-level credentials with `getToken` and `saveToken`. Default `false`: they stay in process memory. */
  shareCredentials?: boolean
  /** WeChat's base addresses: https, or http on a loopback address, unless `allowInsecureEndpoints` is set. */
  endpoints?: string | Endpoints
  /**
   * Allow http on hosts that are neither loopback nor WeChat's, e.g. a sandbox in another container. Others on the network can
   * then read app secrets and tokens. The process is warned once. Default `false`.
   */
  allowInsecureEndpoints?: boolean
  /**
   * Base addresses to try, in this order and within `timeout`, when the first host fails. A repeatable call moves to the next
   * host after a failed connection, or when WeChat is busy. A call that spends a code moves only if no connection was made, so
   * nothing was sent. QR codes and the classic access token never move. Default none: a repeatable call is then tried once
   * more on the same host.
   */
  fallbackHosts?: string[]
  /** Milliseconds for each call to WeChat, a store, or a function of the application, except verify. Default 5000. */
  timeout?: number
  /**
   * Sends the requests to WeChat, for example through a proxy. Default: `node:https`, which keeps connections open for 5 s; or
   * the global `fetch`, if the application has replaced it or set a global dispatcher of undici.
   */
  fetch?: typeof fetch
  /** Milliseconds since the epoch. Default `Date.now`. */
  now?: () => number
  /** How the app-level access token is obtained. Default `stable`. */
  clientCredential?: WechatOAuthOptions['clientCredential']
  /**
   * Gets a message for each login that starts or fails: `warn` if the operator can do something about a failure, otherwise
   * `debug`. Also gets the messages of the client. Never receives a secret, a token, a code or a query string. Default none.
   */
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

/** Options of `WechatStrategy`, for one app or several. */
export type WechatStrategyOptions = (WechatOneAppOptions | WechatSeveralAppsOptions) & {
  /** Pass the request to verify as its first argument. Default `false`. */
  passReqToCallback?: boolean
}

/** Options of one call of `passport.authenticate('wechat', options)` or `strategy.getAuthorization(req, options)`. */
export interface WechatCallOptions extends MpPageParameters, Omit<WebsitePageParameters, 'lang'> {
  /** On a callback, it must be the mode in which the login was started. */
  mode?: WechatMode
  /**
   * Default: the app's. A strategy with a website and an official account leaves out the scopes of the other page. A
   * strategy with only one of them throws a TypeError if no scope remains.
   */
  scope?: string | readonly string[]
  /**
   * Any JSON value of the application. It is kept on the server (or in the state cookie) and returned as `info.state`. If the
   * strategy has `state: false`, it must be a string, and it is sent to WeChat unchanged.
   */
  state?: unknown
  /**
   * Absolute, or relative to the request's address. Default: the app's. Pass it on the callback route too: which state cookies
   * are read there depends on whether it is https.
   */
  callbackURL?: string
  /** Language of the QR page; on the callback, of the user's data. Default: the strategy's. `cn` is the QR page's name for `zh_CN`. */
  lang?: WechatLang | 'cn'
}

/** Options of `passport.authenticate('wechat', options)`. */
export interface WechatAuthenticateOptions
  extends Omit<AuthenticateOptions, 'state' | 'scope'>, WechatCallOptions {}

/** A login that was started: what a page needs to send the user to WeChat, or to draw the QR code itself. */
export interface WechatAuthorization {
  /** Address of WeChat's page. */
  url: string
  /** The app that the user logs in with. */
  appid: string
  /** Not encoded. The script `wxLogin.js` expects it encoded. */
  redirect_uri: string
  /** Comma separated. */
  scope: string
  /** Empty if the strategy has `state: false` and the call has no state. */
  state: string
}

/** The `info` of a successful login, which Passport sets as `req.authInfo`. It also contains what verify adds. */
export interface WechatAuthInfo {
  /** The application's state of the call that started the login. */
  state?: unknown
  appId: string
  mode: WechatMode
  openid: string
  unionid?: string
}

/** The values of `code` in the `info` of a failed login. */
export type WechatFailureCode =
  /** The callback does not belong to a login that this browser started. `reason` says more. 403 */
  | 'ERR_WECHAT_STATE'
  /** The user refused. 401 */
  | 'ERR_WECHAT_DENIED'
  /** The code is invalid, used or expired. 401 */
  | 'ERR_WECHAT_CODE'
  /** A virtual account of a snapshot page. 401 */
  | 'ERR_WECHAT_SNAPSHOT_USER'
  /** `idSource` is `unionid`, and WeChat sent none. 401 */
  | 'ERR_WECHAT_NO_UNIONID'
  /** WeChat blocks this user, or the user must take an action first. 403 */
  | 'ERR_WECHAT_BLOCKED'
  /** Verify did not find a user, and its `info` is not an object. 401 */
  | 'ERR_WECHAT_VERIFY'
  /** Mini-program: the request is malformed. 400 */
  | 'ERR_WECHAT_REQUEST'
  /** Mini-program: signature does not match rawData. 401 */
  | 'ERR_WECHAT_SIGNATURE'
  /** Mini-program: `encryptedData` or `iv` is damaged. `message` says how. 400 */
  | 'ERR_WECHAT_ENCRYPTED_DATA'
  /** Mini-program: the encrypted data is well-formed but cannot be decrypted. Call `wx.login` again. 401 */
  | 'ERR_WECHAT_SESSION_KEY'
  /** Mini-program: the encrypted data belongs to another user or another app. 401 */
  | 'ERR_WECHAT_OPENID_MISMATCH'

/** The reason why a state was refused. */
export type WechatStateReason =
  /** The callback has no state, an empty one, or several. */
  | 'missing'
  /** The login was started in another browser, or too long ago. */
  | 'unknown'
  /** The state was used before. */
  | 'replayed'
  /** The state was used before, with another code. */
  | 'code'
  /** The login was started in another mode. */
  | 'mode'
  /** The login was started with another app. */
  | 'app'
  /** The login was started by a strategy of another `name`, or by an older version that kept no name. */
  | 'strategy'

/** The `info` of a failed login. */
export interface WechatFailure {
  message: string
  code: WechatFailureCode
  /** WeChat's errcode, if it sent one. */
  errcode?: number
  /** With `ERR_WECHAT_STATE`. */
  reason?: WechatStateReason
  /**
   * For the developer: the likely cause, judged from the request, and what to do. It contains host names, but no values of
   * cookies or of the query. Its wording may change. The logger gets the same. Set with the reason `unknown`, and with `mode`
   * and `app` if another strategy of the same name started the login.
   */
  hint?: string
}
