import { TokenStoreError } from './errors.js'
import { KeyedQueue } from './keyed-queue.js'
import { asTokenStoreError } from './store-kit.js'
import { isBaseScope, isTokenOfUse, normalizeRecord } from './token.js'
import type { TokenStore, WechatToken } from './types.js'
import { withTimeout } from './with-timeout.js'

export interface TokenRecordsOptions {
  store: TokenStore
  timeout: number
  now: () => number
  saveSnapshotUsers: boolean
}

/** What a change of a record is based on. `undefined` as the answer leaves the record as it is. */
type Change = (stored: WechatToken | undefined) => WechatToken | undefined

/**
 * The users' records in the token store: the rules of what is written when, and the bound on how long a store may take.
 *
 * The contract has no compare-and-set, so a change is a read followed by a write. Changes of one user queue up in this
 * process; between processes the window is the one round trip between the two.
 */
export class TokenRecords {
  readonly #store: TokenStore
  readonly #timeout: number
  readonly #now: () => number
  readonly #saveSnapshotUsers: boolean
  readonly #changes = new KeyedQueue()

  constructor({ store, timeout, now, saveSnapshotUsers }: TokenRecordsOptions) {
    this.#store = store
    this.#timeout = timeout
    this.#now = now
    this.#saveSnapshotUsers = saveSnapshotUsers
  }

  /** @throws TokenStoreError */
  async read(openid: string): Promise<WechatToken | undefined> {
    return this.#bounded(() => this.#get(openid))
  }

  /** A login replaces the record whole, unless that would lose something. */
  async saveLogin(token: WechatToken): Promise<void> {
    if (token.is_snapshotuser && !this.#saveSnapshotUsers) return
    await this.#change(token.openid, (stored) => {
      if (!stored) return token
      if (stored.create_at > token.create_at) return undefined
      // A silent login must not destroy the token that reads the user's profile.
      const narrower = isBaseScope(token.scope) && stored.access_token !== undefined && !isBaseScope(stored.scope)
      return narrower && isTokenOfUse(stored, this.#now()) ? undefined : token
    })
  }

  /**
   * A refresh keeps the unionid and what the application added, and gives way to a login that came in meanwhile.
   *
   * @param mayCreate - save it even where there is no record (any more)
   * @param isOurs - whether the lock under which the token was obtained is still held
   * @returns the record as it now is
   */
  async saveRefresh(token: WechatToken, { mayCreate, isOurs = () => true }: { mayCreate: boolean, isOurs?: () => boolean }): Promise<WechatToken> {
    let result = token
    await this.#change(token.openid, (stored) => {
      if (stored && stored.create_at > token.create_at) {
        result = stored
        return undefined
      }
      result = { ...stored, ...token }
      return (stored || mayCreate) && isOurs() ? result : undefined
    })
    return result
  }

  /** Adds a unionid that was first seen after the login. */
  async addUnionid(openid: string, unionid: string): Promise<void> {
    await this.#change(openid, (stored) => (stored && stored.unionid !== unionid ? { ...stored, unionid } : undefined))
  }

  /**
   * Runs `task` under a lock that holds across processes, where the store has such locks and this one is to be had; else
   * just runs it: two refreshes are better than a login that fails.
   */
  async withLock<T>(key: string, task: (isOurs: () => boolean) => Promise<T>, onNoLock: () => void): Promise<T> {
    const locked = await this.#startLocked(key, task)
    if (locked) return locked.result
    onNoLock()
    return task(() => true)
  }

  // Settles as soon as the task has started: what the task says counts, whatever becomes of the lock afterwards. Whatever
  // goes wrong before (no lock table, no connection), there is no lock; a store that is down will say so when it is read.
  async #startLocked<T>(key: string, task: (isOurs: () => boolean) => Promise<T>): Promise<{ result: Promise<T> } | undefined> {
    const store = this.#store
    if (!store.withLock) return undefined
    const ttl = this.#timeout + 5000
    const wait = ttl + this.#timeout
    const tooLate = new TokenStoreError('The lock was not had in time.', { code: 'ERR_WECHAT_LOCK' })
    try {
      return await withTimeout(wait + this.#timeout, (givenUp) => new Promise((resolve, reject) => {
        const locked = store.withLock?.(key, async (signal) => {
          if (givenUp.aborted) throw tooLate
          // A process that was stopped for a while hears of its signal late: the clock tells as well.
          const until = performance.now() + ttl
          const result = task(() => !signal.aborted && performance.now() < until)
          resolve({ result })
          return result
        }, { ttl, wait })
        Promise.resolve(locked).then(() => { resolve(undefined) }, reject)
      }), () => tooLate)
    } catch {
      return undefined
    }
  }

  async #change(openid: string, change: Change): Promise<void> {
    await this.#bounded((late) => this.#changes.run(openid, () => this.#bounded(async () => {
      late.throwIfAborted()
      const changed = change(await this.#get(openid))
      if (changed && !late.aborted) await this.#save(openid, changed)
    })))
  }

  async #get(openid: string): Promise<WechatToken | undefined> {
    let stored: unknown
    try {
      stored = await this.#store.getToken(openid)
    } catch (error) {
      throw asTokenStoreError(error, 'read')
    }
    return normalizeRecord(openid, stored)
  }

  async #save(openid: string, token: WechatToken): Promise<void> {
    try {
      await this.#store.saveToken(openid, token)
    } catch (error) {
      throw asTokenStoreError(error, 'save')
    }
  }

  async #bounded<T>(visit: (late: AbortSignal) => Promise<T>): Promise<T> {
    return withTimeout(this.#timeout, visit, () => new TokenStoreError(`The token store did not answer within ${this.#timeout} ms.`))
  }
}
