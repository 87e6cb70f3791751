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
import type { WechatRefreshMessage } from './diagnostics.js'
import { healthKey, refreshChannel, traced } from './lib/channels.js'
import { StoreAccess, type StoreFailure } from './tokens/store-access.js'
import { isTokenValid } from './tokens/token.js'
import { TokenRecords } from './tokens/token-records.js'
import { buildPath, Transport } from './http/transport.js'
import type {
  JsSDKSignature,
  MiniProgramData,
  QRCodeData,
  QRCodeTicket,
  WechatHealth,
  WechatLang,
  WechatOAuthOptions,
  WechatPhoneInfo,
  WechatTicketType,
  WechatToken,
  WechatUser,
} from './types.js'

/**
 * A client of one app for WeChat's login endpoints.
 *
 * A method saves its token in the token store before it resolves. Every reply from WeChat is checked before it is used. Every
 * failure is a `WechatError` that contains no secret. A wrong argument is a `TypeError`.
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
  #hasWarnedAboutMissingLock = false

  /** @throws TypeError that names the wrong option */
  constructor(options: WechatOAuthOptions) {
    const settings = readSettings(options)
    this.appId = settings.appId
    this.#settings = settings
    const { timeout, now, fallbackHosts, logger, tokenStore, credentialStore, saveSnapshotUsers } = settings
    this.#transport = new Transport({
      api: settings.endpoints.api,
      mp: settings.endpoints.mp,
      appId: settings.appId,
      appSecret: settings.appSecret,
      fallbackHosts,
      timeout,
      exchange: settings.exchange,
      logger,
    })
    const accessTo = (store: typeof tokenStore): StoreAccess =>
      new StoreAccess({
        appId: settings.appId,
        store,
        timeout,
        onNoLock: () => {
          this.#warnAboutMissingLock()
        },
      })
    this.#access = accessTo(tokenStore)
    this.#records = new TokenRecords({ access: this.#access, now, saveSnapshotUsers, logger })
    this.#credentials = new AppCredentials(settings, this.#transport, accessTo(credentialStore))
    this.#miniProgram = new MiniProgramCalls(settings, this.#transport, this.#credentials, this.#records)
    this.#qrCodes = new QRCodeCalls(this.#transport, this.#credentials)
  }

  /**
   * Returns the address of the page on which a user logs in inside WeChat's own browser.
   *
   * @param redirect - absolute URL of the callback; its host must be configured at WeChat
   * @param state - at most 128 bytes; WeChat passes it back to the callback. Default none, which leaves the login open to forgery
   * @param scope - `snsapi_base` (default, silent, openid only) or `snsapi_userinfo`
   * @throws TypeError that names the wrong argument; also for `snsapi_login`, which is a scope of the website's page
   */
  getAuthorizeURL(redirect: string, state = '', scope = 'snsapi_base', extra: MpPageParameters = {}): string {
    const {
      endpoints: { open },
      appId,
    } = this.#settings
    return mpPageURL({ open, appId, redirect, state, scope }, extra)
  }

  /**
   * Returns the address of the page that shows a website's QR code.
   *
   * @param redirect - absolute URL of the callback; its host must be configured at WeChat
   * @param state - at most 128 bytes; WeChat passes it back to the callback. Default none, which leaves the login open to forgery
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
   * Exchanges the code of a callback for the user's token, and saves it. WeChat accepts a code once, so it is sent once.
   *
   * The token does not replace a saved one that has a wider scope and can still be used, or that belongs to a login which
   * started later. The token of a snapshot user is not saved without `saveSnapshotUsers`. A record whose `create_at` is in
   * the future does not count as later, because the clocks of servers differ.
   *
   * @returns WeChat's reply to this code
   * @throws WechatAPIError of kind `code` if the code is bad, used or expired; WechatTransportError; StoreError; TypeError
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
   * Renews a token with its refresh token, and saves it in the user's record. Other fields of the record stay.
   *
   * @throws WechatAPIError of kind `refresh` if the user must log in again; WechatTransportError; StoreError; TypeError
   */
  async refreshAccessToken(refreshToken: string): Promise<WechatToken> {
    checkText('refreshToken', refreshToken)
    return traced(refreshChannel, this.#refreshMessage, async (message) => {
      const token = await this.#requestRefresh(refreshToken)
      if (message) message.renewed = true
      return this.#records.saveRefresh(token, { refreshToken })
    })
  }

  /**
   * Reads the user's data with the saved token. An expired token is refreshed first. All callers share one refresh: those of
   * this process, and those of all processes if the token store has locks. If WeChat refuses the token, it is read from the
   * store again, because another process may have renewed it, and otherwise refreshed once.
   *
   * @param user - the openid, or the openid and a language for this call
   * @throws NoOAuthTokenError if the user must log in first; WechatAPIError of kind `refresh` if the user must log in again;
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
   * @throws as `getAccessToken`; WechatAPIError of kind `scope` if only `snsapi_base` was granted
   */
  async getUserByCode(code: string | { code: string; lang?: WechatLang }): Promise<WechatUser> {
    const { code: value, lang } = typeof code === 'string' ? { code } : code
    checkLang(lang)
    return this.getUserByToken(await this.getAccessToken(value), { lang })
  }

  /**
   * Reads the user's data with a token that the caller has (`/sns/userinfo`). It refreshes nothing. If the saved record has
   * no unionid yet, it is added before this method resolves, for at most `timeout`. If the store fails to do that, the
   * logger is warned, and the method returns the user's data anyway.
   *
   * @throws WechatAPIError; WechatTransportError, also if WeChat returns another user; NoOAuthTokenError if the token has no
   * access token; TypeError
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
   * Returns whether WeChat accepts this access token for this user (`/sns/auth`).
   *
   * @throws WechatTransportError, or WechatAPIError of kind `busy` or `rate`, if WeChat did not decide; TypeError
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
   * Exchanges the code of a mini-program's `wx.login` for the user's openid and session_key, and saves them. WeChat accepts a
   * code once, so it is sent once. The session_key must not leave the server.
   *
   * @throws WechatAPIError of kind `code` if the code is bad, used or expired; WechatTransportError; StoreError; TypeError
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
   * Decrypts the `encryptedData` and `iv` that a mini-program received. Line breaks in the base64 are ignored. If
   * there are none, spaces are read as `+`, because forms turn `+` into a space. The caller decides how old the data may be: `watermark.timestamp`, in
   * seconds.
   *
   * The result does not prove who the user is: the sender can change it without knowing the session_key. Take openid and
   * unionid from `code2Session`. `decryptForUser` checks the data against them.
   *
   * @throws WechatDecryptError `ERR_WECHAT_ENCRYPTED_DATA` if the input is damaged; `ERR_WECHAT_DECRYPT` with `reason` `data`
   * (the session_key is stale, or the data was changed) or `watermark` (the data is for another app); TypeError
   * @see https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html
   */
  decryptMiniProgramUser(data: EncryptedUserData & { sessionKey: string }): MiniProgramData {
    return this.#open(data, 'ERR_WECHAT_DECRYPT')
  }

  /**
   * Decrypts data with the session_key that `code2Session` saved for this user.
   *
   * WeChat encrypts with AES-CBC, which authenticates nothing: the sender can change parts of the data without knowing the
   * session_key. So the user's identity comes only from WeChat's replies. Data that belongs to another user is refused, and a
   * `unionId` is left out if the saved record has none. For a phone number that you can trust, call `getPhoneNumber`.
   *
   * @throws NoOAuthTokenError if no session_key is saved; WechatDecryptError `ERR_WECHAT_ENCRYPTED_DATA` if the input is
   * damaged, `ERR_WECHAT_SESSION_KEY` if the key does not decrypt it (the key is stale: the mini-program must call `wx.login`
   * again), `ERR_WECHAT_OPENID_MISMATCH` if it belongs to another user, `ERR_WECHAT_DECRYPT` if it is for another app;
   * StoreError; TypeError
   */
  async decryptForUser(openid: string, data: EncryptedUserData): Promise<MiniProgramData> {
    checkOpenid(openid)
    const saved = await this.#records.read(openid)
    if (!saved?.session_key) throw new NoOAuthTokenError(openid)
    const opened = this.#open({ ...data, sessionKey: saved.session_key }, 'ERR_WECHAT_SESSION_KEY')
    return bindToIdentity(opened, saved)
  }

  /**
   * Returns whether `signature` belongs to `rawData` and this session_key. The comparison takes constant time.
   *
   * @throws TypeError
   */
  verifyUserSignature(data: { rawData: string; signature: string; sessionKey: string }): boolean {
    const { rawData, signature, sessionKey } = data
    checkText('rawData', rawData, longestData)
    checkText('signature', signature)
    checkText('sessionKey', sessionKey)
    return verifyMiniProgramSignature(rawData, signature, sessionKey)
  }

  /**
   * Returns whether the session_key that is saved for this user is still valid; `false` also if none is saved.
   *
   * @throws WechatAPIError; WechatTransportError; StoreError; TypeError
   * @see https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/checkSessionKey.html
   */
  async checkSession(openid: string): Promise<boolean> {
    checkOpenid(openid)
    return this.#miniProgram.checkSession(openid)
  }

  /**
   * Makes WeChat replace the user's session_key, and saves the new one in the user's record. Other fields of the record stay.
   * The new key lives no longer than the old one would. If the user logged in meanwhile, the key of that login stays. A
   * `create_at` more than four minutes in the future is set to now.
   *
   * @returns the new record. The session_key must not leave the server
   * @throws NoOAuthTokenError if no session_key is saved; WechatAPIError with `ERR_WECHAT_SESSION_KEY` if it is stale: the
   * mini-program must call `wx.login` again; WechatTransportError; StoreError; TypeError
   * @see https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/ResetUserSessionKey.html
   */
  async resetSession(openid: string): Promise<WechatToken & { session_key: string }> {
    checkOpenid(openid)
    return this.#miniProgram.resetSession(openid)
  }

  /**
   * Reads the phone number that the user of a mini-program agreed to share.
   *
   * @param code - from the button's event `getphonenumber`, not from `wx.login`; valid once, for 5 minutes
   * @throws WechatAPIError of kind `code` if the code is bad, used or expired; WechatTransportError; StoreError; TypeError
   * @see https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-info/phone-number/getPhoneNumber.html
   */
  async getPhoneNumber(code: string): Promise<WechatPhoneInfo> {
    checkCode(code)
    return this.#miniProgram.getPhoneNumber(code)
  }

  /**
   * Returns the app's own access token, for WeChat's other server calls. The token store keeps it. It is renewed before it
   * expires (4 minutes before, or a tenth of its lifetime if that is less) while callers use the old one. All callers share
   * one renewal: those of this process, and those of all processes if the token store has locks. The token must not leave
   * the server.
   *
   * @param options.forceRefresh - get a new token although the current one is valid. The current one becomes invalid at
   * once. WeChat allows 20 a day. Default `false`
   * @returns the token; `expires_in` in seconds from `create_at`, which is in milliseconds since the epoch
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
   * Returns the ticket that signs for the JS-SDK or for cards. It is kept and renewed like the app's access token, and must
   * not leave the server.
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
   * Signs the arguments that a page passes to `wx.config`. Sign only for your own pages, as `jsSDKHandler` does: a page with a
   * signature can use the JS-SDK in the name of this account.
   *
   * @param url - the page's address, as in the browser; the part after `#` is not signed
   * @throws as `getClientAccessToken`
   * @see https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/JS-SDK.html
   */
  async jsSDKSign(url: string, options: JsSDKSignOptions = {}): Promise<JsSDKSignature> {
    const page = pageToSign(this.appId, url, options, this.#settings.now())
    return signPage(page, (await this.getJsApiTicket()).ticket)
  }

  /**
   * Creates a QR code with a scene. WeChat sends the scene to the app when somebody scans the code.
   *
   * @throws TypeError, before any call, if `data` exceeds WeChat's limits; otherwise as `getClientAccessToken`
   * @see https://developers.weixin.qq.com/doc/offiaccount/Account_Management/Generating_a_Parametric_QR_Code.html
   */
  async getQRCodeTicket(data: QRCodeData): Promise<QRCodeTicket> {
    return this.#qrCodes.createTicket(data)
  }

  /**
   * Creates a QR code with a scene, and returns the address of its image.
   *
   * @throws as `getQRCodeTicket`
   */
  async getQRCodeLink(data: QRCodeData): Promise<string> {
    return this.getQRCodeLinkByTicket((await this.getQRCodeTicket(data)).ticket)
  }

  /**
   * Returns the address of a QR code's image. The address is public.
   *
   * @param ticket - as WeChat sent it, not encoded
   * @throws TypeError
   */
  getQRCodeLinkByTicket(ticket: string): string {
    checkText('ticket', ticket)
    return this.#settings.endpoints.mp + buildPath(qrCodeImagePath, { ticket })
  }

  /**
   * Creates a QR code with a scene, and downloads its image.
   *
   * @throws as `getQRCodeTicket`
   */
  async getQRCode(data: QRCodeData): Promise<{ data: Uint8Array; contentType: string }> {
    return this.getQRCodeByTicket((await this.getQRCodeTicket(data)).ticket)
  }

  /**
   * Downloads the image of a QR code.
   *
   * @param ticket - as WeChat sent it, not encoded
   * @throws WechatTransportError, also if the reply is not an image; TypeError
   */
  async getQRCodeByTicket(ticket: string): Promise<{ data: Uint8Array; contentType: string }> {
    checkText('ticket', ticket)
    return this.#qrCodes.image(ticket)
  }

  /**
   * Says whether the token store answers and whether there is an access token of the app, e.g. for a health check. It makes no
   * call to WeChat, so it uses no quota. It reads a record that nobody has and the record of the access token, both within
   * `timeout`. It does not reject if the store fails: the logger gets a warning.
   */
  async health(): Promise<WechatHealth> {
    const [store, credential] = await Promise.all([this.#checkStore(), this.#credentials.token.health()])
    return { store, credential }
  }

  async #checkStore(): Promise<WechatHealth['store']> {
    try {
      await this.#access.read(healthKey)
      return 'ok'
    } catch (error) {
      const { code, reason } = error as Partial<StoreFailure>
      const details = { code, ...(reason !== undefined && { reason }) }
      this.#settings.logger?.warn('The token store failed a health check', details)
      return 'failing'
    }
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

  /** @param refused - whether WeChat refused `stale`, although by its times it is valid */
  #refresh(stale: WechatToken, refused: boolean): Promise<WechatToken> {
    const { openid } = stale
    const running = this.#refreshes.get(openid)
    if (running) return running
    const refresh = traced(refreshChannel, this.#refreshMessage, (message) =>
      this.#access.withLock(`refresh:${openid}`, (isOurs) =>
        this.#refreshLocked(stale, { refused, isOurs, message }),
      ),
    ).finally(() => this.#refreshes.delete(openid))
    this.#refreshes.set(openid, refresh)
    return refresh
  }

  async #refreshLocked(stale: WechatToken, { refused, isOurs, message }: Refresh): Promise<WechatToken> {
    const { openid } = stale
    const current = await this.#records.read(openid)
    if (!current) throw new NoOAuthTokenError(openid)
    if (this.#isValid(current) && (!refused || current.access_token !== stale.access_token)) {
      if (message) message.renewed = false
      return current
    }
    const { refresh_token: refreshToken } = current
    if (!refreshToken) throw new NoOAuthTokenError(openid)
    const fresh = await this.#requestRefresh(refreshToken)
    if (fresh.openid !== openid) {
      throw new WechatTransportError(
        'ERR_WECHAT_RESPONSE',
        apiPaths.refreshToken,
        'returned the token of another user',
      )
    }
    if (message) message.renewed = true
    return this.#records.saveRefresh(fresh, { refreshToken, record: current, isOurs })
  }

  readonly #refreshMessage = (): WechatRefreshMessage => ({ appId: this.appId, record: 'user' })

  #isValid(token: WechatToken): boolean {
    return isTokenValid(token, this.#settings.now())
  }

  #warnAboutMissingLock(): void {
    if (this.#hasWarnedAboutMissingLock) return
    this.#hasWarnedAboutMissingLock = true
    this.#settings.logger?.warn('Could not lock the token store, so each process refreshes tokens on its own')
  }
}

/** A refresh that holds the lock of its user. */
interface Refresh {
  /** Whether WeChat refused the token, although by its times it is valid. */
  refused: boolean
  isOurs: () => boolean
  message: WechatRefreshMessage | undefined
}

const longestData = 1024 * 1024

function checkLang(lang: unknown): void {
  if (lang !== undefined) checkText('lang', lang)
}
