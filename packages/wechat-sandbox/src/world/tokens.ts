import { BoundedMap } from './bounded-map.js'
import type { Clock } from './clock.js'
import { newAccessToken, newRefreshToken } from './ids.js'
import type { SandboxSettings } from './settings.js'

/** What a user has granted to an application. */
export interface Authorization {
  appId: string
  userId: string
  openid: string
  unionid?: string
  scope: string
  snapshot: boolean
}

export interface TokenPair {
  accessToken: string
  refreshToken: string
  /** lifetime of the access token in seconds */
  expiresIn: number
}

interface Login {
  authorization: Authorization
  /** shows whether the login was before a change of the password */
  number: number
  accessToken: string
  accessExpiresAt: number
  refreshToken: string
  refreshExpiresAt: number
}

export type TokenState =
  { state: 'valid'; authorization: Authorization } | { state: 'unknown' | 'expired' | 'revoked' }

export type RefreshState =
  | { state: 'valid'; authorization: Authorization; refresh: () => TokenPair }
  | { state: 'unknown' | 'expired' | 'revoked' }

/** The tokens of users. Each login has an access token and a refresh token. */
export class Tokens {
  readonly #byAccessToken = new BoundedMap<string, Login>(100_000)
  readonly #byRefreshToken = new BoundedMap<string, Login>(100_000)
  /** per user: the last login before the password was changed */
  readonly #revokedUpTo = new Map<string, number>()
  #logins = 0
  readonly #clock: Clock
  readonly #settings: SandboxSettings

  constructor(clock: Clock, settings: SandboxSettings) {
    this.#clock = clock
    this.#settings = settings
  }

  /** Issues a new pair. Pairs of earlier logins stay valid. */
  issue(authorization: Authorization): TokenPair {
    const now = this.#clock.now()
    this.#logins += 1
    const login: Login = {
      authorization,
      number: this.#logins,
      accessToken: newAccessToken(),
      accessExpiresAt: now + this.#settings.accessTokenLifetime,
      refreshToken: newRefreshToken(),
      refreshExpiresAt: now + this.#settings.refreshTokenLifetime,
    }
    this.#byAccessToken.set(login.accessToken, login)
    this.#byRefreshToken.set(login.refreshToken, login)
    return this.#pair(login)
  }

  lookAtAccessToken(accessToken: string): TokenState {
    const login = this.#byAccessToken.get(accessToken)
    if (!login) return { state: 'unknown' }
    if (login.accessToken !== accessToken || this.#clock.now() >= login.accessExpiresAt)
      return { state: 'expired' }
    if (this.#isRevoked(login)) return { state: 'revoked' }
    return { state: 'valid', authorization: login.authorization }
  }

  lookAtRefreshToken(refreshToken: string, appId: string): RefreshState {
    const login = this.#byRefreshToken.get(refreshToken)
    if (login?.refreshToken !== refreshToken || login.authorization.appId !== appId)
      return { state: 'unknown' }
    if (this.#clock.now() >= login.refreshExpiresAt) return { state: 'expired' }
    if (this.#isRevoked(login)) return { state: 'revoked' }
    return { state: 'valid', authorization: login.authorization, refresh: () => this.#refresh(login) }
  }

  /** Revokes all tokens of the user's previous logins. */
  revokeAll(userId: string): void {
    this.#revokedUpTo.set(userId, this.#logins)
  }

  reset(): void {
    this.#byAccessToken.clear()
    this.#byRefreshToken.clear()
    this.#revokedUpTo.clear()
  }

  #refresh(login: Login): TokenPair {
    const now = this.#clock.now()
    if (now >= login.accessExpiresAt) {
      login.accessToken = newAccessToken()
      this.#byAccessToken.set(login.accessToken, login)
    }
    login.accessExpiresAt = now + this.#settings.accessTokenLifetime
    if (this.#settings.rotateRefreshTokens) {
      login.refreshToken = newRefreshToken()
      login.refreshExpiresAt = now + this.#settings.refreshTokenLifetime
      this.#byRefreshToken.set(login.refreshToken, login)
    }
    return this.#pair(login)
  }

  #pair({ accessToken, refreshToken }: Login): TokenPair {
    return { accessToken, refreshToken, expiresIn: Math.floor(this.#settings.accessTokenLifetime / 1000) }
  }

  #isRevoked(login: Login): boolean {
    return login.number <= (this.#revokedUpTo.get(login.authorization.userId) ?? 0)
  }
}
