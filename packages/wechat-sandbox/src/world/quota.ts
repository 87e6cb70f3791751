import { BoundedMap } from './bounded-map.js'
import type { Clock } from './clock.js'

const minute = 60_000
const day = 86_400_000

/** WeChat's days start at midnight in Beijing. */
const beijingOffset = 8 * 3_600_000

interface Period {
  length: number
  /** offset of the periods from UTC */
  offset: number
}

export const perMinute: Period = { length: minute, offset: 0 }
export const perDay: Period = { length: day, offset: beijingOffset }

/** Counts calls per key and per calendar minute or day of the sandbox's clock. */
export class Quota {
  readonly #counts = new BoundedMap<string, { period: number; calls: number }>(100_000)
  readonly #clock: Clock
  readonly #period: Period

  constructor(clock: Clock, period: Period) {
    this.#clock = clock
    this.#period = period
  }

  /** Counts a call. Returns `false` if it exceeds the limit for this period. */
  take(key: readonly string[], limit: number): boolean {
    const period = Math.floor((this.#clock.now() + this.#period.offset) / this.#period.length)
    const name = JSON.stringify(key)
    const known = this.#counts.get(name)
    const calls = known?.period === period ? known.calls + 1 : 1
    this.#counts.set(name, { period, calls })
    return calls <= limit
  }

  reset(): void {
    this.#counts.clear()
  }
}
