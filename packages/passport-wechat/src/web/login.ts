import type { WechatMode, WechatOAuth } from '@wechat-auth/wechat-oauth'
import { isObject, refuseUnless, reportable } from '@wechat-auth/wechat-oauth/strategy-kit'
import { Logins } from '../logins.js'
import { isRedirectMode } from '../modes.js'
import { checkOptions, type AppSettings, type Settings } from '../options.js'
import type { RequestParts } from '../request.js'
import { CookieStateStore } from '../state/cookie.js'
import type {
  PerRequest,
  WechatAuthInfo,
  WechatCallOptions,
  WechatFailure,
  WechatVerifyInput,
} from '../types.js'
import { asWebRequest, WebRequest } from './request.js'
import type { WechatLoginOptions, WechatLoginResult, WechatStartedLogin } from './types.js'

const who = 'WechatLogin'

/** Options of `WechatStrategy` that do not exist here, and what to do instead. */
const otherOptions = {
  state: 'The state is always checked',
  store: 'The state is kept in a cookie. Write cookie: { secret }',
  secret: 'Write cookie: { secret }',
  verify: 'handle returns the user',
  verifyArguments: 'handle returns the user',
  passReqToCallback: 'handle returns the user',
  isCallback: 'Call handle only for requests of the login',
  miniProgramInput: 'Call handle only for requests of the login',
}

/**
 * Login with WeChat for servers that answer a web `Request` with a `Response`, such as Next.js (App Router), Hono, Deno and
 * Bun, where Passport does not run. It does the same as `WechatStrategy`, with the same options, and keeps the state of a
 * login in a signed cookie.
 *
 * @see https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html
 * @see https://developers.weixin.qq.com/doc/oplatform/Website_App/WeChat_Login/Wechat_Login.html
 * @see https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/login.html
 */
export class WechatLogin {
  readonly #logins: Logins
  readonly #headers = new WeakMap<object, Headers>()

  /**
   * @param options - of one app, or of several under `apps`. They are not changed
   * @throws TypeError that names the wrong option
   */
  constructor(options: WechatLoginOptions) {
    this.#logins = new Logins(checkLoginOptions(options), keepFacts)
  }

  /**
   * Handles a request of the login: the one that starts it, WeChat's callback, or the JSON of a mini-program.
   *
   * @param request - in Hono, `c.req.raw`
   * @param options - the same as for `passport.authenticate('wechat', options)`
   * @returns what to do next; `fail` if the login did not succeed for a reason that the user or the developer can change
   * @throws TypeError that names a wrong option; the errors of the strategy: WechatError and its subclasses, and what the
   * application's functions and stores throw
   */
  async handle(request: Request, options?: WechatCallOptions): Promise<WechatLoginResult> {
    const parts = new WebRequest(checkRequest(request))
    const outcome = await this.#logins.authenticate(parts, options)
    const { responseHeaders: headers } = parts
    switch (outcome.action) {
      case 'redirect':
        headers.set('location', outcome.url)
        return { action: 'redirect', response: new Response(null, { status: 302, headers }) }
      case 'success': {
        const { accessToken, refreshToken, params, profile } = outcome.user as WechatUserFacts
        const info = outcome.info as WechatAuthInfo
        return { action: 'success', profile, accessToken, refreshToken, params, info, headers }
      }
      case 'fail':
        return {
          action: 'fail',
          info: outcome.challenge as WechatFailure,
          status: outcome.status,
          headers,
        }
      case 'error': {
        const error = reportable(outcome.error, 'The login failed: the value that was thrown is not an error')
        if (isObject(error)) this.#headers.set(error, headers)
        throw error
      }
    }
  }

  /**
   * Returns the headers for the answer to a request that `handle` rejected with this error. They have the `Set-Cookie` that
   * marks the state as used: without it, the browser can send the same callback again.
   */
  headersOf(error: unknown): Headers {
    return new Headers(isObject(error) ? this.#headers.get(error) : undefined)
  }

  /**
   * Starts a login without a redirect, for single-page applications and for a QR code inside a page.
   *
   * @param request - of the browser that will log in
   * @param options - the same as for `handle`
   * @throws TypeError that names a wrong option; WechatError `ERR_WECHAT_CONFIG` or `ERR_WECHAT_STATE_STORE`; errors of the
   * application's functions
   */
  async getAuthorization(request: Request, options?: WechatCallOptions): Promise<WechatStartedLogin> {
    const parts = new WebRequest(checkRequest(request))
    const authorization = await this.#logins.getAuthorization(parts, options)
    return { authorization, headers: parts.responseHeaders }
  }

  /**
   * Returns the client of an app.
   *
   * @param mode - optional if there is only one app
   * @throws TypeError if there are several apps and no mode, no app of this mode, or an app that depends on the request
   */
  oauth(mode?: WechatMode): WechatOAuth {
    return this.#logins.oauth(mode)
  }

  /**
   * Returns the client of the app that a request would log in with.
   *
   * @param mode - default: chosen as for a login
   * @throws WechatError `ERR_WECHAT_CONFIG` if there is no app of this mode, or if its functions return no string or time out;
   * errors of these functions
   */
  async oauthFor(request: Request, mode?: WechatMode): Promise<WechatOAuth> {
    return this.#logins.oauthFor(new WebRequest(checkRequest(request)), mode)
  }
}

type WechatUserFacts = Omit<WechatVerifyInput, 'req'>

/** The `verify` of a login without Passport: the user is what WeChat returned. */
function keepFacts({ accessToken, refreshToken, params, profile }: WechatVerifyInput): WechatUserFacts {
  return { accessToken, refreshToken, params, profile }
}

function checkLoginOptions(options: WechatLoginOptions): Settings {
  const input: unknown = options
  refuseUnless(who, isObject(input), 'the options must be an object')
  for (const [name, advice] of Object.entries(otherOptions))
    refuseUnless(who, input[name] === undefined, `${name} is not an option. ${advice}`)
  const { cookie, ...others } = options
  const settings = checkOptions(who, { ...others, verifyArguments: 'object' })
  const redirects = [...settings.apps.keys()].some(isRedirectMode)
  refuseUnless(
    who,
    isObject(input['cookie']) || (input['cookie'] === undefined && !redirects),
    'cookie must be an object with a secret of at least 32 bytes',
  )
  const { setCookie } = (input['cookie'] ?? {}) as { setCookie?: unknown }
  refuseUnless(who, setCookie === undefined, 'cookie.setCookie is not an option. handle returns the headers')
  return {
    ...settings,
    apps: new Map([...settings.apps].map(([mode, app]) => [mode, forWebRequests(app)])),
    store: cookie && new CookieStateStore({ ...cookie, now: settings.now }),
    readBody: (req, deadline) => asWebRequest(req).readBody(deadline),
  }
}

/** The application's functions get the request that it knows. */
function forWebRequests(app: AppSettings): AppSettings {
  const unwrap = (value: PerRequest<string, RequestParts>): PerRequest<string, RequestParts> =>
    typeof value === 'function'
      ? (req) => (value as (request: unknown) => string)(asWebRequest(req).request)
      : value
  return { ...app, appId: unwrap(app.appId), appSecret: unwrap(app.appSecret) }
}

function checkRequest(request: unknown): Request {
  const isRequest =
    isObject(request) &&
    typeof request['url'] === 'string' &&
    URL.canParse(request['url']) &&
    isObject(request['headers']) &&
    typeof request['headers']['get'] === 'function'
  refuseUnless(who, isRequest, 'the request must be a web Request. In Hono, pass c.req.raw')
  return request as unknown as Request
}
