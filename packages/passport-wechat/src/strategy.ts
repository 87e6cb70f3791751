import type { WechatMode, WechatOAuth } from '@wechat-auth/wechat-oauth'
import { bindActions, perform } from '@wechat-auth/wechat-oauth/strategy-kit'
import type { Request } from 'express'
// By name, because a default import needs esModuleInterop in the applications that compile the declarations.
import { Strategy as OAuth2Strategy, type StrategyOptions, type VerifyFunction } from 'passport-oauth2'
import { Logins } from './logins.js'
import { checkOptions } from './options.js'
import type { RequestParts } from './request.js'
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

// TypeScript infers parameters from one signature only. The first parameter is a string in the positional forms and the
// object in the form of one parameter. Declared as both, it is inferred in either form.
type InferredVerify = (
  first: string & WechatVerifyInput,
  refreshToken: string,
  profile: WechatProfile,
  done: WechatVerifyCallback,
) => unknown

// The static members of the parent's type, such as `Strategy`, must not be inherited: here they name this class.
const Parent: new (options: StrategyOptions, verify: VerifyFunction) => OAuth2Strategy = OAuth2Strategy

/**
 * Passport strategy for WeChat: official account, website and mini-program.
 *
 * It shares its options, the contract of state stores and `instanceof` with `OAuth2Strategy`. It does not use the transport
 * of that class, because WeChat's protocol differs, and `_oauth2` holds no secret.
 *
 * @see https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html
 * @see https://developers.weixin.qq.com/doc/oplatform/Website_App/WeChat_Login/Wechat_Login.html
 * @see https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/login.html
 */
export class WechatStrategy extends Parent {
  // `require` returns the class, so the other exports are its static members.
  static readonly WechatStrategy = this
  static readonly Strategy = this
  static readonly CookieStateStore = CookieStates

  // Passport calls strategies through Object.create, which loses private fields, so they are in a separate object.
  private readonly _logins: Logins

  /**
   * @param options - of one app, or of several under `apps`. They are not changed
   * @param verify - finds or creates the application's user. The number of parameters that it declares selects one of
   * passport-oauth2's forms. With one parameter, or with `verifyArguments: 'object'`, it gets one object. It answers with
   * `done(error, user, info)` or with a promise of the user; `false` or `null` means no. In TypeScript, write down the types
   * of the parameters in the forms with `params`; in the other forms they are inferred.
   * @throws TypeError that names the wrong option
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
    const settings = checkOptions('WechatStrategy', options)
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
   * Starts a login without a redirect, for single-page applications and for a QR code inside a page. The state is kept as if
   * the user had been redirected.
   *
   * @param req - the request of the browser that will log in: Express's, Fastify's, or Koa's context
   * @param options - the same as for `passport.authenticate('wechat', options)`
   * @throws TypeError that names a wrong option; WechatError `ERR_WECHAT_CONFIG` or `ERR_WECHAT_STATE_STORE`; errors of the
   * state store and of the application's functions
   */
  getAuthorization(req: RequestParts, options?: WechatCallOptions): Promise<WechatAuthorization> {
    return this._logins.getAuthorization(req, options)
  }

  /**
   * Returns the client of an app.
   *
   * @param mode - optional if there is only one app
   * @throws TypeError if there are several apps and no mode, no app of this mode, or an app that depends on the request
   */
  oauth(mode?: WechatMode): WechatOAuth {
    return this._logins.oauth(mode)
  }

  /**
   * Returns the client of the app that a request would log in with.
   *
   * @param mode - default: chosen as for a login
   * @throws WechatError `ERR_WECHAT_CONFIG` if there is no app of this mode, or if its functions return no string or time out;
   * errors of these functions
   */
  oauthFor(req: RequestParts, mode?: WechatMode): Promise<WechatOAuth> {
    return this._logins.oauthFor(req, mode)
  }
}
