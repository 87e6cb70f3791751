import { setTimeout as pause } from 'node:timers/promises'
import { StoreError } from '../errors.js'
import type { LockOptions } from '../types.js'

/** Two atomic operations of a database on one lock. `owner` is new for each attempt to get it. */
export interface LockBackend {
  /** Takes the lock for `ttl` milliseconds if nobody has it, or whoever had it has had it for too long. */
  acquire(owner: string, ttl: number): Promise<boolean>
  /** Gives the lock back, if it is still the owner's. */
  release(owner: string): Promise<void>
}

const shortestPause = 20
const longestPause = 200

/**
 * Runs `task` under a lock that is asked for again and again, with growing pauses; no connection is held meanwhile.
 * Once the task has run, its outcome counts: a lock that cannot be given back lapses by itself.
 *
 * @param options - `ttl` default 10,000 and `wait` default 15,000, both in milliseconds
 * @throws StoreError `ERR_WECHAT_LOCK` when the lock is not had within `wait`
 */
export async function runLocked<T>(
  backend: LockBackend,
  task: (signal: AbortSignal) => Promise<T>,
  options?: LockOptions,
): Promise<T> {
  const { ttl, wait } = lockTimes(options)
  const owner = crypto.randomUUID()
  const acquiredAt = await acquire(backend, owner, ttl, wait)
  const controller = new AbortController()
  // Counted from before the backend was asked: here the lock must not seem to last longer than there.
  const lifetime = setTimeout(
    () => controller.abort(lockError('The lock was held for longer than its lifetime.')),
    acquiredAt + ttl - performance.now(),
  )
  try {
    return await task(controller.signal)
  } finally {
    clearTimeout(lifetime)
    await backend.release(owner).catch(() => undefined)
  }
}

/** The times of a lock, with the defaults of the contract. @throws TypeError when a timer cannot count them */
export function lockTimes({ ttl = 10_000, wait = 15_000 }: LockOptions = {}): Required<LockOptions> {
  if (!isDuration(ttl) || ttl === 0) throw new TypeError('ttl must be a positive number of milliseconds')
  if (!isDuration(wait)) throw new TypeError('wait must be a number of milliseconds')
  return { ttl, wait }
}

// A timer for longer goes off at once.
function isDuration(ms: unknown): ms is number {
  return typeof ms === 'number' && ms >= 0 && ms <= 2 ** 31 - 1
}

async function acquire(backend: LockBackend, owner: string, ttl: number, wait: number): Promise<number> {
  const deadline = performance.now() + wait
  for (let longest = shortestPause; ; longest = Math.min(longest * 1.5, longestPause)) {
    const askedAt = performance.now()
    if (await backend.acquire(owner, ttl)) {
      if (performance.now() - askedAt < ttl) return askedAt
      // The process stood still meanwhile: by now the lock may be somebody else's.
      await backend.release(owner).catch(() => undefined)
    }
    const left = deadline - performance.now()
    if (left <= 0) throw lockError(`The lock was not free within ${wait} ms.`)
    // At random, so that those who wait do not all ask at the same time.
    await pause(Math.min(left, longest * (0.5 + Math.random() / 2)))
  }
}

/** A lock is not to be had. */
export function lockError(message: string, error?: unknown): StoreError {
  return new StoreError(message, { code: 'ERR_WECHAT_LOCK', error })
}
