import { BoundedMap } from './bounded-map.js'
import type { Clock } from './clock.js'
import { newPhoneCode } from './ids.js'
import type { SandboxSettings } from './settings.js'

/** A phone number that a user shares with a mini-program. */
export interface PhoneGrant {
  appId: string
  userId: string
  /** without the country code */
  number: string
  countryCode: string
}

interface Entry {
  grant: PhoneGrant
  expiresAt: number
}

/** The codes of the phone number button. Each works once, within its lifetime. */
export class PhoneCodes {
  readonly #entries = new BoundedMap<string, Entry>(100_000)
  readonly #clock: Clock
  readonly #settings: SandboxSettings

  constructor(clock: Clock, settings: SandboxSettings) {
    this.#clock = clock
    this.#settings = settings
  }

  issue(grant: PhoneGrant): string {
    const code = newPhoneCode()
    this.#entries.set(code, { grant, expiresAt: this.#clock.now() + this.#settings.codeLifetime })
    return code
  }

  /** Looks up a code without using it. Do not await between this and `use`. */
  look(code: string, appId: string): { grant: PhoneGrant; use: () => void } | undefined {
    const entry = this.#entries.get(code)
    if (entry?.grant.appId !== appId || this.#clock.now() >= entry.expiresAt) return undefined
    return {
      grant: entry.grant,
      use: () => {
        entry.expiresAt = -Infinity
      },
    }
  }

  reset(): void {
    this.#entries.clear()
  }
}
