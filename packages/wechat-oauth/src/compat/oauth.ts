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
 * A drop-in for the class that the npm package `wechat-oauth` (1.5.0) exports, made of this package's own client. For new
 * code there is `WechatOAuth`.
 *
 * Every callback is called once, with `null` and the result, or with an error that has the name, message and code which
 * applications know: `WeChatAPIError` with WeChat's errcode as `code`, `WeChatAPI…Error` where WeChat gave no answer,
 * `NoOAuthTokenError`. An error of `getToken` or `saveToken` comes back as it is. No other error holds the app secret, a
 * token, a code, a session_key or a query string.
 *
 * @see https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html
 */
export class OAuth {
  /** The class itself, so that `const { OAuth } = require(…)` gives it as `const OAuth = require(…)` does. */
  static readonly OAuth = this

  appid: string
  /** Not enumerable: it stays out of logs and of JSON. */
  declare appsecret: string
  isMiniProgram: boolean | undefined
  /** Where tokens are kept that nobody else keeps: the 10,000 that were saved last. Not enumerable. */
  declare store: Tokens
  getToken: GetTokenFunction
  saveToken: SaveTokenFunction
  /** What `setOpts` was given. */
  defaults: OAuthOptions | undefined

  static {
    for (const name of Object.getOwnPropertyNames(this.prototype).filter(
      (method) => method !== 'constructor',
    )) {
      // Those who wrap the methods of such an object look for them with `for … in`.
      Object.defineProperty(this.prototype, name, { enumerable: true })
    }
  }

  /**
   * @param getToken - `(openid, callback)`, or one that returns a promise; default: the memory of this process
   * @param saveToken - `(openid, token, callback)`, or one that returns a promise; default: the memory of this process
   * @param isMiniProgram - `getUserByCode` takes a mini-program's code
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
        'OAuth keeps tokens in the memory of this process: in production, give it getToken and saveToken',
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

  /** Sets options for all calls from now on; those of before are forgotten. What cannot be understood is ignored. */
  setOpts(opts?: OAuthOptions): void {
    this.defaults = opts
  }

  /**
   * Address of the page on which a user of WeChat's own browser logs in. Nothing is checked.
   *
   * @param redirect - absolute URL of the callback; its host must be configured at WeChat
   * @param state - at most 128 bytes, WeChat hands it back; default none, which leaves the login open to forgery
   * @param scope - `snsapi_base` (default) or `snsapi_userinfo`
   */
  getAuthorizeURL(redirect: string, state?: string, scope?: string): string {
    return pageURL(this, pagePaths.mp, redirect, state, scope || 'snsapi_base')
  }

  /**
   * Address of the page that shows a QR code, for websites. Nothing is checked.
   *
   * @param redirect - absolute URL of the callback; its host must be configured at WeChat
   * @param state - at most 128 bytes, WeChat hands it back; default none, which leaves the login open to forgery
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
   * Renews a token by its refresh token, and saves it. What `getToken` gives for the user and WeChat did not answer
   * (unionid, fields of the application) is kept.
   */
  refreshAccessToken(refreshToken: string, callback?: OAuthCallback<AccessToken>): void {
    answer(callback, async () => {
      if (isMissing(refreshToken))
        throw missingArgument(apiPaths.refreshToken, 41003, 'refresh_token missing')
      return makeAccessToken(await getParts(this).refreshes.refreshAccessToken(refreshToken))
    })
  }

  /**
   * The user's data, by a token at hand.
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
      // WeChat takes more languages than our types name.
      const language = (lang || 'en') as 'en'
      return getParts(this).logins.getUserByToken(
        { openid, access_token: token, create_at: 0 },
        { lang: language },
      )
    })
  }

  /**
   * Opens what a mini-program received as `encryptedData` and `iv`.
   *
   * @throws Error `Illegal Buffer, Is Your Data Correct?`, or `Invalid Watermark, Be Sure to Check Again` where the data is
   * of another app; TypeError where a part is missing
   */
  decryptMiniProgramUser(options: { sessionKey: string; encryptedData: string; iv: string }): DecryptedUser {
    try {
      return getParts(this).logins.decryptMiniProgramUser(options)
    } catch (error) {
      throw asOAuthError(error)
    }
  }

  /**
   * The user's data, by the saved token. One that has expired, or that WeChat refuses, is refreshed first: once,
   * however many callers of this process wait for it.
   *
   * @param options - the openid, or with a language; default `en`
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

  /** Whether WeChat accepts this access token for this user: the result is WeChat's `{ errcode: 0, errmsg: 'ok' }`, else there is an error. */
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
   * Exchanges a mini-program's code, and opens `encryptedData` with the session_key, without a further call (`isMiniProgram`).
   * `openId` and `unionId` of the result are what WeChat answered to the code, whatever the data says; data that names another
   * user is an error with the code `ERR_WECHAT_OPENID_MISMATCH`.
   *
   * @param options - the code of `wx.login`, and what `wx.getUserInfo` gave
   */
  getUserByCode(
    options: { code: string; encryptedData: string; iv: string },
    callback?: OAuthCallback<DecryptedUser>,
  ): void
  /**
   * Exchanges a code and reads the user's data.
   *
   * @param options - the code, or with a language; default `en`
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
  const { open } = readEndpoints(defaults?.endpoints)
  const query = stringify({ appid, redirect_uri: redirect, response_type: 'code', scope, state: state || '' })
  return `${open}${path}?${query}#wechat_redirect`
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null || value === ''
}

/** What no code can be is not sent. */
function refuseWrongCode(endpoint: string, code: unknown): void {
  if (isMissing(code)) throw missingArgument(endpoint, 41008, 'missing code')
  try {
    checkCode(code)
  } catch {
    throw missingArgument(endpoint, 40029, 'invalid code')
  }
}
