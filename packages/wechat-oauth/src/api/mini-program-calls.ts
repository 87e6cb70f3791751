import type { AppCredentials } from './app-credentials.js'
import { staleSessionKeyErrcode } from '../errcodes.js'
import { NoOAuthTokenError, WechatAPIError, WechatTransportError } from '../errors.js'
import { loginStateSignature } from './mini-program-data.js'
import type { Settings } from '../options.js'
import { apiPaths } from '../http/endpoints.js'
import { checkOk, parsePhoneInfo, parseSession } from '../http/reply-fields.js'
import type { TokenRecords } from '../tokens/token-records.js'
import type { Transport } from '../http/transport.js'
import type { WechatPhoneInfo, WechatToken } from '../types.js'

/** The calls for a mini-program's user that need the app's token. */
export class MiniProgramCalls {
  readonly #settings: Settings
  readonly #transport: Transport
  readonly #credentials: AppCredentials
  readonly #records: TokenRecords

  constructor(settings: Settings, transport: Transport, credentials: AppCredentials, records: TokenRecords) {
    this.#settings = settings
    this.#transport = transport
    this.#credentials = credentials
    this.#records = records
  }

  async checkSession(openid: string): Promise<boolean> {
    const sessionKey = (await this.#records.read(openid))?.session_key
    if (sessionKey === undefined) return false
    try {
      await this.#credentials.use(async (accessToken) => {
        checkOk(
          apiPaths.checkSession,
          await this.#transport.call({
            endpoint: apiPaths.checkSession,
            query: signedQuery(accessToken, openid, sessionKey),
            secrets: [sessionKey],
            repeatable: true,
            fallback: true,
          }),
        )
      })
      return true
    } catch (error) {
      if (isStale(error)) return false
      throw error
    }
  }

  async resetSession(openid: string): Promise<WechatToken & { session_key: string }> {
    const sessionKey = (await this.#records.read(openid))?.session_key
    if (sessionKey === undefined) throw new NoOAuthTokenError(openid)
    const session = await this.#credentials
      .use((accessToken) => this.#reset(accessToken, openid, sessionKey))
      .catch((error: unknown) => {
        throw isStale(error) ? sessionKeyError(error) : error
      })
    if (session.openid !== openid)
      throw new WechatTransportError(
        'ERR_WECHAT_RESPONSE',
        apiPaths.resetSession,
        'returned the session_key of another user',
      )
    return this.#records.saveSessionKey(session, sessionKey)
  }

  async getPhoneNumber(code: string): Promise<WechatPhoneInfo> {
    return this.#credentials.use(async (accessToken) => {
      const reply = await this.#transport.call({
        endpoint: apiPaths.phoneNumber,
        query: { access_token: accessToken },
        body: { code },
        repeatable: false,
        fallback: true,
      })
      return parsePhoneInfo(apiPaths.phoneNumber, reply, this.#settings.appId)
    })
  }

  async #reset(
    accessToken: string,
    openid: string,
    sessionKey: string,
  ): Promise<WechatToken & { session_key: string }> {
    const createAt = this.#settings.now()
    const reply = await this.#transport.call({
      endpoint: apiPaths.resetSession,
      query: signedQuery(accessToken, openid, sessionKey),
      secrets: [sessionKey],
      // The first call invalidates the key that would sign the second.
      repeatable: false,
      fallback: true,
    })
    return parseSession(apiPaths.resetSession, reply, createAt)
  }
}

function isStale(error: unknown): error is WechatAPIError {
  return error instanceof WechatAPIError && error.errcode === staleSessionKeyErrcode
}

function sessionKeyError({ errcode, errmsg, requestId, endpoint, kind }: WechatAPIError): WechatAPIError {
  return new WechatAPIError({ code: 'ERR_WECHAT_SESSION_KEY', errcode, errmsg, requestId, endpoint, kind })
}

function signedQuery(accessToken: string, openid: string, sessionKey: string): Record<string, string> {
  return {
    access_token: accessToken,
    openid,
    signature: loginStateSignature(sessionKey),
    sig_method: 'hmac_sha256',
  }
}
