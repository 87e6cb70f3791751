import { judgeJsSdk, type JsSDKVerdict } from './endpoints/js-sdk.js'
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
export interface JsSDKPage {
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
  /** The sandbox's address for each of WeChat's hosts. */
  readonly endpoints: { readonly open: string; readonly api: string; readonly mp: string }
  /** Present if the option `tls` was given. */
  readonly tls: SandboxTls | undefined
  /** TCP connections and TLS handshakes so far. */
  readonly connections: Readonly<ConnectionCounts>
  /** The clock that measures every lifetime. `advance` takes milliseconds. */
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

  /** The users in their current state. */
  get users(): readonly User[] {
    return this.#parts.world.users.list
  }

  /** The last 10,000 requests, oldest first, without those to `/__sandbox/`. */
  get requests(): LoggedRequest[] {
    return this.#parts.log.requests
  }

  /** Counts the requests to a path, e.g. `/sns/userinfo`, since the start or the last `reset()`. */
  count(path: string): number {
    return this.#parts.log.count(path)
  }

  /**
   * Issues a code as the authorize page or the QR page would.
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
   * Issues a code as `wx.login()` would.
   *
   * @param options.renewSessionKey - `true` gives the user a new session_key; data encrypted with the old one can no longer be decrypted
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
   * Returns what `wx.getUserInfo()` would: data encrypted with the user's current session_key, and a signature.
   *
   * @param options.data - replaces the user's data, e.g. with a phone number; a watermark is added if it has none
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
    if (iv !== undefined && typeof iv !== 'string') throw new TypeError('iv must be 16 bytes in base64')
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
   * Issues a code as the phone number button of a mini-program would. It is for `getuserphonenumber`, and differs from a code of
   * `wx.login`.
   *
   * @param options.phoneNumber - digits, without the country code; default: derived from the user's id
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
   * Returns WeChat's verdict on the `wx.config` call of the page at `url`: the text that follows `config:`. Checks against the tickets
   * that are valid now by the sandbox's clock.
   *
   * @param page.url - the page's address as the browser shows it; the part after `#` is ignored
   * @param page.timestamp - in seconds, as a string or a number
   */
  checkJsSdkSignature({ appId, url, nonceStr, timestamp, signature }: JsSDKPage): JsSDKVerdict {
    const { world } = this.#parts
    const app = world.apps.get(appId, 'mp')
    for (const [name, value] of Object.entries({ url, nonceStr, signature })) {
      if (typeof value !== 'string') throw new TypeError(`${name} must be a string`)
    }
    if (typeof timestamp !== 'string' && typeof timestamp !== 'number')
      throw new TypeError('timestamp must be a number or a string')
    return judgeJsSdk(world, app, { url, nonceStr, timestamp: String(timestamp), signature })
  }

  /** Replaces a mini-program user's session_key with the given one (16 bytes in base64) or a random one, and returns it. */
  renewSessionKey({ appId, user, sessionKey }: AppUser & { sessionKey?: string | undefined }): string {
    const { world } = this.#parts
    world.apps.get(appId, 'miniprogram')
    if (
      sessionKey !== undefined &&
      (typeof sessionKey !== 'string' || Buffer.from(sessionKey, 'base64').length !== 16)
    ) {
      throw new TypeError('sessionKey must be 16 bytes in base64')
    }
    return world.sessionKeys.renew(appId, world.users.get(user).id, sessionKey)
  }

  /**
   * Returns the ids by which an app knows a user. There is no unionid if the app has no open-platform account.
   *
   * @param options.snapshot - `true`: the ids of the virtual account of a snapshot page
   */
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

  /** Acts as if the user had changed their WeChat password: existing tokens fail with 42007, and new logins work. */
  changePassword(user: string): void {
    this.#parts.world.tokens.revokeAll(this.#parts.world.users.get(user).id)
  }

  /** The user who is preselected on the pages and who logs in if no page is shown. Initially the first user. */
  get currentUser(): string {
    return this.#parts.world.currentUser.id
  }

  set currentUser(user: string) {
    this.#parts.world.currentUser = this.#parts.world.users.get(user)
  }

  /** Changes settings until `reset()`. */
  configure(settings: Partial<SandboxSettings>): void {
    for (const name of Object.keys(settings))
      if (!isSetting(name)) throw new TypeError(`unknown setting ${JSON.stringify(name)}`)
    this.#parts.world.configure(settings)
  }

  /**
   * Makes requests to `path` fail.
   *
   * @param path - the exact path, e.g. `/sns/userinfo`
   * @param fault - see {@link FaultOptions}; `null` removes all faults of the path
   * @param options.times - how many requests fail. Default: all, until `reset()`, `null` or another fault without `times`. Faults
   *   with `times` come first, in the order in which they were set.
   */
  fail(path: string, fault: Fault | null, { times }: { times?: number | undefined } = {}): void {
    this.#parts.faults.set(path, fault, times)
  }

  /**
   * Returns to the state after the start: no codes, tokens, faults or logged requests, the initial users and settings, and the real
   * time. Keeps ports, certificates and open connections.
   */
  reset(): void {
    this.#parts.world.reset()
    this.#parts.faults.reset()
    this.#parts.log.reset()
    Object.assign(this.#parts.connections, { tcp: 0, tls: 0, resumed: 0 })
  }

  /** Stops listening and closes every connection, including those that wait for a response. */
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
