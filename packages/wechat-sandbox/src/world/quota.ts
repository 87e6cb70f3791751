import { BoundedMap } from './bounded-map.js'
import type { Clock } from './clock.js'

const MINUTE = 60_000

/** Counts calls per key and minute of the sandbox's clock. */
export class MinuteQuota {
  readonly #counts = new BoundedMap<string, { minute: number, calls: number }>(100_000)
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Counts a call; `false` if it is one too many for this minute. */
  take(key: string, limit: number): boolean {
    const minute = Math.floor(this.#clock.now() / MINUTE)
    const known = this.#counts.get(key)
    const calls = known?.minute === minute ? known.calls + 1 : 1
    this.#counts.set(key, { minute, calls })
    return calls <= limit
  }

  reset(): void {
    this.#counts.clear()
  }
}
