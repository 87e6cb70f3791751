/** The sandbox's clock, which measures every lifetime: the system's time plus what tests have added. */
export class Clock {
  #offset = 0
  readonly #listeners = new Set<() => void>()

  /** Milliseconds since the epoch. */
  now(): number {
    return Date.now() + this.#offset
  }

  /** @throws TypeError if `ms` is not a number of milliseconds, 0 or more. */
  advance(ms: number): void {
    if (typeof ms !== 'number' || !Number.isFinite(ms) || ms < 0) {
      throw new TypeError('clock.advance requires a number of milliseconds, 0 or more')
    }
    this.#offset += ms
    for (const listener of [...this.#listeners]) listener()
  }

  /** Calls `listener` whenever the clock is advanced. Returns a function that removes the listener. */
  onAdvance(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  reset(): void {
    this.#offset = 0
  }
}
