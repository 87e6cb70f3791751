import { isUnusableRecord, StoreError, type WechatDecryptError } from '../errors.js'
import { KeyedQueue } from '../lib/keyed-queue.js'
import { lockChannel, recordKind, storeChannel, traced } from '../lib/channels.js'
import type { WechatLockMessage, WechatStoreMessage } from '../diagnostics.js'
import { lockError, lockExpiry } from './lock.js'
import { asStoreError, attempt } from './store-failures.js'
import { normalizeRecord } from './token.js'
import type { TokenStore, WechatToken } from '../types.js'
import { findUncalledName } from './uncalled-callbacks.js'
import { withDeadline, type Deadline } from '../lib/deadline.js'

export interface StoreAccessOptions {
  appId: string
  store: TokenStore
  timeout: number
  /** Called when a task runs without a lock. */
  onNoLock: () => void
}

/** Makes the new record from the stored one. `undefined` leaves the record as it is, `null` removes it. */
export type Change = (stored: WechatToken | undefined) => WechatToken | undefined | null

export interface ChangeEvents {
  /** Called before a record that cannot be used is replaced. Without it, the change rejects; with it, the record counts as absent. */
  onReplaced?: (problem: StoreFailure) => void
  /** Called when the store has saved the record, before the next change of the record starts. */
  onSaved?: () => void
}

/** The latest question to the store. */
interface Visit {
  result: unknown
  /** Called when there is no time left for the answer. */
  onTimeout?: (error: StoreError) => void
}

export type StoreFailure = StoreError | WechatDecryptError

/**
 * Access to a token store. It normalizes records, turns failures into errors without values, and limits how long everything
 * takes.
 *
 * The contract has no compare-and-set, so a change is a read followed by a write. In this process, the changes of a record wait
 * for each other. Another process can interfere only during the one round trip between the two.
 */
export class StoreAccess {
  readonly #appId: string
  readonly #store: TokenStore
  readonly #timeout: number
  readonly #onNoLock: () => void
  readonly #changes = new KeyedQueue()

  constructor({ appId, store, timeout, onNoLock }: StoreAccessOptions) {
    this.#appId = appId
    this.#store = store
    this.#timeout = timeout
    this.#onNoLock = onNoLock
  }

  /** @throws StoreError */
  read(key: string): Promise<WechatToken | undefined> {
    return this.#withinTimeout((_deadline, visit) => this.#get(key, visit))
  }

  /**
   * Changes a record.
   *
   * @throws StoreError
   */
  change(key: string, change: Change, events: ChangeEvents = {}): Promise<void> {
    const now = (waiting?: Deadline): Promise<void> => this.#changeNow(key, change, events, waiting)
    if (!this.#changes.isBusy(key)) return this.#changes.enqueue(key, now)
    // Each of the earlier changes has its own timeout, so waiting for them needs another one.
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
      // The caller has already been told that it failed.
      if (isLate() || waiting?.isOver) return
      if (problem && changed) onReplaced?.(problem)
      if (changed) {
        await this.#save(key, changed, visit)
        // After the deadline, the next change may have started already.
        if (!isLate()) onSaved?.()
      }
      if (changed === null) await this.#remove(key, visit)
    })
  }

  /**
   * Runs a task under a lock for all processes if the store has such locks and this one becomes free. Otherwise it runs the
   * task without a lock, because two refreshes are better than a login that fails.
   */
  async withLock<T>(key: string, task: (isOurs: () => boolean) => Promise<T>): Promise<T> {
    const locked = await this.#startLocked(key, task)
    if (locked) return locked.result
    this.#onNoLock()
    return task(() => true)
  }

  // After any failure before the task starts (no lock table, no connection) there is no lock. If the store is down, the next
  // read reports that.
  async #startLocked<T>(
    key: string,
    task: (isOurs: () => boolean) => Promise<T>,
  ): Promise<{ result: Promise<T> } | undefined> {
    if (!this.#store.withLock) return undefined
    const message = (): WechatLockMessage => ({ appId: this.#appId, record: recordKind(key) })
    try {
      return await traced(lockChannel, message, () => this.#awaitLock(key, task))
    } catch {
      return undefined
    }
  }

  // It settles as soon as the task has started: then the task's result counts, no matter what happens to the lock.
  #awaitLock<T>(key: string, task: (isOurs: () => boolean) => Promise<T>): Promise<{ result: Promise<T> }> {
    const ttl = this.#timeout + 5000
    const wait = ttl + this.#timeout
    const tooLate = lockError('Timed out waiting for the lock')
    const ask = (patience: Deadline): Promise<{ result: Promise<T> }> =>
      new Promise((resolve, reject) => {
        const locked = this.#store.withLock?.(
          key,
          async (signal) => {
            if (patience.isOver) throw tooLate
            // In a process that was suspended, the signal fires late. So the clock is checked too.
            const until = lockExpiry(signal) ?? performance.now() + ttl
            const result = task(() => !signal.aborted && performance.now() < until)
            resolve({ result })
            return result
          },
          { ttl, wait },
        )
        Promise.resolve(locked).then(() => {
          reject(lockError('The token store did not run the task under the lock'))
        }, reject)
      })
    return attempt('lock', () => withDeadline(wait + this.#timeout, ask, () => tooLate))
  }

  #get(key: string, visit: Visit): Promise<WechatToken | undefined> {
    return this.#operate('getToken', key, visit, async () => {
      try {
        const result = this.#store.getToken(key)
        visit.result = result
        return normalizeRecord(key, await result)
      } catch (error) {
        throw asStoreError(error, 'read')
      }
    })
  }

  #save(key: string, token: WechatToken, visit: Visit): Promise<unknown> {
    return this.#operate('saveToken', key, visit, () =>
      attempt('save', () => {
        const result = this.#store.saveToken(key, token)
        visit.result = result
        return result
      }),
    )
  }

  #remove(key: string, visit: Visit): Promise<unknown> {
    // A store that cannot delete gets a record that is not valid.
    if (!this.#store.deleteToken)
      return this.#save(key, { openid: key, access_token: '', expires_in: 0, create_at: 0 }, visit)
    return this.#operate('deleteToken', key, visit, () =>
      attempt('delete', async () => this.#store.deleteToken?.(key)),
    )
  }

  #operate<T>(
    operation: WechatStoreMessage['operation'],
    key: string,
    visit: Visit,
    run: () => Promise<T>,
  ): Promise<T> {
    return traced(
      storeChannel,
      () => ({ appId: this.#appId, operation, record: recordKind(key) }),
      // Without subscribers, nobody needs to know when an operation has timed out.
      (message) => (message ? untilTimeout(visit, run) : run()),
    )
  }

  #withinTimeout<T>(task: (deadline: Deadline, visit: Visit) => Promise<T>): Promise<T> {
    const visit: Visit = { result: undefined }
    return withDeadline(
      this.#timeout,
      (deadline) => task(deadline, visit),
      () => {
        const name = findUncalledName(visit.result)
        const error = new StoreError(
          name === undefined
            ? `The token store did not answer within ${this.#timeout} ms`
            : `${name} declares a callback but did not call it within ${this.#timeout} ms. ` +
                'Call it, or remove the parameter.',
        )
        visit.onTimeout?.(error)
        return error
      },
    )
  }
}

function untilTimeout<T>(visit: Visit, run: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    visit.onTimeout = reject
    run().then(resolve, reject)
  })
}
