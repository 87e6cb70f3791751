import { stringify } from 'node:querystring'
import { checkCode, checkOpenid, checkText, isOpenid } from '../lib/arguments.js'
import { NoOAuthTokenError } from '../errors.js'
import { bindToIdentity } from '../api/identity.js'
import { readEndpoints } from '../options.js'
import { apiPaths, pagePaths } from '../http/endpoints.js'
import { checkOk } from '../http/reply-fields.js'
import type { GetTokenFunction, SaveTokenFunction, WechatToken, WechatUser } from '../types.js'
import { makeAccessToken } from './access-token.js'
import { answer, awaitOutcome } from './callbacks.js'
import { asOAuthError, isRefused, missingArgument } from './errors.js'
import { noTokens, remember, type Tokens } from './memory.js'
import { getParts } from './parts.js'
import type { AccessToken, DecryptedUser, OAuthCallback, OAuthOptions } from './types.js'
import { userToken } from './user-token.js'

/**
 * A drop-in replacement for the class of the npm package `wechat-oauth` (1.5.0), built on this package's client. New code should
 * use `WechatOAuth`.
 *
 * Every callback is called once, with `null` and the result, or with an error that has the name, message and code which
 * applications know: `WeChatAPIError` with WeChat's errcode as `code`, `WeChatAPI…Error` if WeChat did not reply, or
 * `NoOAuthTokenError`. An error of `getToken` or `saveToken` is passed on unchanged. No other error contains the app secret, a
 * token, a code, a session_key or a query string.
 *
 * @see https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html
 */
export class OAuth {
  /** The class itself, so that both `const OAuth = require(…)` and `const { OAuth } = require(…)` work. */
  static readonly OAuth = this

  appid: string
  /** Not enumerable, so that logs and JSON do not contain it. */
  declare appsecret: string
  isMiniProgram: boolean | undefined
  /** The default store: the 10,000 tokens that were saved last. Not enumerable. */
  declare store: Tokens
  getToken: GetTokenFunction
  saveToken: SaveTokenFunction
  /** The options of the latest `setOpts`. */
  defaults: OAuthOptions | undefined

  static {
    for (const name of Object.getOwnPropertyNames(this.prototype).filter(
      (method) => method !== 'constructor',
    )) {
      // Tools that wrap the methods of an object find them with `for … in`.
      Object.defineProperty(this.prototype, name, { enumerable: true })
    }
  }

  /**
   * @param getToken - `(openid, callback)`, or returns a promise. Default: reads the memory of this process
   * @param saveToken - `(openid, token, callback)`, or returns a promise. Default: saves in the memory of this process
   * @param isMiniProgram - whether `getUserByCode` is called with a mini-program's code. Default `false`
   */
  constructor(
    appid: string,
    appsecret: string,
    getToken?: GetTokenFunction | null,
    saveToken?: SaveTokenFunction | null,
    isMiniProgram?: boolean,
  ) {
    this.appid = appid
    this.isMiniProgram = isMiniProgram
    for (const [name, value] of Object.entries({ appsecret, store: noTokens() })) {
      Object.defineProperty(this, name, { value, writable: true, configurable: true, enumerable: false })
    }
    if (!saveToken && process.env.NODE_ENV === 'production') {
      console.warn(
        'OAuth keeps tokens in the memory of this process. In production, pass getToken and saveToken',
      )
    }
    this.getToken =
      getToken ||
      function (this: OAuth, openid, callback) {
        callback(null, this.store[openid])
      }
    this.saveToken =
      saveToken ||
      function (this: OAuth, openid, token, callback) {
        remember(this.store, openid, token)
        callback(null)
      }
    this.defaults = {}
  }

  /** Replaces the options of all later calls. Values that are not understood are ignored. */
  setOpts(opts?: OAuthOptions): void {
    this.defaults = opts
  }

  /**
   * Returns the address of the page on which a user logs in inside WeChat's own browser. Nothing is checked.
   *
   * @param redirect - absolute URL of the callback; its host must be configured at WeChat
   * @param state - at most 128 bytes; WeChat passes it back to the callback. Default none, which leaves the login open to forgery
   * @param scope - `snsapi_base` (default) or `snsapi_userinfo`
   */
  getAuthorizeURL(redirect: string, state?: string, scope?: string): string {
    return pageURL(this, pagePaths.mp, redirect, state, scope || 'snsapi_base')
  }

  /**
   * Returns the address of the page that shows a website's QR code. Nothing is checked.
   *
   * @param redirect - absolute URL of the callback; its host must be configured at WeChat
   * @param state - at most 128 bytes; WeChat passes it back to the callback. Default none, which leaves the login open to forgery
   * @param scope - default `snsapi_login`
   */
  getAuthorizeURLForWebsite(redirect: string, state?: string, scope?: string): string {
    return pageURL(this, pagePaths.website, redirect, state, scope || 'snsapi_login')
  }

  /**
   * Exchanges the code of a callback for the user's token, and saves it: `saveToken` replaces the record. The code is sent
   * once. `getToken` is not called.
   */
  getAccessToken(code: string, callback?: OAuthCallback<AccessToken>): void {
    answer(callback, async () => {
      refuseWrongCode(apiPaths.accessToken, code)
      return makeAccessToken<WechatToken>(await getParts(this).logins.getAccessToken(code))
    })
  }

  /** Exchanges the code of a mini-program's `wx.login` for openid and session_key, and saves them. The code is sent once. */
  getSessionKey(
    code: string,
    callback?: OAuthCallback<AccessToken<WechatToken & { session_key: string }>>,
  ): void {
    answer(callback, async () => {
      refuseWrongCode(apiPaths.session, code)
      return makeAccessToken(await getParts(this).logins.code2Session(code))
    })
  }

  /**
   * Renews a token with its refresh token, and saves it. Fields of the record that WeChat's reply does not have (unionid, the
   * application's own fields) are kept.
   */
  refreshAccessToken(refreshToken: string, callback?: OAuthCallback<AccessToken>): void {
    answer(callback, async () => {
      if (isMissing(refreshToken))
        throw missingArgument(apiPaths.refreshToken, 41003, 'refresh_token missing')
      return makeAccessToken(await getParts(this).refreshes.refreshAccessToken(refreshToken))
    })
  }

  /**
   * Reads the user's data with the given token.
   *
   * @param options.lang - default `en`
   */
  _getUser(
    options: { openid: string; lang?: string },
    token: string,
    callback?: OAuthCallback<WechatUser>,
  ): void {
    answer(callback, async () => {
      const { openid, lang } = options
      if (isMissing(token)) throw missingArgument(apiPaths.userinfo, 41001, 'access_token missing')
      if (isMissing(openid)) throw missingArgument(apiPaths.userinfo, 41009, 'missing openid')
      // WeChat knows more languages than our types.
      const language = (lang || 'en') as 'en'
      return getParts(this).logins.getUserByToken(
        { openid, access_token: token, create_at: 0 },
        { lang: language },
      )
    })
  }

  /**
   * Decrypts the `encryptedData` and `iv` that a mini-program received.
   *
   * @throws Error `Illegal Buffer, Is Your Data Correct?`, or `Invalid Watermark, Be Sure to Check Again` if the data is for
   * another app; TypeError if a part is missing
   */
  decryptMiniProgramUser(options: { sessionKey: string; encryptedData: string; iv: string }): DecryptedUser {
    try {
      return getParts(this).logins.decryptMiniProgramUser(options)
    } catch (error) {
      throw asOAuthError(error)
    }
  }

  /**
   * Reads the user's data with the saved token. If the token has expired, or WeChat refuses it, it is refreshed first. All
   * callers in this process share one refresh.
   *
   * @param options - the openid, or the openid and a language. Default `en`
   */
  getUser(options: string | { openid: string; lang?: string }, callback?: OAuthCallback<WechatUser>): void {
    answer(callback, async () => {
      const user = typeof options === 'object' ? options : { openid: options }
      const { openid } = user
      if (!isOpenid(openid)) throw new NoOAuthTokenError(String(openid).slice(0, 128))
      const withToken = async (token: string): Promise<WechatUser> =>
        awaitOutcome((done) => {
          this._getUser(user, token, done)
        })
      const token = await userToken(this, openid)
      try {
        return await withToken(token)
      } catch (error) {
        if (!isRefused(error)) throw error
        return withToken(await userToken(this, openid, token))
      }
    })
  }

  /** Checks whether WeChat accepts this access token for this user. The result is WeChat's `{ errcode: 0, errmsg: 'ok' }`; otherwise there is an error. */
  verifyToken(
    openid: string,
    token: string,
    callback?: OAuthCallback<{ errcode: number; errmsg: string }>,
  ): void {
    answer(callback, async () => {
      const endpoint = apiPaths.auth
      if (isMissing(token)) throw missingArgument(endpoint, 41001, 'access_token missing')
      if (isMissing(openid)) throw missingArgument(endpoint, 41009, 'missing openid')
      checkOpenid(openid)
      checkText('accessToken', token)
      const reply = await getParts(this).transport.call({
        endpoint,
        query: { access_token: token, openid },
        repeatable: true,
        fallback: true,
      })
      checkOk(endpoint, reply)
      return reply as { errcode: number; errmsg: string }
    })
  }

  /**
   * Exchanges a mini-program's code, and decrypts `encryptedData` with the session_key, without another call (`isMiniProgram`).
   * `openId` and `unionId` of the result come from WeChat's reply, not from the data. Data that belongs to another user is an error
   * with the code `ERR_WECHAT_OPENID_MISMATCH`.
   *
   * @param options - the code of `wx.login`, and the result of `wx.getUserInfo`
   */
  getUserByCode(
    options: { code: string; encryptedData: string; iv: string },
    callback?: OAuthCallback<DecryptedUser>,
  ): void
  /**
   * Exchanges a code and reads the user's data.
   *
   * @param options - the code, or the code and a language. Default `en`
   */
  getUserByCode(options: string | { code: string; lang?: string }, callback?: OAuthCallback<WechatUser>): void
  getUserByCode(options: string | UserByCodeOptions, callback?: OAuthCallback<never>): void {
    answer<WechatUser | DecryptedUser>(
      callback as OAuthCallback<WechatUser | DecryptedUser> | undefined,
      async () => {
        const { code, lang, encryptedData, iv }: UserByCodeOptions =
          typeof options === 'string' ? { code: options } : options
        if (this.isMiniProgram) {
          const { data } = await awaitOutcome<AccessToken<WechatToken & { session_key: string }>>((done) => {
            this.getSessionKey(code, done)
          })
          const opened = this.decryptMiniProgramUser({
            sessionKey: data.session_key,
            encryptedData: encryptedData ?? '',
            iv: iv ?? '',
          })
          return addIdentity(opened, data)
        }
        const { data } = await awaitOutcome<AccessToken>((done) => {
          this.getAccessToken(code, done)
        })
        return awaitOutcome<WechatUser>((done) => {
          this.getUser({ openid: data.openid, ...(lang !== undefined && { lang }) }, done)
        })
      },
    )
  }
}

interface UserByCodeOptions {
  code: string
  lang?: string
  encryptedData?: string
  iv?: string
}

function addIdentity(opened: DecryptedUser, { openid, unionid }: WechatToken): DecryptedUser {
  try {
    return {
      ...bindToIdentity(opened, { openid, unionid }),
      openId: openid,
      ...(unionid !== undefined && { unionId: unionid }),
    }
  } catch (error) {
    throw asOAuthError(error)
  }
}

function pageURL(
  { appid, defaults }: OAuth,
  path: string,
  redirect: string,
  state: string | undefined,
  scope: string,
): string {
  const { open } = readEndpoints(defaults?.endpoints, defaults?.allowInsecureEndpoints)
  const query = stringify({ appid, redirect_uri: redirect, response_type: 'code', scope, state: state || '' })
  return `${open}${path}?${query}#wechat_redirect`
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null || value === ''
}

/** Refuses a value that cannot be a code, so that it is not sent. */
function refuseWrongCode(endpoint: string, code: unknown): void {
  if (isMissing(code)) throw missingArgument(endpoint, 41008, 'missing code')
  try {
    checkCode(code)
  } catch {
    throw missingArgument(endpoint, 40029, 'invalid code')
  }
}
