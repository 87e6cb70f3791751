/** The sandbox's time: the computer's, plus whatever a test has advanced it by. Every lifetime is measured with it. */
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
      throw new TypeError('clock.advance takes a number of milliseconds, 0 or more')
    }
    this.#offset += ms
    for (const listener of [...this.#listeners]) listener()
  }

  /** Calls `listener` whenever the clock jumps; returns a function that stops it. */
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
