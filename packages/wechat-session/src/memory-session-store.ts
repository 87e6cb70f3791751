import type { SessionStore, StoredSession } from '@wechat-auth/wechat-oauth'
import { checkLifetime, checkName, refuseWrongNames } from '@wechat-auth/wechat-oauth/store-kit'

export interface MemorySessionStoreOptions {
  /** Maximum number of sessions. Beyond it, the session that was written longest ago is deleted. Default 100,000. */
  max?: number
}

interface Entry {
  session: StoredSession
  expiresAt: number
}

/** Looking for expired sessions is not worth it after fewer writes. */
const fewestWritesBetweenSweeps = 1000

/** Keeps a limited number of sessions in the memory of this process: for a single process, tests and development. */
export class MemorySessionStore implements SessionStore {
  readonly #max: number
  // In order of writing, the oldest first.
  readonly #entries = new Map<string, Entry>()
  readonly #hashesByUser = new Map<string, Set<string>>()
  #writesUntilSweep = fewestWritesBetweenSweeps

  /** @throws TypeError if `max` is not a positive integer */
  constructor(options: MemorySessionStoreOptions = {}) {
    refuseWrongNames('MemorySessionStore', options, { max: ['maxSize'] })
    const { max = 100_000 } = options
    if (!Number.isInteger(max) || max < 1) throw new TypeError('max must be a positive integer')
    this.#max = max
  }

  /** The number of sessions in memory. Some of them may have expired. */
  get size(): number {
    return this.#entries.size
  }

  async create(hash: string, session: StoredSession, ttl: number): Promise<void> {
    checkName('hash', hash)
    checkLifetime(ttl)
    this.#write(hash, session, ttl)
    return Promise.resolve()
  }

  async get(hash: string): Promise<StoredSession | undefined> {
    checkName('hash', hash)
    return Promise.resolve(structuredClone(this.#live(hash)?.session))
  }

  async rotate(oldHash: string, newHash: string, session: StoredSession, ttl: number): Promise<boolean> {
    checkName('oldHash', oldHash)
    checkName('newHash', newHash)
    checkLifetime(ttl)
    if (!this.#live(oldHash)) return Promise.resolve(false)
    this.#remove(oldHash)
    this.#write(newHash, session, ttl)
    return Promise.resolve(true)
  }

  async delete(hash: string): Promise<void> {
    checkName('hash', hash)
    this.#remove(hash)
    return Promise.resolve()
  }

  async deleteByUser(userId: string): Promise<void> {
    checkName('userId', userId)
    for (const hash of this.#hashesByUser.get(userId) ?? []) this.#remove(hash)
    return Promise.resolve()
  }

  async listByUser(userId: string): Promise<StoredSession[]> {
    checkName('userId', userId)
    const live = [...(this.#hashesByUser.get(userId) ?? [])].map((hash) => this.#live(hash)?.session)
    return Promise.resolve(structuredClone(live.filter((session) => session !== undefined)))
  }

  #live(hash: string): Entry | undefined {
    const entry = this.#entries.get(hash)
    if (!entry || entry.expiresAt > Date.now()) return entry
    this.#remove(hash)
    return undefined
  }

  #write(hash: string, session: StoredSession, ttl: number): void {
    const entry = { session: structuredClone(session), expiresAt: Date.now() + ttl * 1000 }
    this.#remove(hash)
    this.#makeRoom()
    this.#entries.set(hash, entry)
    const hashes = this.#hashesByUser.get(entry.session.userId)
    if (hashes) hashes.add(hash)
    else this.#hashesByUser.set(entry.session.userId, new Set([hash]))
  }

  #remove(hash: string): void {
    const entry = this.#entries.get(hash)
    if (!entry) return
    this.#entries.delete(hash)
    const hashes = this.#hashesByUser.get(entry.session.userId)
    hashes?.delete(hash)
    if (hashes?.size === 0) this.#hashesByUser.delete(entry.session.userId)
  }

  // Sweeping on writes costs each write a bounded amount, and needs no timer that keeps the process alive.
  #makeRoom(): void {
    this.#writesUntilSweep -= 1
    if (this.#writesUntilSweep === 0) {
      const now = Date.now()
      for (const [hash, { expiresAt }] of this.#entries) if (expiresAt <= now) this.#remove(hash)
      this.#writesUntilSweep = Math.max(this.#entries.size, fewestWritesBetweenSweeps)
    }
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size < this.#max) break
      this.#remove(oldest)
    }
  }
}
