import { CachedCredential } from './cached-credential.js'
import { isTokenRefused } from './errcodes.js'
import { credentialOf, type Credential } from './reply-fields.js'
import type { Settings } from './options.js'
import type { StoreAccess } from './store-access.js'
import type { Transport } from './transport.js'
import type { WechatTicketType } from './types.js'

const endpoint = {
  stable: '/cgi-bin/stable_token',
  classic: '/cgi-bin/token',
  ticket: '/cgi-bin/ticket/getticket',
} as const

/**
 * The app's own access token and the tickets that it buys.
 *
 * @see https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/getStableAccessToken.html
 */
export class AppCredentials {
  readonly token: CachedCredential
  readonly #tickets: Readonly<Record<WechatTicketType, CachedCredential>>
  readonly #settings: Settings
  readonly #transport: Transport

  constructor(settings: Settings, transport: Transport, access: StoreAccess) {
    const { appId, clientCredential, now, logger } = settings
    this.#settings = settings
    this.#transport = transport
    const ticket = (type: WechatTicketType): CachedCredential =>
      new CachedCredential({ key: `ticket:${type}:${appId}`, access, now, logger, obtain: () => this.#requestTicket(type) })
    this.token = new CachedCredential({
      key: `client:${appId}`,
      access,
      now,
      logger,
      obtain: (force) => (clientCredential === 'classic' ? this.#requestClassic() : this.#requestStable(force)),
    })
    this.#tickets = { jsapi: ticket('jsapi'), wx_card: ticket('wx_card') }
  }

  /** @throws TypeError where there is no such ticket */
  ticket(type: WechatTicketType): CachedCredential {
    if (!Object.hasOwn(this.#tickets, type)) throw new TypeError('type must be jsapi or wx_card')
    return this.#tickets[type]
  }

  /** Makes a call with the app's token, and once more with another where WeChat refuses that one. */
  async use<T>(call: (accessToken: string) => Promise<T>): Promise<T> {
    return this.#useToken(await this.token.get(), call)
  }

  async #useToken<T>({ access_token: accessToken }: Credential, call: (accessToken: string) => Promise<T>): Promise<T> {
    try {
      return await call(accessToken)
    } catch (error) {
      if (!isTokenRefused(error)) throw error
    }
    return call((await this.token.replace(accessToken)).access_token)
  }

  async #requestStable(force: boolean): Promise<Credential> {
    const { appId, appSecret, now } = this.#settings
    const createAt = now()
    const reply = await this.#transport.call({
      endpoint: endpoint.stable,
      query: {},
      body: { grant_type: 'client_credential', appid: appId, secret: appSecret, force_refresh: force },
      repeatable: true,
      fallback: true,
    })
    return credentialOf(endpoint.stable, reply, 'access_token', createAt)
  }

  async #requestClassic(): Promise<Credential> {
    const { appId, appSecret, now } = this.#settings
    const createAt = now()
    const reply = await this.#transport.call({
      endpoint: endpoint.classic,
      query: { grant_type: 'client_credential', appid: appId, secret: appSecret },
      repeatable: true,
      fallback: false,
    })
    return credentialOf(endpoint.classic, reply, 'access_token', createAt)
  }

  async #requestTicket(type: WechatTicketType): Promise<Credential> {
    // Tickets and token tend to end together: with the old token, the call would often come too late.
    return this.#useToken(await this.token.getLasting(), async (accessToken) => {
      const createAt = this.#settings.now()
      const reply = await this.#transport.call({
        endpoint: endpoint.ticket,
        query: { access_token: accessToken, type },
        repeatable: true,
        fallback: true,
      })
      return credentialOf(endpoint.ticket, reply, 'ticket', createAt)
    })
  }
}
