import { ApiTickets } from './api-tickets.js'
import { AppTokens } from './app-tokens.js'
import { Apps, type App, type SandboxApp } from './apps.js'
import { Clock } from './clock.js'
import { Codes } from './codes.js'
import { openidOf, snapshotOpenidOf, snapshotUnionidOf, unionidOf } from './ids.js'
import { PhoneCodes } from './phone-codes.js'
import { QrTickets } from './qr-tickets.js'
import { perDay, perMinute, Quota } from './quota.js'
import { Scenes } from './scenes.js'
import { SessionKeys } from './session-keys.js'
import { checkSettings, defaultSettings, type SandboxSettings } from './settings.js'
import { Tokens } from './tokens.js'
import { Users, type SandboxUser, type User } from './users.js'

/** The state of the sandbox, without HTTP. */
export class World {
  readonly settings: SandboxSettings
  readonly apps: Apps
  readonly users: Users
  readonly clock = new Clock()
  readonly codes: Codes
  readonly tokens: Tokens
  readonly sessionKeys = new SessionKeys()
  readonly qrTickets: QrTickets
  readonly minuteQuota: Quota
  readonly dayQuota: Quota
  readonly appTokens: AppTokens
  readonly apiTickets: ApiTickets
  readonly phoneCodes: PhoneCodes
  readonly scenes: Scenes
  readonly #initialSettings: SandboxSettings
  #currentUser: string | undefined

  constructor(
    apps: readonly SandboxApp[],
    users: readonly SandboxUser[],
    settings: Partial<SandboxSettings>,
  ) {
    this.apps = new Apps(apps)
    this.users = new Users(users)
    this.#initialSettings = { ...defaultSettings, ...settings }
    this.settings = { ...this.#initialSettings }
    this.codes = new Codes(this.clock, this.settings)
    this.tokens = new Tokens(this.clock, this.settings)
    this.qrTickets = new QrTickets(this.clock, this.settings)
    this.minuteQuota = new Quota(this.clock, perMinute)
    this.dayQuota = new Quota(this.clock, perDay)
    this.appTokens = new AppTokens(this.clock, this.settings)
    this.apiTickets = new ApiTickets(this.clock, this.settings)
    this.phoneCodes = new PhoneCodes(this.clock, this.settings)
    this.scenes = new Scenes(this.clock)
  }

  /** The user who is preselected on the pages and who logs in if no page is shown. */
  get currentUser(): User {
    return (
      (this.#currentUser === undefined ? undefined : this.users.find(this.#currentUser)) ?? this.users.first
    )
  }

  set currentUser(user: User) {
    this.#currentUser = user.id
  }

  /** @throws TypeError that names the invalid setting. */
  configure(settings: object): void {
    Object.assign(this.settings, checkSettings(settings))
  }

  openid(app: App, userId: string, snapshot = false): string {
    return snapshot ? snapshotOpenidOf(app.appId, userId) : openidOf(app.appId, userId)
  }

  /** Returns `undefined` if the app has no open-platform account. */
  unionid(app: App, userId: string, snapshot = false): string | undefined {
    if (app.unionAccount === undefined) return undefined
    return snapshot ? snapshotUnionidOf(app.unionAccount, userId) : unionidOf(app.unionAccount, userId)
  }

  /** Finds the user with this openid in an app. Ignores the virtual accounts of snapshot pages. */
  userByOpenid(app: App, openid: string): User | undefined {
    return this.users.list.find(({ id }) => this.openid(app, id) === openid)
  }

  /** Returns to the state after the start. */
  reset(): void {
    Object.assign(this.settings, this.#initialSettings)
    this.#currentUser = undefined
    this.users.reset()
    this.clock.reset()
    this.codes.reset()
    this.tokens.reset()
    this.sessionKeys.reset()
    this.minuteQuota.reset()
    this.dayQuota.reset()
    this.appTokens.reset()
    this.apiTickets.reset()
    this.phoneCodes.reset()
    this.scenes.reset()
    this.qrTickets.reset()
  }
}
