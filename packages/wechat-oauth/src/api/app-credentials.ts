import { CachedCredential, type SourcedCredential } from '../tokens/cached-credential.js'
import { isTokenRefused } from '../errcodes.js'
import { apiPaths } from '../http/endpoints.js'
import { parseCredential } from '../http/reply-fields.js'
import type { Settings } from '../options.js'
import type { StoreAccess } from '../tokens/store-access.js'
import type { Transport } from '../http/transport.js'
import type { WechatTicketType } from '../types.js'

/**
 * The app's own access token, and the tickets that WeChat gives for it.
 *
 * @see https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/getStableAccessToken.html
 */
export class AppCredentials {
  readonly token: CachedCredential
  readonly #tickets: Readonly<Record<WechatTicketType, CachedCredential>>
  readonly #settings: Settings
  readonly #transport: Transport

  constructor(settings: Settings, transport: Transport, access: StoreAccess) {
    const { appId, appSecret, clientCredential, now, logger } = settings
    this.#settings = settings
    this.#transport = transport
    const common = { appId, appSecret, access, now, logger }
    const ticket = (type: WechatTicketType): CachedCredential =>
      new CachedCredential({
        ...common,
        key: `ticket:${type}:${appId}`,
        obtain: () => this.#requestTicket(type),
      })
    this.token = new CachedCredential({
      ...common,
      key: `client:${appId}`,
      obtain: (force) =>
        clientCredential === 'classic' ? this.#requestClassic() : this.#requestStable(force),
    })
    this.#tickets = { jsapi: ticket('jsapi'), wx_card: ticket('wx_card') }
  }

  /** @throws TypeError if there is no such ticket */
  ticket(type: WechatTicketType): CachedCredential {
    if (!Object.hasOwn(this.#tickets, type)) throw new TypeError('type must be jsapi or wx_card')
    return this.#tickets[type]
  }

  /** Makes a call with the app's token. If WeChat refuses the token, makes it once more with a new one. */
  async use<T>(call: (accessToken: string) => Promise<T>): Promise<T> {
    return this.#useToken(await this.token.get(), (token) => call(token.access_token))
  }

  async #useToken<T>(token: SourcedCredential, call: (token: SourcedCredential) => Promise<T>): Promise<T> {
    try {
      return await call(token)
    } catch (error) {
      if (!isTokenRefused(error)) throw error
    }
    return call(await this.token.replace(token.access_token))
  }

  async #requestStable(force: boolean): Promise<SourcedCredential> {
    const { appId, appSecret, now } = this.#settings
    const createAt = now()
    const reply = await this.#transport.call({
      endpoint: apiPaths.stableToken,
      query: {},
      body: { grant_type: 'client_credential', appid: appId, secret: appSecret, force_refresh: force },
      repeatable: true,
      fallback: true,
    })
    return { ...parseCredential(apiPaths.stableToken, reply, 'access_token', createAt), isBound: true }
  }

  async #requestClassic(): Promise<SourcedCredential> {
    const { appId, appSecret, now } = this.#settings
    const createAt = now()
    const reply = await this.#transport.call({
      endpoint: apiPaths.classicToken,
      query: { grant_type: 'client_credential', appid: appId, secret: appSecret },
      repeatable: true,
      fallback: false,
    })
    return { ...parseCredential(apiPaths.classicToken, reply, 'access_token', createAt), isBound: true }
  }

  async #requestTicket(type: WechatTicketType): Promise<SourcedCredential> {
    // Tickets and token tend to expire together, so the old token has often expired when the call arrives.
    return this.#useToken(await this.token.getLasting(), async ({ access_token: accessToken, isBound }) => {
      const createAt = this.#settings.now()
      const reply = await this.#transport.call({
        endpoint: apiPaths.ticket,
        query: { access_token: accessToken, type },
        repeatable: true,
        fallback: true,
      })
      return { ...parseCredential(apiPaths.ticket, reply, 'ticket', createAt), isBound }
    })
  }
}
