import { setTimeout as pause } from 'node:timers/promises'
import { StoreError } from '../errors.js'
import type { LockOptions } from '../types.js'

/** Two atomic operations of a database on one lock. Each attempt to get the lock has a new `owner`. */
export interface LockBackend {
  /** Takes the lock for `ttl` milliseconds if nobody holds it, or the holder's time has expired. Returns whether it did. */
  acquire(owner: string, ttl: number): Promise<boolean>
  /** Releases the lock if the owner still holds it. */
  release(owner: string): Promise<void>
}

// The signal fires late in a process that was suspended, so the task also needs the time.
const expiries = new WeakMap<AbortSignal, number>()

/** When the lock of the task that got this signal expires, on the clock of `performance.now()`, if `runLocked` holds it. */
export function lockExpiry(signal: AbortSignal): number | undefined {
  return expiries.get(signal)
}

const shortestPause = 20
const longestPause = 200

/**
 * Runs a task under a lock. It asks for the lock again and again, with growing pauses, and holds no connection meanwhile. Once
 * the task has run, its result counts: a lock that cannot be released expires.
 *
 * @param options - `ttl` in milliseconds, default 10,000; `wait` in milliseconds, default 15,000
 * @throws StoreError `ERR_WECHAT_LOCK` if the lock does not become free within `wait`
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
  // Counted from before the request, so that the lock does not last longer here than in the backend.
  const expiresAt = acquiredAt + ttl
  expiries.set(controller.signal, expiresAt)
  const lifetime = setTimeout(() => controller.abort(lockExpired()), expiresAt - performance.now())
  try {
    return await task(controller.signal)
  } finally {
    clearTimeout(lifetime)
    await backend.release(owner).catch(() => undefined)
  }
}

/**
 * Reads the times of a lock, with the defaults of the contract.
 *
 * @throws TypeError if a timer cannot count them
 */
export function lockTimes({ ttl = 10_000, wait = 15_000 }: LockOptions = {}): Required<LockOptions> {
  if (!isDuration(ttl) || ttl === 0) throw new TypeError('ttl must be a positive number of milliseconds')
  if (!isDuration(wait)) throw new TypeError('wait must be a number of milliseconds')
  return { ttl, wait }
}

// A longer timer fires at once.
function isDuration(ms: unknown): ms is number {
  return typeof ms === 'number' && ms >= 0 && ms <= 2 ** 31 - 1
}

async function acquire(backend: LockBackend, owner: string, ttl: number, wait: number): Promise<number> {
  const deadline = performance.now() + wait
  for (let longest = shortestPause; ; longest = Math.min(longest * 1.5, longestPause)) {
    const askedAt = performance.now()
    if (await backend.acquire(owner, ttl)) {
      if (performance.now() - askedAt < ttl) return askedAt
      // The process was suspended meanwhile, so somebody else may hold the lock by now.
      await backend.release(owner).catch(() => undefined)
    }
    const left = deadline - performance.now()
    if (left <= 0) throw lockTimedOut(wait)
    // A random pause, so that the waiting processes do not all ask at the same time.
    await pause(Math.min(left, longest * (0.5 + Math.random() / 2)))
  }
}

/** The reason of the signal that a task gets when its lock expires. */
export function lockExpired(): StoreError {
  return lockError('The lock was held for longer than its lifetime')
}

/** The error of a caller who has waited for the lock for `wait` milliseconds. */
export function lockTimedOut(wait: number): StoreError {
  return lockError(`Timed out waiting for the lock: it was not free within ${wait} ms`)
}

/** Makes the error for a lock that could not be taken or kept. */
export function lockError(message: string, error?: unknown): StoreError {
  return new StoreError(message, { code: 'ERR_WECHAT_LOCK', error })
}
