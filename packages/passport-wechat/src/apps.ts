import { WechatError, WechatOAuth, type WechatMode } from '@wechat-auth/wechat-oauth'
import { withDeadline } from '@wechat-auth/wechat-oauth/store-kit'
import { BoundedMap, hasOuterSpace } from '@wechat-auth/wechat-oauth/strategy-kit'
import { hash } from './hash.js'
import { defaultMode, isRedirectMode, modes, type RedirectMode } from './modes.js'
import type { AppSettings, Settings } from './options.js'
import { readHeader, isWechatBrowser, type RequestParts } from './request.js'
import type { PerRequest } from './types.js'

const maxClients = 100

/** The apps of a strategy and their clients. */
export class Apps {
  readonly #settings: Settings
  readonly #fixed = new Map<WechatMode, WechatOAuth>()
  readonly redirectModes: readonly RedirectMode[]
  readonly #defaultMode: WechatMode
  /** The appIds of the modes that redirect, unless one of them depends on the request. */
  readonly fixedIds: ReadonlyMap<RedirectMode, string> | undefined
  /** The clients of tenants. The least recently used one is first. */
  readonly #tenants = new BoundedMap<string, WechatOAuth>(maxClients)

  constructor(settings: Settings) {
    this.#settings = settings
    for (const { mode, appId, appSecret } of settings.apps.values()) {
      if (typeof appId === 'string' && typeof appSecret === 'string') {
        this.#fixed.set(mode, new WechatOAuth({ ...settings.client, appId, appSecret }))
      }
    }
    this.redirectModes = [...settings.apps.keys()].filter(isRedirectMode)
    const [onlyMode = defaultMode] = settings.apps.keys()
    this.#defaultMode = this.redirectModes[0] ?? onlyMode
    const ids = this.redirectModes.map((mode) => [mode, this.app(mode).appId] as const)
    this.fixedIds = ids.every((pair): pair is readonly [RedirectMode, string] => typeof pair[1] === 'string')
      ? new Map(ids)
      : undefined
  }

  /**
   * Returns the requested mode. Otherwise it chooses a mode that redirects; if there are several, the one with the page that
   * works in this browser. A mode that does not redirect is chosen only if there is no other.
   */
  choose(req: RequestParts, asked: WechatMode | undefined): WechatMode {
    if (asked !== undefined) return this.app(asked).mode
    if (this.redirectModes.length < 2) return this.#defaultMode
    const inWechat = isWechatBrowser(readHeader(req, 'user-agent'))
    return this.redirectModes.find((mode) => modes[mode].inWechat === inWechat) ?? this.#defaultMode
  }

  app(mode: WechatMode): AppSettings {
    const app = this.#settings.apps.get(mode)
    if (!app) {
      throw new WechatError(
        'ERR_WECHAT_CONFIG',
        `No app is configured for mode ${mode}. Configured: ${[...this.#settings.apps.keys()].join(', ')}`,
      )
    }
    return app
  }

  /** @throws TypeError unless there is exactly one such client that does not depend on a request */
  only(asked: WechatMode | undefined): WechatOAuth {
    const { apps } = this.#settings
    const mode = asked ?? (apps.size === 1 ? [...apps.keys()][0] : undefined)
    if (mode === undefined)
      throw new TypeError(`The strategy has several apps. Pass a mode: ${[...apps.keys()].join(', ')}`)
    if (!apps.has(mode)) throw new TypeError(`No app is configured for mode ${mode}`)
    const client = this.#fixed.get(mode)
    if (!client) throw new TypeError('The app depends on the request. Use oauthFor(req, mode)')
    return client
  }

  forRequest(req: RequestParts): RequestApps {
    return new RequestApps(this, req, this.#settings.timeout)
  }

  /** @internal */
  fixed(mode: WechatMode): WechatOAuth | undefined {
    return this.#fixed.get(mode)
  }

  /** @internal */
  tenant(appId: string, appSecret: string): WechatOAuth {
    const key = `${appId}:${hash(appSecret)}`
    const client = this.#tenants.get(key) ?? new WechatOAuth({ ...this.#settings.client, appId, appSecret })
    this.#tenants.set(key, client)
    return client
  }
}

/** The apps of one request. Each of the application's functions is called at most once. */
export class RequestApps {
  readonly #apps: Apps
  readonly #req: RequestParts
  readonly #timeout: number
  readonly #appIds = new Map<WechatMode, Promise<string>>()

  constructor(apps: Apps, req: RequestParts, timeout: number) {
    this.#apps = apps
    this.#req = req
    this.#timeout = timeout
  }

  appId(mode: WechatMode): Promise<string> {
    let appId = this.#appIds.get(mode)
    if (!appId) {
      appId = this.#resolve('appId', this.#apps.app(mode).appId)
      this.#appIds.set(mode, appId)
    }
    return appId
  }

  async client(mode: WechatMode): Promise<WechatOAuth> {
    const fixed = this.#apps.fixed(mode)
    if (fixed) return fixed
    const appId = await this.appId(mode)
    return this.#apps.tenant(appId, await this.#resolve('appSecret', this.#apps.app(mode).appSecret))
  }

  async #resolve(option: string, value: PerRequest<string, RequestParts>): Promise<string> {
    if (typeof value === 'string') return value
    const text: unknown = await withDeadline(
      this.#timeout,
      () => value(this.#req),
      () => new WechatError('ERR_WECHAT_CONFIG', `${option} did not answer within ${this.#timeout} ms`),
    )
    if (typeof text !== 'string' || text === '')
      throw new WechatError('ERR_WECHAT_CONFIG', `${option} must return a non-empty string`)
    if (hasOuterSpace(text)) {
      const problem = 'returned a string with white space at its start or end'
      throw new WechatError('ERR_WECHAT_CONFIG', `${option} ${problem}. Remove it`)
    }
    return text
  }
}
