import type { WechatMode, WechatOAuth } from '@wechat-auth/wechat-oauth'
import { bindActions, perform } from '@wechat-auth/wechat-oauth/strategy-kit'
import type { Request } from 'express'
import OAuth2Strategy from 'passport-oauth2'
import { Logins } from './logins.js'
import { checkOptions } from './options.js'
import { CookieStateStore as CookieStates } from './state/cookie.js'
import type {
  AnyWechatVerify,
  WechatAuthenticateOptions,
  WechatAuthorization,
  WechatCallOptions,
  WechatObjectVerify,
  WechatOneAppOptions,
  WechatProfile,
  WechatSeveralAppsOptions,
  WechatStrategyOptions,
  WechatVerifyCallback,
  WechatVerifyInput,
  WechatVerifyWithParams,
  WechatVerifyWithRequest,
  WechatVerifyWithRequestAndParams,
} from './types.js'

type Options = WechatOneAppOptions | WechatSeveralAppsOptions
type ObjectOptions = Options & { passReqToCallback?: boolean; verifyArguments: 'object' }
type AnyOptions = Options & { passReqToCallback?: boolean }
type PlainOptions = Options & { passReqToCallback?: false }
type RequestOptions = Options & { passReqToCallback: true }
type Positional = { verifyArguments?: 'positional' }

// TypeScript infers parameters from one signature only, however many a function declares. The first one is a string next
// to others and the object where it is alone: as both at once, either form is inferred.
type InferredVerify = (
  first: string & WechatVerifyInput,
  refreshToken: string,
  profile: WechatProfile,
  done: WechatVerifyCallback,
) => unknown

// The parent's own statics (`Strategy` among them) are not inherited in types: ours name this class.
const Parent: new (
  options: OAuth2Strategy.StrategyOptions,
  verify: OAuth2Strategy.VerifyFunction,
) => OAuth2Strategy = OAuth2Strategy

/**
 * Passport strategy for WeChat: official account, website and mini-program.
 *
 * It is an `OAuth2Strategy` by its options, its contract of state stores and `instanceof`; nothing of that class's transport
 * is used, because WeChat's differs, and `_oauth2` holds no secret.
 *
 * @see https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html
 * @see https://developers.weixin.qq.com/doc/oplatform/Website_App/WeChat_Login/Wechat_Login.html
 * @see https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/login.html
 */
export class WechatStrategy extends Parent {
  // For `require`, whose result is the class.
  static readonly WechatStrategy = this
  static readonly Strategy = this
  static readonly CookieStateStore = CookieStates

  // One object with private fields of its own. Passport calls strategies through Object.create, where they cannot have any.
  private readonly _logins: Logins

  /**
   * @param options - of one app, or of several under `apps`; they are not changed
   * @param verify - finds or creates the application's user. It is called in passport-oauth2's forms by the number of
   * parameters that it declares; with one parameter, or `verifyArguments: 'object'`, it gets one object. It answers by
   * `done(error, user, info)` or by a promise: of the user, or of `false` or `null` for no. In TypeScript the parameters of
   * the forms with `params` want their types written down; those of the others are inferred.
   * @throws TypeError that names the option which is wrong
   */
  constructor(options: ObjectOptions, verify: WechatObjectVerify)
  constructor(options: PlainOptions, verify: InferredVerify)
  constructor(options: PlainOptions & Positional, verify: WechatVerifyWithParams)
  constructor(options: RequestOptions, verify: WechatVerifyWithRequest)
  constructor(options: RequestOptions & Positional, verify: WechatVerifyWithRequestAndParams)
  constructor(options: AnyOptions, verify: (input: WechatVerifyInput) => unknown)
  constructor(options: WechatStrategyOptions, verify: AnyWechatVerify | InferredVerify) {
    if (typeof (verify as unknown) !== 'function')
      throw new TypeError('WechatStrategy: verify must be a function')
    const settings = checkOptions(options)
    const unused = 'https://unused.invalid/'
    super(
      { authorizationURL: unused, tokenURL: unused, clientID: 'unused', clientSecret: '' },
      () => undefined,
    )
    this.name = settings.name
    this._logins = new Logins(settings, verify as AnyWechatVerify)
  }

  /** Called by Passport. Takes exactly one action. */
  override authenticate(req: Request, options?: WechatAuthenticateOptions): void {
    const logins = this._logins
    const actions = bindActions<Express.User>(this)
    void logins
      .authenticate(req, options)
      .then((outcome) => perform(actions, outcome, (error) => logins.lastResort(req, error)))
  }

  /**
   * Begins a login without a redirect, for single-page applications and for a QR code inside of a page: the state is kept
   * as if the user had been redirected.
   *
   * @param req - the request of the browser that will log in; in Koa the context will do
   * @param options - what `passport.authenticate('wechat', options)` would be given
   * @throws TypeError that names a wrong option; WechatError `ERR_WECHAT_CONFIG`, `ERR_WECHAT_STATE_STORE`; what the state
   * store, or a function of the application, throws
   */
  getAuthorization(req: Request, options?: WechatCallOptions): Promise<WechatAuthorization> {
    return this._logins.getAuthorization(req, options)
  }

  /**
   * The client of an app.
   *
   * @param mode - may be left out where there is one app
   * @throws TypeError where it is not unique, or depends on the request
   */
  oauth(mode?: WechatMode): WechatOAuth {
    return this._logins.oauth(mode)
  }

  /**
   * The client of the app that a request would log in with.
   *
   * @param mode - default: chosen as for a login
   * @throws WechatError `ERR_WECHAT_CONFIG` where there is no app of this mode, or its functions give no text in time; what
   * these functions throw
   */
  oauthFor(req: Request, mode?: WechatMode): Promise<WechatOAuth> {
    return this._logins.oauthFor(req, mode)
  }
}
