import { BoundedMap } from './bounded-map.js'
import type { Clock } from './clock.js'
import { newAppToken } from './ids.js'
import { Lease, type Leased } from './lease.js'
import type { SandboxSettings } from './settings.js'

/** How long a token works after it was replaced. */
const overlap = 300_000

/** The shortest time between two forced renewals. */
const forceInterval = 30_000

interface Token {
  appId: string
  expiresAt: number
  /** when a newer token ends this one */
  replacedAt: number
}

export type AppTokenState = { state: 'valid'; appId: string } | { state: 'unknown' | 'expired' }

/**
 * The tokens of apps. WeChat has two independent kinds: those of `/cgi-bin/token`, where each new one ends its predecessor, and those
 * of `stable_token`.
 */
export class AppTokens {
  readonly #tokens = new BoundedMap<string, Token>(100_000)
  readonly #classic = new Map<string, string>()
  readonly #stable = new Map<string, Lease>()
  readonly #forcedAt = new Map<string, number>()
  readonly #clock: Clock
  readonly #settings: SandboxSettings

  constructor(clock: Clock, settings: SandboxSettings) {
    this.#clock = clock
    this.#settings = settings
  }

  /** `/cgi-bin/token`: always issues a new token. The previous one works for five more minutes. */
  issue(appId: string): Leased {
    const now = this.#clock.now()
    const former = this.#classic.get(appId)
    if (former !== undefined) this.#replace(former, now + overlap)
    const token = this.#newToken(appId, now)
    this.#classic.set(appId, token)
    return { value: token, expiresIn: Math.floor(this.#settings.appTokenLifetime / 1000) }
  }

  /** `stable_token`: returns the current token and its remaining lifetime, or a new one in its last five minutes. */
  stable(appId: string): Leased {
    return this.#leaseOf(appId).take(this.#clock.now(), this.#settings.appTokenLifetime)
  }

  /** Whether enough time has passed since the last forced renewal. */
  mayForce(appId: string): boolean {
    return this.#clock.now() - (this.#forcedAt.get(appId) ?? -Infinity) >= forceInterval
  }

  /** `stable_token` with `force_refresh`: issues a new token and ends the previous ones at once. */
  force(appId: string): Leased {
    const now = this.#clock.now()
    const lease = this.#leaseOf(appId)
    for (const token of lease.valid(now)) this.#replace(token, now)
    lease.end()
    this.#forcedAt.set(appId, now)
    return lease.take(now, this.#settings.appTokenLifetime)
  }

  look(token: string): AppTokenState {
    const found = this.#tokens.get(token)
    if (!found) return { state: 'unknown' }
    const now = this.#clock.now()
    if (now >= found.expiresAt) return { state: 'expired' }
    // WeChat reports a replaced token like an unknown one.
    return now >= found.replacedAt ? { state: 'unknown' } : { state: 'valid', appId: found.appId }
  }

  reset(): void {
    this.#tokens.clear()
    this.#classic.clear()
    this.#stable.clear()
    this.#forcedAt.clear()
  }

  #leaseOf(appId: string): Lease {
    const known = this.#stable.get(appId)
    if (known) return known
    const lease = new Lease((now) => this.#newToken(appId, now))
    this.#stable.set(appId, lease)
    return lease
  }

  #newToken(appId: string, now: number): string {
    const token = newAppToken()
    this.#tokens.set(token, { appId, expiresAt: now + this.#settings.appTokenLifetime, replacedAt: Infinity })
    return token
  }

  #replace(token: string, at: number): void {
    const found = this.#tokens.get(token)
    if (found) found.replacedAt = at
  }
}
