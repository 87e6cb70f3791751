/** A token or ticket, and for how long it is good. */
export interface Leased {
  value: string
  /** whole seconds */
  expiresIn: number
}

interface Entry {
  value: string
  expiresAt: number
}

/** In its last five minutes a value is no longer handed out, though it still works: nobody gets one that ends in a moment. */
const lastMinutes = 300_000

/** A value that everybody who asks gets the same of, until its time is nearly over. */
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

  /** Those that are good: the last one, and in its first minutes perhaps the one before. */
  valid(now: number): string[] {
    return this.#entries.filter(({ expiresAt }) => now < expiresAt).map(({ value }) => value)
  }

  /** Hands out none of the present ones again. */
  end(): void {
    this.#entries = []
  }
}
