import { Apps } from './apps.js'
import type { App, SandboxApp } from './apps.js'
import { Clock } from './clock.js'
import { Codes } from './codes.js'
import { openidOf, snapshotOpenidOf, snapshotUnionidOf, unionidOf } from './ids.js'
import { QrTickets } from './qr-tickets.js'
import { MinuteQuota } from './quota.js'
import { SessionKeys } from './session-keys.js'
import { checkedSettings, DEFAULT_SETTINGS } from './settings.js'
import type { SandboxSettings } from './settings.js'
import { Tokens } from './tokens.js'
import { Users } from './users.js'
import type { SandboxUser, User } from './users.js'

/** Everything that this WeChat knows: pure state, without HTTP. */
export class World {
  readonly settings: SandboxSettings
  readonly apps: Apps
  readonly users: Users
  readonly clock = new Clock()
  readonly codes: Codes
  readonly tokens: Tokens
  readonly sessionKeys = new SessionKeys()
  readonly qrTickets: QrTickets
  readonly quota: MinuteQuota
  readonly #initialSettings: SandboxSettings
  #currentUser: string | undefined

  constructor(apps: readonly SandboxApp[], users: readonly SandboxUser[], settings: Partial<SandboxSettings>) {
    this.apps = new Apps(apps)
    this.users = new Users(users)
    this.#initialSettings = { ...DEFAULT_SETTINGS, ...settings }
    this.settings = { ...this.#initialSettings }
    this.codes = new Codes(this.clock, this.settings)
    this.tokens = new Tokens(this.clock, this.settings)
    this.qrTickets = new QrTickets(this.clock, this.settings)
    this.quota = new MinuteQuota(this.clock)
  }

  /** Who holds the phone where nobody is asked. */
  get currentUser(): User {
    return (this.#currentUser === undefined ? undefined : this.users.find(this.#currentUser)) ?? this.users.first
  }

  set currentUser(user: User) {
    this.#currentUser = user.id
  }

  /** @throws TypeError that names the setting with a wrong value. */
  configure(settings: object): void {
    Object.assign(this.settings, checkedSettings(settings))
  }

  openid(app: App, userId: string, snapshot = false): string {
    return snapshot ? snapshotOpenidOf(app.appId, userId) : openidOf(app.appId, userId)
  }

  /** `undefined` if the app is not bound to an open-platform account. */
  unionid(app: App, userId: string, snapshot = false): string | undefined {
    if (app.unionAccount === undefined) return undefined
    return snapshot ? snapshotUnionidOf(app.unionAccount, userId) : unionidOf(app.unionAccount, userId)
  }

  /** Everything as it was at the start: nothing handed out, settings and users as given, the clock right. */
  reset(): void {
    Object.assign(this.settings, this.#initialSettings)
    this.#currentUser = undefined
    this.users.reset()
    this.clock.reset()
    this.codes.reset()
    this.tokens.reset()
    this.sessionKeys.reset()
    this.quota.reset()
    this.qrTickets.reset()
  }
}
