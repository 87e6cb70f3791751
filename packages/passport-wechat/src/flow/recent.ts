import type { RedirectMode } from '../modes.js'
import type { Outcome } from '../outcome.js'

/** A callback that came in the last minute. */
export interface RecentCallback {
  codeHash: string
  /** Hash of the Cookie header; `undefined` where there was none. */
  cookieHash: string | undefined
  strategy: string
  mode: RedirectMode
  appId: string
  outcome: Promise<Outcome>
}

const lifetime = 60_000
const capacity = 1000

/**
 * The callbacks of the last 60 s by their state, so that the second of two equal ones (WeChat's browser sends such) gets the
 * answer of the first. At most 1,000. Outcomes that are errors leave when they are known.
 */
export class RecentCallbacks {
  readonly #entries = new Map<string, { callback: RecentCallback; expires: number }>()
  readonly #now: () => number
  #sweep: NodeJS.Timeout | undefined

  constructor(now: () => number) {
    this.#now = now
  }

  /** @param stateHash - what `hash` makes of the state: the states themselves are not kept */
  find(stateHash: string): RecentCallback | undefined {
    const entry = this.#entries.get(stateHash)
    return entry && entry.expires > this.#now() ? entry.callback : undefined
  }

  add(key: string, callback: RecentCallback): void {
    const entry = { callback, expires: this.#now() + lifetime }
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    if (this.#entries.size > capacity) this.#entries.delete(this.#entries.keys().next().value as string)
    void callback.outcome.then(({ action }) => {
      if (action === 'error' && this.#entries.get(key) === entry) this.#entries.delete(key)
    })
    this.#sweepLater()
  }

  // Users are not kept in memory longer than they are needed.
  #sweepLater(): void {
    if (this.#sweep) return
    this.#sweep = setTimeout(() => {
      this.#sweep = undefined
      for (const [key, { expires }] of this.#entries) if (expires <= this.#now()) this.#entries.delete(key)
      if (this.#entries.size > 0) this.#sweepLater()
    }, lifetime)
    this.#sweep.unref()
  }
}
