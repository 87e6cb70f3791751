import type { CookieStateStoreOptions } from '../state/cookie.js'
import type {
  WechatApp,
  WechatApps,
  WechatAuthInfo,
  WechatAuthorization,
  WechatCommonOptions,
  WechatFailure,
  WechatProfile,
  WechatTokenParams,
} from '../types.js'
import type { WechatMode } from '@wechat-auth/wechat-oauth'

/** Options that do not depend on how many apps there are. They mean the same as those of `WechatStrategy`. */
export interface WechatLoginCommonOptions extends Omit<
  WechatCommonOptions,
  'isCallback' | 'miniProgramInput' | 'state' | 'store' | 'verifyArguments'
> {
  /** The cookie that keeps the state of a login. Required for `mp` and `website`. */
  cookie?: Omit<CookieStateStoreOptions, 'setCookie' | 'now'>
}

/** Options of a login with one app. */
export interface WechatLoginOneAppOptions extends WechatLoginCommonOptions, WechatApp<Request> {
  /** Default `mp`. */
  mode?: WechatMode
  apps?: undefined
}

/** Options of a login with several apps. */
export interface WechatLoginSeveralAppsOptions extends WechatLoginCommonOptions {
  apps: WechatApps<Request>
  mode?: undefined
  appId?: undefined
  appSecret?: undefined
}

/** Options of `WechatLogin`, for one app or several. Functions for `appId` and `appSecret` get the web `Request`. */
export type WechatLoginOptions = WechatLoginOneAppOptions | WechatLoginSeveralAppsOptions

/** The user has to go to WeChat's page. */
export interface WechatLoginRedirect {
  action: 'redirect'
  /** Redirects the browser, and sets the cookie with the state. */
  response: Response
}

/** WeChat has confirmed who the user is. */
export interface WechatLoginSuccess {
  action: 'success'
  profile: WechatProfile
  /** `undefined` in mini-program mode. */
  accessToken: string | undefined
  /** `undefined` in mini-program mode. */
  refreshToken: string | undefined
  params: WechatTokenParams
  info: WechatAuthInfo
  /** Has `Set-Cookie`. Add it to your response. */
  headers: Headers
}

/** The login failed, e.g. because the user refused. */
export interface WechatLoginFailure {
  action: 'fail'
  info: WechatFailure
  /** HTTP status for the answer: 400, 401 or 403. */
  status: number
  /** May have `Set-Cookie`. Add it to your response. */
  headers: Headers
}

/** What became of a request. */
export type WechatLoginResult = WechatLoginRedirect | WechatLoginSuccess | WechatLoginFailure

/** A login that was started without a redirect. */
export interface WechatStartedLogin {
  authorization: WechatAuthorization
  /** Has `Set-Cookie`. Add it to your response. */
  headers: Headers
}
