import { checkKey } from '../lib/arguments.js'
import { lockExpired, lockTimedOut, lockTimes } from './lock.js'
import { BoundedMap } from '../lib/bounded-map.js'
import type { LockOptions, TokenStore, WechatToken } from '../types.js'
import { refuseWrongNames } from '../lib/wrong-names.js'

export interface MemoryTokenStoreOptions {
  /** The most records that it keeps. The least recently used one is dropped first. Default 10,000. */
  max?: number
  /** How long it keeps a record after it was saved, in seconds. Default: until `max` is reached. */
  ttl?: number
}

interface Entry {
  token: WechatToken
  expiresAt: number
}

interface Lock {
  waiting: (() => void)[]
}

// Turns a throw into a rejection.
function settle<T>(task: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(task())
  })
}

// Records with WeChat's fields only contain no objects, and a shallow copy is much faster.
function isFlat(token: WechatToken): boolean {
  return Object.values(token).every(
    (value) => value === null || !['object', 'function', 'symbol'].includes(typeof value),
  )
}

function copyToken(token: WechatToken): WechatToken {
  return isFlat(token) ? { ...token } : structuredClone(token)
}

/** Keeps a limited number of tokens in the memory of this process. It is the default, meant for one process, tests and development. */
export class MemoryTokenStore implements TokenStore {
  readonly #ttl: number
  // In the order of use, the least recently used first.
  readonly #entries: BoundedMap<string, Entry>
  readonly #locks = new Map<string, Lock>()

  /** @throws TypeError if `max` is not a positive integer or `ttl` is not a positive number */
  constructor(options: MemoryTokenStoreOptions = {}) {
    refuseWrongNames('MemoryTokenStore', options, { max: ['maxSize'], 'ttl, in seconds': ['maxAge'] })
    const { max = 10_000, ttl = Infinity } = options
    if (!Number.isInteger(max) || max < 1) throw new TypeError('max must be a positive integer')
    if (typeof ttl !== 'number' || !(ttl > 0)) throw new TypeError('ttl must be a positive number of seconds')
    this.#entries = new BoundedMap(max)
    this.#ttl = ttl * 1000
  }

  /** The number of records. */
  get size(): number {
    return this.#entries.size
  }

  getToken(openid: string): Promise<WechatToken | undefined> {
    return settle(() => {
      checkKey(openid)
      const entry = this.#entries.get(openid)
      if (!entry) return undefined
      if (entry.expiresAt <= Date.now()) {
        this.#entries.delete(openid)
        return undefined
      }
      this.#entries.set(openid, entry)
      return copyToken(entry.token)
    })
  }

  saveToken(openid: string, token: WechatToken): Promise<void> {
    return settle(() => {
      checkKey(openid)
      this.#entries.set(openid, { token: copyToken(token), expiresAt: Date.now() + this.#ttl })
    })
  }

  deleteToken(openid: string): Promise<void> {
    return settle(() => {
      checkKey(openid)
      this.#entries.delete(openid)
    })
  }

  async withLock<T>(
    key: string,
    task: (signal: AbortSignal) => Promise<T>,
    options?: LockOptions,
  ): Promise<T> {
    checkKey(key)
    const { ttl, wait } = lockTimes(options)
    await this.#acquire(key, wait)
    const controller = new AbortController()
    let held = true
    const release = (): void => {
      if (held) this.#release(key)
      held = false
    }
    const lifetime = setTimeout(() => {
      controller.abort(lockExpired())
      release()
    }, ttl)
    try {
      return await task(controller.signal)
    } finally {
      clearTimeout(lifetime)
      release()
    }
  }

  async #acquire(key: string, wait: number): Promise<void> {
    const lock = this.#locks.get(key)
    if (!lock) {
      this.#locks.set(key, { waiting: [] })
      return
    }
    await new Promise<void>((resolve, reject) => {
      const enter = (): void => {
        clearTimeout(patience)
        resolve()
      }
      const patience = setTimeout(() => {
        lock.waiting.splice(lock.waiting.indexOf(enter), 1)
        reject(lockTimedOut(wait))
      }, wait)
      lock.waiting.push(enter)
    })
  }

  #release(key: string): void {
    const next = this.#locks.get(key)?.waiting.shift()
    if (next) next()
    else this.#locks.delete(key)
  }
}
