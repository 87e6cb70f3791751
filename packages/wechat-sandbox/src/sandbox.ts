import { judgeJsSdk, type JsSdkVerdict } from './endpoints/js-sdk.js'
import type { Fault, Faults } from './faults.js'
import type { LoggedRequest, RequestLog } from './http/request-log.js'
import type { ConnectionCounts, Listening } from './http/server.js'
import type { App } from './world/apps.js'
import { phoneNumberOf } from './world/ids.js'
import { isSetting, type SandboxSettings } from './world/settings.js'
import { encryptUserData, type EncryptedUserData } from './world/user-data.js'
import type { SandboxUser, User } from './world/users.js'
import type { World } from './world/world.js'

/** The TLS side of a sandbox. */
export interface SandboxTls {
  port: number
  /** Certificate of the certificate authority that clients must trust, as PEM. */
  ca: string
}

/** A user of an app. */
export interface AppUser {
  appId: string
  /** The user's `id`. */
  user: string
}

/** A page that calls `wx.config`. */
export interface JsSdkPage {
  appId: string
  url: string
  nonceStr: string
  timestamp: number | string
  signature: string
}

/**
 * WeChat's login servers, running in this process. Made by `startSandbox`.
 *
 * Methods throw a `TypeError` for an unknown app or user and for arguments of the wrong type.
 */
export class Sandbox {
  /** Where it listens, e.g. `http://127.0.0.1:41234`. */
  readonly url: string
  /** The same address in place of each of WeChat's hosts. */
  readonly endpoints: { readonly open: string; readonly api: string; readonly mp: string }
  /** Set if `tls` was asked for. */
  readonly tls: SandboxTls | undefined
  /** TCP connections and TLS handshakes so far. */
  readonly connections: Readonly<ConnectionCounts>
  /** The sandbox's time, which every lifetime is measured with. `advance` takes milliseconds. */
  readonly clock: { now: () => number; advance: (ms: number) => void }
  readonly #parts: SandboxParts

  /** @internal */
  constructor(parts: SandboxParts) {
    this.#parts = parts
    this.url = parts.url
    this.endpoints = { open: parts.url, api: parts.url, mp: parts.url }
    this.tls = parts.tls
    this.connections = parts.connections
    this.clock = { now: () => parts.world.clock.now(), advance: (ms) => parts.world.clock.advance(ms) }
  }

  /** The apps, with their secrets. */
  get apps(): readonly App[] {
    return this.#parts.world.apps.list
  }

  /** The users as they are now. */
  get users(): readonly User[] {
    return this.#parts.world.users.list
  }

  /** The last 10,000 requests, oldest first; those to `/__sandbox/` are not among them. */
  get requests(): LoggedRequest[] {
    return this.#parts.log.requests
  }

  /** How many requests there were to a path, e.g. `/sns/userinfo`, since the start or the last `reset()`. */
  count(path: string): number {
    return this.#parts.log.count(path)
  }

  /**
   * A code as the authorize page or the QR page would have handed it out.
   *
   * @param options.scope - comma separated; default `snsapi_userinfo`, for a website `snsapi_login`
   * @param options.snapshot - `true`: for the virtual account of a snapshot page
   */
  issueCode({
    appId,
    user,
    scope,
    snapshot = false,
  }: AppUser & { scope?: string | undefined; snapshot?: boolean | undefined }): string {
    const { world } = this.#parts
    const app = world.apps.get(appId, 'mp', 'website')
    const granted = scope ?? (app.type === 'website' ? 'snsapi_login' : 'snsapi_userinfo')
    if (
      typeof granted !== 'string' ||
      !/^snsapi_(?:base|userinfo|login)(?:,snsapi_(?:base|userinfo|login))*$/.test(granted)
    ) {
      throw new TypeError(
        "scope must be 'snsapi_base', 'snsapi_userinfo' or 'snsapi_login', or several, separated by commas",
      )
    }
    if (typeof snapshot !== 'boolean') throw new TypeError('snapshot must be a boolean')
    return world.codes.issue({
      kind: 'oauth',
      appId,
      userId: world.users.get(user).id,
      scope: granted,
      snapshot,
    })
  }

  /**
   * What `wx.login()` gives to a mini-program: a code.
   *
   * @param options.renewSessionKey - `true`: the user gets a new session_key, and what was encrypted with the old one no longer opens
   */
  wxLogin({
    appId,
    user,
    renewSessionKey = false,
  }: AppUser & { renewSessionKey?: boolean | undefined }): string {
    const { world } = this.#parts
    const userId = world.users.get(user).id
    world.apps.get(appId, 'miniprogram')
    if (renewSessionKey) world.sessionKeys.renew(appId, userId)
    return world.codes.issue({ kind: 'js', appId, userId, scope: '', snapshot: false })
  }

  /**
   * What `wx.getUserInfo()` gives to a mini-program: data encrypted with the user's current session_key, and a signature.
   *
   * @param options.data - instead of the user's own data, e.g. a phone number; a watermark is added unless it has one
   * @param options.iv - 16 bytes in base64; default random
   */
  encrypt({
    appId,
    user,
    data,
    iv,
  }: AppUser & { data?: Record<string, unknown> | undefined; iv?: string | undefined }): EncryptedUserData {
    const { world } = this.#parts
    const app = world.apps.get(appId, 'miniprogram')
    const { id, nickname, headimgurl } = world.users.get(user)
    if (data !== undefined && !isObject(data)) throw new TypeError('data must be an object')
    if (iv !== undefined && typeof iv !== 'string') throw new TypeError('iv must be the base64 of 16 bytes')
    const unionId = world.unionid(app, id)
    return encryptUserData({
      sessionKey: world.sessionKeys.get(appId, id),
      appId,
      now: world.clock.now(),
      data: data ?? {
        openId: world.openid(app, id),
        nickName: nickname,
        gender: 0,
        language: 'zh_CN',
        city: '',
        province: '',
        country: '',
        avatarUrl: headimgurl,
        ...(unionId === undefined ? {} : { unionId }),
      },
      ...(iv === undefined ? {} : { iv }),
    })
  }

  /**
   * What the button that asks for a phone number gives to a mini-program: a code for `getuserphonenumber`, not a code of `wx.login`.
   *
   * @param options.phoneNumber - digits, without the country's code; default one of the user's own
   * @param options.countryCode - digits; default `86`
   */
  issuePhoneCode({
    appId,
    user,
    phoneNumber,
    countryCode = '86',
  }: AppUser & {
    phoneNumber?: string | undefined
    countryCode?: string | undefined
  }): string {
    const { world } = this.#parts
    const userId = world.users.get(user).id
    world.apps.get(appId, 'miniprogram')
    const number = phoneNumber ?? phoneNumberOf(userId)
    if (typeof number !== 'string' || !/^\d{1,20}$/.test(number))
      throw new TypeError('phoneNumber must be a string of digits')
    if (typeof countryCode !== 'string' || !/^[1-9]\d{0,3}$/.test(countryCode))
      throw new TypeError('countryCode must be a string of 1 to 4 digits')
    return world.phoneCodes.issue({ appId, userId, number, countryCode })
  }

  /**
   * What WeChat would answer to `wx.config` in the page at `url`, with the tickets that are good at this moment of the sandbox's
   * clock: behind `config:`.
   *
   * @param page.url - the page's address as the browser shows it; what is behind `#` does not count
   * @param page.timestamp - as text or as a number
   */
  checkJsSdkSignature({ appId, url, nonceStr, timestamp, signature }: JsSdkPage): JsSdkVerdict {
    const { world } = this.#parts
    const app = world.apps.get(appId, 'mp')
    for (const [name, value] of Object.entries({ url, nonceStr, signature })) {
      if (typeof value !== 'string') throw new TypeError(`${name} must be a string`)
    }
    if (typeof timestamp !== 'string' && typeof timestamp !== 'number')
      throw new TypeError('timestamp must be a number or a string')
    return judgeJsSdk(world, app, { url, nonceStr, timestamp: String(timestamp), signature })
  }

  /** Replaces a mini-program user's session_key, by the given one (base64 of 16 bytes) or a new one, and returns it. */
  renewSessionKey({ appId, user, sessionKey }: AppUser & { sessionKey?: string | undefined }): string {
    const { world } = this.#parts
    world.apps.get(appId, 'miniprogram')
    if (
      sessionKey !== undefined &&
      (typeof sessionKey !== 'string' || Buffer.from(sessionKey, 'base64').length !== 16)
    ) {
      throw new TypeError('sessionKey must be the base64 of 16 bytes')
    }
    return world.sessionKeys.renew(appId, world.users.get(user).id, sessionKey)
  }

  /** The ids by which an app knows a user; of the virtual account if `snapshot` is `true`. No unionid if the app is not bound. */
  idsOf({ appId, user, snapshot = false }: AppUser & { snapshot?: boolean | undefined }): {
    openid: string
    unionid?: string
  } {
    const { world } = this.#parts
    const app = world.apps.get(appId)
    const { id } = world.users.get(user)
    const unionid = world.unionid(app, id, snapshot)
    return { openid: world.openid(app, id, snapshot), ...(unionid === undefined ? {} : { unionid }) }
  }

  /** Changes a user, e.g. `{ state: 'frozen' }` or `{ silent: true }`, until `reset()`. */
  updateUser(user: string, changes: Partial<Omit<SandboxUser, 'id'>>): User {
    return this.#parts.world.users.update(user, changes)
  }

  /** The user has changed the WeChat password: tokens handed out so far answer 42007, new logins work. */
  changePassword(user: string): void {
    this.#parts.world.tokens.revokeAll(this.#parts.world.users.get(user).id)
  }

  /** Who holds the phone: chosen on the pages beforehand, and the one who logs in where there is no page. At first the first user. */
  get currentUser(): string {
    return this.#parts.world.currentUser.id
  }

  set currentUser(user: string) {
    this.#parts.world.currentUser = this.#parts.world.users.get(user)
  }

  /** Changes settings, until `reset()`. */
  configure(settings: Partial<SandboxSettings>): void {
    for (const name of Object.keys(settings))
      if (!isSetting(name)) throw new TypeError(`there is no setting ${JSON.stringify(name)}`)
    this.#parts.world.configure(settings)
  }

  /**
   * Lets requests to `path` go wrong.
   *
   * @param path - the exact path, e.g. `/sns/userinfo`
   * @param fault - see {@link FaultOptions}; `null` takes all faults of the path away
   * @param options.times - for so many requests. Without it: for all, until `reset()`, `null` or another such fault. Faults with
   *   `times` come first, in the order in which they were given.
   */
  fail(path: string, fault: Fault | null, { times }: { times?: number | undefined } = {}): void {
    this.#parts.faults.set(path, fault, times)
  }

  /**
   * Everything as after the start: no codes, tokens, faults or logged requests, users and settings as given, the clock right.
   * Ports, certificates and open connections stay.
   */
  reset(): void {
    this.#parts.world.reset()
    this.#parts.faults.reset()
    this.#parts.log.reset()
    Object.assign(this.#parts.connections, { tcp: 0, tls: 0, resumed: 0 })
  }

  /** Stops listening and ends every connection, also those that still wait for an answer. */
  async close(): Promise<void> {
    await Promise.all(this.#parts.listening.map(({ close }) => close()))
  }
}

export interface SandboxParts {
  url: string
  tls: SandboxTls | undefined
  world: World
  faults: Faults
  log: RequestLog
  connections: ConnectionCounts
  listening: Listening[]
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
