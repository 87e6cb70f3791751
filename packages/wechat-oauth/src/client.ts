import { AppCredentials } from './api/app-credentials.js'
import { checkCode, checkOpenid, checkText } from './lib/arguments.js'
import {
  mpPageURL,
  websitePageURL,
  type MpPageParameters,
  type WebsitePageParameters,
} from './api/authorize-url.js'
import { NoOAuthTokenError, WechatAPIError, WechatTransportError, type WechatDecryptError } from './errors.js'
import { isTokenRefused } from './errcodes.js'
import { bindToIdentity } from './api/identity.js'
import { pageToSign, signPage, type JsSDKSignOptions } from './api/js-sdk.js'
import { MiniProgramCalls } from './api/mini-program-calls.js'
import {
  decryptMiniProgramData,
  verifyMiniProgramSignature,
  type EncryptedUserData,
} from './api/mini-program-data.js'
import { readSettings, type Settings } from './options.js'
import { QRCodeCalls } from './api/qr-code-calls.js'
import { apiPaths, qrCodeImagePath } from './http/endpoints.js'
import { checkOk, parseSession, parseToken, parseUser } from './http/reply-fields.js'
import { StoreAccess } from './tokens/store-access.js'
import { isTokenValid } from './tokens/token.js'
import { TokenRecords } from './tokens/token-records.js'
import { buildPath, Transport } from './http/transport.js'
import type {
  JsSDKSignature,
  MiniProgramData,
  QRCodeData,
  QRCodeTicket,
  WechatLang,
  WechatOAuthOptions,
  WechatPhoneInfo,
  WechatTicketType,
  WechatToken,
  WechatUser,
} from './types.js'

/**
 * Client for WeChat's login endpoints, for one app.
 *
 * Tokens go into the token store before a method resolves. Every answer of WeChat is checked before use; every failure is
 * a `WechatError` that carries no secret. Wrong arguments are `TypeError`s.
 *
 * @see https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html
 */
export class WechatOAuth {
  readonly appId: string
  readonly #settings: Settings
  readonly #transport: Transport
  readonly #access: StoreAccess
  readonly #records: TokenRecords
  readonly #credentials: AppCredentials
  readonly #miniProgram: MiniProgramCalls
  readonly #qrCodes: QRCodeCalls
  readonly #refreshes = new Map<string, Promise<WechatToken>>()
  #saidThatThereIsNoLock = false

  /** @throws TypeError that names the option which is wrong */
  constructor(options: WechatOAuthOptions) {
    const settings = readSettings(options)
    this.appId = settings.appId
    this.#settings = settings
    const { timeout, now, fallbackHosts, logger, tokenStore, credentialStore, saveSnapshotUsers } = settings
    this.#transport = new Transport({
      api: settings.endpoints.api,
      mp: settings.endpoints.mp,
      appSecret: settings.appSecret,
      fallbackHosts,
      timeout,
      exchange: settings.exchange,
      logger,
    })
    const accessTo = (store: typeof tokenStore): StoreAccess =>
      new StoreAccess({
        store,
        timeout,
        onNoLock: () => {
          this.#warnThatThereIsNoLock()
        },
      })
    this.#access = accessTo(tokenStore)
    this.#records = new TokenRecords({ access: this.#access, now, saveSnapshotUsers, logger })
    this.#credentials = new AppCredentials(settings, this.#transport, accessTo(credentialStore))
    this.#miniProgram = new MiniProgramCalls(settings, this.#transport, this.#credentials, this.#records)
    this.#qrCodes = new QRCodeCalls(this.#transport, this.#credentials)
  }

  /**
   * Address of the page on which a user of WeChat's own browser logs in.
   *
   * @param redirect - absolute URL of the callback; its host must be configured at WeChat
   * @param state - at most 128 bytes, WeChat hands it back; default none, which leaves the login open to forgery
   * @param scope - `snsapi_base` (default, silent, openid only) or `snsapi_userinfo`
   * @throws TypeError that names the wrong argument; also for `snsapi_login`, a scope of the website's page
   */
  getAuthorizeURL(redirect: string, state = '', scope = 'snsapi_base', extra: MpPageParameters = {}): string {
    const {
      endpoints: { open },
      appId,
    } = this.#settings
    return mpPageURL({ open, appId, redirect, state, scope }, extra)
  }

  /**
   * Address of the page that shows a QR code, for websites.
   *
   * @param redirect - absolute URL of the callback; its host must be configured at WeChat
   * @param state - at most 128 bytes, WeChat hands it back; default none, which leaves the login open to forgery
   * @param scope - default `snsapi_login`
   * @throws TypeError that names the wrong argument; also for `snsapi_base` and `snsapi_userinfo`, which are
   * scopes of the official account's page
   */
  getAuthorizeURLForWebsite(
    redirect: string,
    state = '',
    scope = 'snsapi_login',
    extra: WebsitePageParameters = {},
  ): string {
    const {
      endpoints: { open },
      appId,
      lang,
    } = this.#settings
    return websitePageURL({ open, appId, redirect, state, scope }, extra, lang)
  }

  /**
   * Exchanges the code of a callback for the user's token, and saves it. The code is spent and sent only once.
   *
   * A saved token of wider scope that is still of use is not replaced by one of `snsapi_base`, that of a
   * login which began later not by an earlier one, and the token of a snapshot user is not saved (unless
   * `saveSnapshotUsers`). A record whose `create_at` is ahead of the clock does not count as later: the
   * clocks of servers differ.
   *
   * @returns what WeChat answered to this code
   * @throws WechatAPIError of kind `code` where the code is bad, used or expired; WechatTransportError; StoreError; TypeError
   */
  async getAccessToken(code: string): Promise<WechatToken & { access_token: string }> {
    checkCode(code)
    const { appId, appSecret } = this.#settings
    const { createAt, order } = this.#records.startLogin()
    const reply = await this.#transport.call({
      endpoint: apiPaths.accessToken,
      query: { appid: appId, secret: appSecret, code, grant_type: 'authorization_code' },
      repeatable: false,
      fallback: true,
    })
    const token = parseToken(apiPaths.accessToken, reply, createAt)
    await this.#records.saveLogin(token, order)
    return token
  }

  /**
   * Renews a token by its refresh token, and saves it into the user's record, whose other fields stay.
   *
   * @throws WechatAPIError of kind `refresh` where the user must log in again; WechatTransportError; StoreError; TypeError
   */
  async refreshAccessToken(refreshToken: string): Promise<WechatToken> {
    return this.#records.saveRefresh(await this.#requestRefresh(refreshToken), { refreshToken })
  }

  /**
   * The user's data, by the saved token. An expired token is refreshed first: once, however many callers wait for it, in
   * this process and, where the token store has locks, in all. A token that WeChat refuses is looked up again, in case it
   * was renewed elsewhere, and else refreshed once.
   *
   * @param user - the openid, or with a language for this call
   * @throws NoOAuthTokenError where the user must log in first; WechatAPIError (kind `refresh`: must log in again);
   * WechatTransportError; StoreError; TypeError
   */
  async getUser(user: string | { openid: string; lang?: WechatLang }): Promise<WechatUser> {
    const { openid, lang } = typeof user === 'string' ? { openid: user } : user
    checkOpenid(openid)
    checkLang(lang)
    const saved = await this.#records.read(openid)
    if (!saved) throw new NoOAuthTokenError(openid)
    const token = this.#isValid(saved) ? saved : await this.#refresh(saved, false)
    try {
      return await this.getUserByToken(token, { lang })
    } catch (error) {
      if (!isTokenRefused(error)) throw error
      return this.getUserByToken(await this.#refresh(token, true), { lang })
    }
  }

  /**
   * Exchanges a code and reads the user's data.
   *
   * @throws as `getAccessToken`; WechatAPIError of kind `scope` where only `snsapi_base` was granted
   */
  async getUserByCode(code: string | { code: string; lang?: WechatLang }): Promise<WechatUser> {
    const { code: value, lang } = typeof code === 'string' ? { code } : code
    checkLang(lang)
    return this.getUserByToken(await this.getAccessToken(value), { lang })
  }

  /**
   * The user's data, by a token that the caller has: `/sns/userinfo`. Nothing is refreshed. A unionid that the
   * saved record does not have yet is added to it before this resolves, in at most `timeout`. Where the store
   * fails to do that, the logger hears of it, and the user's data is answered all the same.
   *
   * @throws WechatAPIError; WechatTransportError, also where WeChat answers another user; NoOAuthTokenError where
   * the token has no access token; TypeError
   */
  async getUserByToken(
    token: WechatToken,
    options: { lang?: WechatLang | undefined } = {},
  ): Promise<WechatUser> {
    const { openid, access_token: accessToken } = token
    checkOpenid(openid)
    checkLang(options.lang)
    if (!accessToken) throw new NoOAuthTokenError(openid)
    checkText('access_token', accessToken)
    const order = this.#records.startQuestion()
    const reply = await this.#transport.call({
      endpoint: apiPaths.userinfo,
      query: { access_token: accessToken, openid, lang: options.lang ?? this.#settings.lang },
      secrets: [token.refresh_token],
      repeatable: true,
      fallback: true,
    })
    const user = parseUser(apiPaths.userinfo, reply, openid)
    const { unionid } = user
    const isSaved = unionid === token.unionid
    if (unionid !== undefined) await this.#records.addUnionid(openid, { unionid, order }, isSaved)
    return user
  }

  /**
   * Whether WeChat accepts this access token for this user (`/sns/auth`).
   *
   * @throws WechatTransportError, or WechatAPIError of kind `busy` or `rate`, where WeChat gave no answer; TypeError
   */
  async verifyToken(openid: string, accessToken: string): Promise<boolean> {
    checkOpenid(openid)
    checkText('accessToken', accessToken)
    try {
      const reply = await this.#transport.call({
        endpoint: apiPaths.auth,
        query: { access_token: accessToken, openid },
        repeatable: true,
        fallback: true,
      })
      checkOk(apiPaths.auth, reply)
      return true
    } catch (error) {
      if (error instanceof WechatAPIError && error.kind !== 'busy' && error.kind !== 'rate') return false
      throw error
    }
  }

  /**
   * Exchanges the code of a mini-program's `wx.login` for the user's openid and session_key, and saves them. The code is
   * spent and sent only once. The session_key must not leave the server.
   *
   * @throws WechatAPIError of kind `code` where the code is bad, used or expired; WechatTransportError; StoreError; TypeError
   * @see https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html
   */
  async code2Session(code: string): Promise<WechatToken & { session_key: string }> {
    checkCode(code)
    const { appId, appSecret } = this.#settings
    const { createAt, order } = this.#records.startLogin()
    const reply = await this.#transport.call({
      endpoint: apiPaths.session,
      query: { appid: appId, secret: appSecret, js_code: code, grant_type: 'authorization_code' },
      repeatable: false,
      fallback: true,
    })
    const session = parseSession(apiPaths.session, reply, createAt)
    await this.#records.saveLogin(session, order)
    return session
  }

  /**
   * Opens what a mini-program received as `encryptedData` and `iv`. Line breaks in the base64 are ignored; blanks that a form
   * made of `+` are turned back. The caller decides how old the data may be: `watermark.timestamp`, in seconds.
   *
   * The result proves nothing about who the user is: the sender can change it without knowing the session_key. openid and
   * unionid are those of `code2Session`, and `decryptForUser` checks the data against them.
   *
   * @throws WechatDecryptError `ERR_WECHAT_ENCRYPTED_DATA` where the input is damaged; `ERR_WECHAT_DECRYPT` with `reason` `data`
   * (the session_key is stale, or the data was changed) or `watermark` (of another app); TypeError
   * @see https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html
   */
  decryptMiniProgramUser(data: EncryptedUserData & { sessionKey: string }): MiniProgramData {
    return this.#open(data, 'ERR_WECHAT_DECRYPT')
  }

  /**
   * Opens encrypted data with the session_key that `code2Session` saved for this user.
   *
   * WeChat encrypts with AES-CBC, which authenticates nothing: the sender can change parts of the data without knowing the
   * session_key. So identity comes from WeChat's replies alone: data that names another user is refused, and a `unionId` that
   * the saved record does not have is left out. For a phone number that you can trust, call `getPhoneNumber`.
   *
   * @throws NoOAuthTokenError where no session_key is saved; WechatDecryptError `ERR_WECHAT_ENCRYPTED_DATA` where the input is
   * damaged, `ERR_WECHAT_SESSION_KEY` where it does not open (the key is stale: the mini-program must call `wx.login` again),
   * `ERR_WECHAT_OPENID_MISMATCH` where it names another user, `ERR_WECHAT_DECRYPT` where it is for another app; StoreError;
   * TypeError
   */
  async decryptForUser(openid: string, data: EncryptedUserData): Promise<MiniProgramData> {
    checkOpenid(openid)
    const saved = await this.#records.read(openid)
    if (!saved?.session_key) throw new NoOAuthTokenError(openid)
    const opened = this.#open({ ...data, sessionKey: saved.session_key }, 'ERR_WECHAT_SESSION_KEY')
    return bindToIdentity(opened, saved)
  }

  /** Whether `signature` belongs to `rawData` and this session_key; compared in constant time. @throws TypeError */
  verifyUserSignature(data: { rawData: string; signature: string; sessionKey: string }): boolean {
    const { rawData, signature, sessionKey } = data
    checkText('rawData', rawData, longestData)
    checkText('signature', signature)
    checkText('sessionKey', sessionKey)
    return verifyMiniProgramSignature(rawData, signature, sessionKey)
  }

  /**
   * Whether the session_key that is saved for this user is still good; `false` also where none is saved.
   *
   * @throws WechatAPIError; WechatTransportError; StoreError; TypeError
   * @see https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/checkSessionKey.html
   */
  async checkSession(openid: string): Promise<boolean> {
    checkOpenid(openid)
    return this.#miniProgram.checkSession(openid)
  }

  /**
   * Has WeChat replace the user's session_key, and saves the new one into the user's record, whose other
   * fields stay; its life is not prolonged. A login that came in meanwhile stays. A `create_at` that is more
   * than four minutes ahead of the clock is set to now.
   *
   * @returns the record as it now is. The session_key must not leave the server.
   * @throws NoOAuthTokenError where no session_key is saved; WechatAPIError with `ERR_WECHAT_SESSION_KEY` where it is
   * stale: the mini-program must call `wx.login` again; WechatTransportError; StoreError; TypeError
   * @see https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/ResetUserSessionKey.html
   */
  async resetSession(openid: string): Promise<WechatToken & { session_key: string }> {
    checkOpenid(openid)
    return this.#miniProgram.resetSession(openid)
  }

  /**
   * The phone number that the user of a mini-program gave away.
   *
   * @param code - of the button's event `getphonenumber`, not of `wx.login`; good once, for 5 minutes
   * @throws WechatAPIError of kind `code` where the code is bad, used or expired; WechatTransportError; StoreError; TypeError
   * @see https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-info/phone-number/getPhoneNumber.html
   */
  async getPhoneNumber(code: string): Promise<WechatPhoneInfo> {
    checkCode(code)
    return this.#miniProgram.getPhoneNumber(code)
  }

  /**
   * The app's own access token, for WeChat's other server calls. It is kept in the token store and renewed ahead of its end
   * (4 minutes, or a tenth of its life where that is less) while callers go on with the old one: once for all callers in
   * this process and, where the token store has locks, in all. It must not leave the server.
   *
   * @param options.forceRefresh - a new one, though the current one is good: that one dies at once. WeChat allows 20 a day
   * @returns `expires_in` in seconds from `create_at`, which is in milliseconds since the epoch
   * @throws WechatAPIError; WechatTransportError; StoreError; TypeError
   * @see https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/getStableAccessToken.html
   */
  async getClientAccessToken(
    options: { forceRefresh?: boolean } = {},
  ): Promise<{ access_token: string; expires_in: number; create_at: number }> {
    const { forceRefresh = false } = options
    if (typeof forceRefresh !== 'boolean') throw new TypeError('forceRefresh must be true or false')
    const { token } = this.#credentials
    const { access_token, expires_in, create_at } = await (forceRefresh ? token.forceRenewal() : token.get())
    return { access_token, expires_in, create_at }
  }

  /**
   * The ticket that signs for the JS-SDK, or for cards; kept and renewed like the app's access token. It must not leave the
   * server.
   *
   * @param type - `jsapi` (default) or `wx_card`
   * @throws as `getClientAccessToken`
   * @see https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/JS-SDK.html
   */
  async getJsApiTicket(
    type: WechatTicketType = 'jsapi',
  ): Promise<{ ticket: string; expires_in: number; create_at: number }> {
    const { access_token: ticket, expires_in, create_at } = await this.#credentials.ticket(type).get()
    return { ticket, expires_in, create_at }
  }

  /**
   * What a page passes to `wx.config`. Whoever can have any address signed can use the JS-SDK in the name of this account:
   * sign for your own pages only, as `jsSDKHandler` does.
   *
   * @param url - the page's address as the browser has it; what follows `#` is not signed
   * @throws as `getClientAccessToken`
   * @see https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/JS-SDK.html
   */
  async jsSDKSign(url: string, options: JsSDKSignOptions = {}): Promise<JsSDKSignature> {
    const page = pageToSign(this.appId, url, options, this.#settings.now())
    return signPage(page, (await this.getJsApiTicket()).ticket)
  }

  /**
   * Creates a QR code with a scene, which WeChat tells the app when somebody scans the code.
   *
   * @throws TypeError where `data` is beyond WeChat's limits, before any call; else as `getClientAccessToken`
   * @see https://developers.weixin.qq.com/doc/offiaccount/Account_Management/Generating_a_Parametric_QR_Code.html
   */
  async getQRCodeTicket(data: QRCodeData): Promise<QRCodeTicket> {
    return this.#qrCodes.createTicket(data)
  }

  /** Creates a QR code with a scene, and gives the address of its image. @throws as `getQRCodeTicket` */
  async getQRCodeLink(data: QRCodeData): Promise<string> {
    return this.getQRCodeLinkByTicket((await this.getQRCodeTicket(data)).ticket)
  }

  /**
   * Address of the image of a QR code; no credentials are needed to see it.
   *
   * @param ticket - as WeChat answered it, not encoded
   * @throws TypeError
   */
  getQRCodeLinkByTicket(ticket: string): string {
    checkText('ticket', ticket)
    return this.#settings.endpoints.mp + buildPath(qrCodeImagePath, { ticket })
  }

  /** Creates a QR code with a scene, and fetches its image. @throws as `getQRCodeTicket` */
  async getQRCode(data: QRCodeData): Promise<{ data: Uint8Array; contentType: string }> {
    return this.getQRCodeByTicket((await this.getQRCodeTicket(data)).ticket)
  }

  /**
   * Fetches the image of a QR code.
   *
   * @param ticket - as WeChat answered it, not encoded
   * @throws WechatTransportError, also where the answer is no image; TypeError
   */
  async getQRCodeByTicket(ticket: string): Promise<{ data: Uint8Array; contentType: string }> {
    checkText('ticket', ticket)
    return this.#qrCodes.image(ticket)
  }

  #open(
    data: EncryptedUserData & { sessionKey: string },
    codeWhenStale: WechatDecryptError['code'],
  ): MiniProgramData {
    const { sessionKey, encryptedData, iv } = data
    checkText('sessionKey', sessionKey)
    checkText('encryptedData', encryptedData, longestData)
    checkText('iv', iv)
    return decryptMiniProgramData(this.#settings.appId, sessionKey, { encryptedData, iv }, codeWhenStale)
  }

  async #requestRefresh(refreshToken: string): Promise<WechatToken> {
    checkText('refreshToken', refreshToken)
    const { appId, now } = this.#settings
    const createAt = now()
    const reply = await this.#transport.call({
      endpoint: apiPaths.refreshToken,
      query: { appid: appId, grant_type: 'refresh_token', refresh_token: refreshToken },
      repeatable: true,
      fallback: true,
    })
    return parseToken(apiPaths.refreshToken, reply, createAt)
  }

  /** @param refused - WeChat refused `stale`, though by its dates it is good */
  #refresh(stale: WechatToken, refused: boolean): Promise<WechatToken> {
    const { openid } = stale
    const running = this.#refreshes.get(openid)
    if (running) return running
    const refresh = this.#access
      .withLock(`refresh:${openid}`, async (isOurs) => {
        const current = await this.#records.read(openid)
        if (!current) throw new NoOAuthTokenError(openid)
        if (this.#isValid(current) && (!refused || current.access_token !== stale.access_token))
          return current
        if (!current.refresh_token) throw new NoOAuthTokenError(openid)
        const fresh = await this.#requestRefresh(current.refresh_token)
        if (fresh.openid !== openid) {
          throw new WechatTransportError(
            'ERR_WECHAT_RESPONSE',
            apiPaths.refreshToken,
            'answered the token of another user',
          )
        }
        const { refresh_token: refreshToken } = current
        return this.#records.saveRefresh(fresh, { refreshToken, record: current, isOurs })
      })
      .finally(() => this.#refreshes.delete(openid))
    this.#refreshes.set(openid, refresh)
    return refresh
  }

  #isValid(token: WechatToken): boolean {
    return isTokenValid(token, this.#settings.now())
  }

  #warnThatThereIsNoLock(): void {
    if (this.#saidThatThereIsNoLock) return
    this.#saidThatThereIsNoLock = true
    this.#settings.logger?.warn(
      'No lock was to be had from the token store: tokens are refreshed once per process',
    )
  }
}

const longestData = 1024 * 1024

function checkLang(lang: unknown): void {
  if (lang !== undefined) checkText('lang', lang)
}
