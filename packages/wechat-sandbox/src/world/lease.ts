/** A token or ticket and its remaining lifetime. */
export interface Leased {
  value: string
  /** whole seconds */
  expiresIn: number
}

interface Entry {
  value: string
  expiresAt: number
}

/** In its last five minutes a value still works, but a new one is issued, so that nobody gets a value that is about to expire. */
const lastMinutes = 300_000

/** A value that all callers share until it is about to expire. */
export class Lease {
  #entries: Entry[] = []
  readonly #create: (now: number) => string

  constructor(create: (now: number) => string) {
    this.#create = create
  }

  take(now: number, lifetime: number): Leased {
    const current = this.#entries.at(-1)
    if (current && current.expiresAt - now >= lastMinutes) {
      return { value: current.value, expiresIn: Math.floor((current.expiresAt - now) / 1000) }
    }
    const value = this.#create(now)
    this.#entries = [
      ...this.#entries.filter(({ expiresAt }) => now < expiresAt),
      { value, expiresAt: now + lifetime },
    ]
    return { value, expiresIn: Math.floor(lifetime / 1000) }
  }

  /** Returns the valid values: the last one, and in its first minutes possibly its predecessor. */
  valid(now: number): string[] {
    return this.#entries.filter(({ expiresAt }) => now < expiresAt).map(({ value }) => value)
  }

  /** Forgets the current values. */
  end(): void {
    this.#entries = []
  }
}
