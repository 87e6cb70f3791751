import { BoundedMap } from './bounded-map.js'
import type { Clock } from './clock.js'
import { newCode } from './ids.js'
import type { SandboxSettings } from './settings.js'

/** What a code grants. `oauth` codes come from the pages, `js` codes from `wx.login`. */
export interface CodeGrant {
  kind: 'oauth' | 'js'
  appId: string
  userId: string
  /** comma separated; empty for mini-programs */
  scope: string
  snapshot: boolean
}

interface Entry {
  grant: CodeGrant
  expiresAt: number
  used: boolean
}

export type CodeState =
  { state: 'fresh'; grant: CodeGrant; use: () => void } | { state: 'unknown' | 'used' | 'expired' }

/** The issued codes. Each can be exchanged once, by its own app, within its lifetime. */
export class Codes {
  readonly #entries = new BoundedMap<string, Entry>(100_000)
  readonly #clock: Clock
  readonly #settings: SandboxSettings

  constructor(clock: Clock, settings: SandboxSettings) {
    this.#clock = clock
    this.#settings = settings
  }

  issue(grant: CodeGrant): string {
    const code = newCode()
    this.#entries.set(code, {
      grant,
      expiresAt: this.#clock.now() + this.#settings.codeLifetime,
      used: false,
    })
    return code
  }

  /** Looks up a code without using it. Do not await between this and `use`: only one of two concurrent exchanges may succeed. */
  look(code: string, kind: CodeGrant['kind'], appId: string): CodeState {
    const entry = this.#entries.get(code)
    if (entry?.grant.kind !== kind || entry.grant.appId !== appId) return { state: 'unknown' }
    const isExpired = this.#clock.now() >= entry.expiresAt
    if (entry.used) return { state: isExpired ? 'unknown' : 'used' }
    if (isExpired) return { state: 'expired' }
    return {
      state: 'fresh',
      grant: entry.grant,
      use: () => {
        entry.used = true
      },
    }
  }

  reset(): void {
    this.#entries.clear()
  }
}
