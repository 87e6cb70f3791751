import { isUnusableRecord, StoreError, type WechatDecryptError } from '../errors.js'
import { KeyedQueue } from '../lib/keyed-queue.js'
import { asStoreError, attempt } from './store-failures.js'
import { normalizeRecord } from './token.js'
import type { TokenStore, WechatToken } from '../types.js'
import { findUncalledName } from './uncalled-callbacks.js'
import { withDeadline, type Deadline } from '../lib/deadline.js'

export interface StoreAccessOptions {
  store: TokenStore
  timeout: number
  /** Is told when there is no lock. */
  onNoLock: () => void
}

/** What a change of a record is based on. `undefined` as the answer leaves the record as it is, `null` removes it. */
export type Change = (stored: WechatToken | undefined) => WechatToken | undefined | null

export interface ChangeEvents {
  /** Hears why a record cannot be used, before it is replaced. With it, such a record counts as absent. */
  onReplaced?: (problem: StoreFailure) => void
  /** Hears that the store has saved the record, before the next change of it starts. */
  onSaved?: () => void
}

/** What the store was asked last. */
interface Visit {
  answer: unknown
}

export type StoreFailure = StoreError | WechatDecryptError

/**
 * The way into a token store: records come out normal, failures as errors without values, and everything in bounded time.
 *
 * The contract has no compare-and-set, so a change is a read followed by a write. Changes of one record queue up in this
 * process; between processes the window is the one round trip between the two.
 */
export class StoreAccess {
  readonly #store: TokenStore
  readonly #timeout: number
  readonly #onNoLock: () => void
  readonly #changes = new KeyedQueue()

  constructor({ store, timeout, onNoLock }: StoreAccessOptions) {
    this.#store = store
    this.#timeout = timeout
    this.#onNoLock = onNoLock
  }

  /** @throws StoreError */
  read(key: string): Promise<WechatToken | undefined> {
    return this.#withinTimeout((_deadline, visit) => this.#get(key, visit))
  }

  /**
   * @param events - without `onReplaced`, the change rejects where the record cannot be used
   * @throws StoreError
   */
  change(key: string, change: Change, events: ChangeEvents = {}): Promise<void> {
    const now = (waiting?: Deadline): Promise<void> => this.#changeNow(key, change, events, waiting)
    if (!this.#changes.isBusy(key)) return this.#changes.enqueue(key, now)
    // Those before may take long, each in its own time.
    return this.#withinTimeout((waiting) =>
      this.#changes.enqueue(key, async () => {
        if (!waiting.isOver) await now(waiting)
      }),
    )
  }

  #changeNow(key: string, change: Change, events: ChangeEvents, waiting?: Deadline): Promise<void> {
    const { onReplaced, onSaved } = events
    return this.#withinTimeout(async (own, visit) => {
      let stored: WechatToken | undefined
      let problem: StoreFailure | undefined
      try {
        stored = await this.#get(key, visit)
      } catch (error) {
        if (!onReplaced || !isUnusableRecord(error)) throw error
        problem = error as StoreFailure
      }
      const changed = change(stored)
      const isLate = (): boolean => own.isOver
      // Whoever asked has been told that it failed.
      if (isLate() || waiting?.isOver) return
      if (problem && changed) onReplaced?.(problem)
      if (changed) {
        await this.#save(key, changed, visit)
        // After the deadline, the next change may have started.
        if (!isLate()) onSaved?.()
      }
      if (changed === null) await this.#remove(key, visit)
    })
  }

  /**
   * Runs `task` under a lock that holds across processes, where the store has such locks and this one is to be had; else
   * just runs it: two refreshes are better than a login that fails.
   */
  async withLock<T>(key: string, task: (isOurs: () => boolean) => Promise<T>): Promise<T> {
    const locked = await this.#startLocked(key, task)
    if (locked) return locked.result
    this.#onNoLock()
    return task(() => true)
  }

  // Settles as soon as the task has started: what the task says counts, whatever becomes of the lock afterwards. Whatever
  // goes wrong before (no lock table, no connection), there is no lock; a store that is down will say so when it is read.
  async #startLocked<T>(
    key: string,
    task: (isOurs: () => boolean) => Promise<T>,
  ): Promise<{ result: Promise<T> } | undefined> {
    const store = this.#store
    if (!store.withLock) return undefined
    const ttl = this.#timeout + 5000
    const wait = ttl + this.#timeout
    const tooLate = new StoreError('The lock was not had in time.', { code: 'ERR_WECHAT_LOCK' })
    try {
      return await withDeadline(
        wait + this.#timeout,
        (patience) =>
          new Promise((resolve, reject) => {
            const locked = store.withLock?.(
              key,
              async (signal) => {
                if (patience.isOver) throw tooLate
                // A process that was stopped for a while hears of its signal late: the clock tells as well.
                const until = performance.now() + ttl
                const result = task(() => !signal.aborted && performance.now() < until)
                resolve({ result })
                return result
              },
              { ttl, wait },
            )
            Promise.resolve(locked).then(() => {
              resolve(undefined)
            }, reject)
          }),
        () => tooLate,
      )
    } catch {
      return undefined
    }
  }

  async #get(key: string, visit: Visit): Promise<WechatToken | undefined> {
    try {
      const answer = this.#store.getToken(key)
      visit.answer = answer
      return normalizeRecord(key, await answer)
    } catch (error) {
      throw asStoreError(error, 'read')
    }
  }

  #save(key: string, token: WechatToken, visit: Visit): Promise<unknown> {
    return attempt('save', () => {
      const answer = this.#store.saveToken(key, token)
      visit.answer = answer
      return answer
    })
  }

  #remove(key: string, visit: Visit): Promise<unknown> {
    // A store that cannot delete is given a record that is good for nothing.
    if (!this.#store.deleteToken)
      return this.#save(key, { openid: key, access_token: '', expires_in: 0, create_at: 0 }, visit)
    return attempt('delete', async () => this.#store.deleteToken?.(key))
  }

  #withinTimeout<T>(task: (deadline: Deadline, visit: Visit) => Promise<T>): Promise<T> {
    const visit: Visit = { answer: undefined }
    return withDeadline(
      this.#timeout,
      (deadline) => task(deadline, visit),
      () => {
        const name = findUncalledName(visit.answer)
        return new StoreError(
          name === undefined
            ? `The token store did not answer within ${this.#timeout} ms.`
            : `${name} declares a callback and has not called it within ${this.#timeout} ms. ` +
                'Call it, or remove the parameter.',
        )
      },
    )
  }
}
