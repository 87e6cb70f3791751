import { BoundedMap } from '@wechat-auth/wechat-oauth/strategy-kit'
import type { RedirectMode } from '../modes.js'
import type { Outcome } from '../outcome.js'

/** A callback of the last minute. */
export interface RecentCallback {
  codeHash: string
  /** Hash of the Cookie header, or `undefined` if there was none. */
  cookieHash: string | undefined
  strategy: string
  mode: RedirectMode
  appId: string
  outcome: Promise<Outcome>
}

const lifetime = 60_000
const capacity = 1000

/**
 * The callbacks of the last 60 s by their state, at most 1,000. WeChat's browser sends some callbacks twice, and the second
 * gets the outcome of the first. A callback that ends in an error is removed.
 */
export class RecentCallbacks {
  readonly #entries = new BoundedMap<string, { callback: RecentCallback; expires: number }>(capacity)
  readonly #now: () => number
  #sweep: NodeJS.Timeout | undefined

  constructor(now: () => number) {
    this.#now = now
  }

  /** @param stateHash - from `hash`. The states themselves are not kept */
  find(stateHash: string): RecentCallback | undefined {
    const entry = this.#entries.get(stateHash)
    return entry && entry.expires > this.#now() ? entry.callback : undefined
  }

  add(key: string, callback: RecentCallback): void {
    const entry = { callback, expires: this.#now() + lifetime }
    this.#entries.set(key, entry)
    void callback.outcome.then(({ action }) => {
      if (action === 'error' && this.#entries.get(key) === entry) this.#entries.delete(key)
    })
    this.#sweepLater()
  }

  // Outcomes contain users, which must not stay in memory longer than needed.
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
