import { BoundedMap } from './bounded-map.js'
import type { Clock } from './clock.js'
import { newAppToken } from './ids.js'
import { Lease, type Leased } from './lease.js'
import type { SandboxSettings } from './settings.js'

/** How long a token goes on beside its successor. */
const overlap = 300_000

/** How far apart forced renewals must be. */
const forceInterval = 30_000

interface Token {
  appId: string
  expiresAt: number
  /** dead from then on because there is a newer one */
  replacedAt: number
}

export type AppTokenState = { state: 'valid'; appId: string } | { state: 'unknown' | 'expired' }

/**
 * The tokens of apps, in WeChat's two token spaces that know nothing of each other: those of `/cgi-bin/token`, where each ends its
 * predecessor, and those of `stable_token`.
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

  /** `/cgi-bin/token`: always a new token; the one before it has five minutes left. */
  issue(appId: string): Leased {
    const now = this.#clock.now()
    const former = this.#classic.get(appId)
    if (former !== undefined) this.#replace(former, now + overlap)
    const token = this.#newToken(appId, now)
    this.#classic.set(appId, token)
    return { value: token, expiresIn: Math.floor(this.#settings.appTokenLifetime / 1000) }
  }

  /** `stable_token`: the token that there is, with what is left of its time; a new one in its last five minutes. */
  stable(appId: string): Leased {
    return this.#leaseOf(appId).take(this.#clock.now(), this.#settings.appTokenLifetime)
  }

  /** Whether the last forced renewal is long enough ago for another. */
  mayForce(appId: string): boolean {
    return this.#clock.now() - (this.#forcedAt.get(appId) ?? -Infinity) >= forceInterval
  }

  /** `stable_token` with `force_refresh`: a new token; the former ones are dead at once. */
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
    // Not the latest any more: WeChat has the same words for that as for a token that never was.
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
