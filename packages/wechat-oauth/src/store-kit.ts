/**
 * What every store needs: the checks that the contracts ask for, errors without values, calls in bounded time, and a lock made
 * of two atomic operations of a database. For authors of stores: `@wechat-auth/wechat-oauth/store-kit`.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { isUnusableRecord, TokenStoreError, WechatDecryptError } from './errors.js'
import { isRecord } from './plain-record.js'
import type { StoredSession, WechatAccount } from './session-contracts.js'
import type { LockOptions, WechatToken } from './types.js'
import { isWellFormed } from './well-formed.js'
import { withDeadline, withTimeout, type Deadline } from './with-timeout.js'

export { checkOpenid, isOpenid } from './arguments.js'
export { isUnusableRecord } from './errors.js'
export { KeyedQueue } from './keyed-queue.js'
export { isRecord, plainRecord } from './plain-record.js'
export { toNumber, toTime } from './token.js'
export { isWellFormed } from './well-formed.js'
export { withDeadline, type Deadline } from './with-timeout.js'
export {
  refuseWrongConnection,
  refuseWrongNames,
  type WrongConnection,
  type WrongNames,
} from './wrong-names.js'

/** @throws TypeError when the key of a record or lock is not a non-empty string */
export function checkKey(key: unknown): asserts key is string {
  if (typeof key !== 'string' || key === '')
    throw new TypeError('The key of a token must be a non-empty string')
}

/** @throws TypeError when what a session or user is looked up by is not a non-empty string; `name` is of the argument */
export function checkName(name: string, value: unknown): asserts value is string {
  if (typeof value !== 'string' || value === '') throw new TypeError(`${name} must be a non-empty string`)
}

/**
 * For backends that keep text as UTF-8: it has no form for half of a surrogate pair, so two such keys would become the same.
 *
 * @throws TypeError when the key of a record or lock is not a non-empty, well-formed string
 */
export function checkWellFormedKey(key: unknown): asserts key is string {
  checkKey(key)
  if (!isWellFormed(key)) throw new TypeError('The key of a token must be a well-formed string')
}

/**
 * The same check for a hash, an appId or an id.
 *
 * @param name - the argument that the message names
 * @throws TypeError when the value is not a non-empty, well-formed string
 */
export function checkWellFormedName(name: string, value: unknown): asserts value is string {
  checkName(name, value)
  if (!isWellFormed(value)) throw new TypeError(`${name} must be a well-formed string`)
}

/** @throws TypeError when the lifetime of a session is not a positive number of seconds */
export function checkLifetime(ttl: unknown): asserts ttl is number {
  if (typeof ttl !== 'number' || !(ttl > 0 && ttl < Infinity))
    throw new TypeError('ttl must be a positive number of seconds')
}

/** @throws TypeError when there is no appId or openid, or a unionid that is not a non-empty string */
export function checkAccount(account: unknown): asserts account is WechatAccount {
  if (typeof account !== 'object' || account === null)
    throw new TypeError('An account must be an object with appId and openid')
  const { appId, openid, unionid } = account as Partial<WechatAccount>
  checkName('appId', appId)
  checkName('openid', openid)
  if (unionid !== undefined) checkName('unionid', unionid)
}

/** A failure of a backend as the error that callers are promised: what a token store itself throws stays, anything else loses its text. */
export function asTokenStoreError(error: unknown, what: string): TokenStoreError | WechatDecryptError {
  if (error instanceof TokenStoreError || error instanceof WechatDecryptError) return error
  const reason = isUnusableRecord(error) ? 'record' : undefined
  return new TokenStoreError(`The store failed to ${what}.`, { error, reason })
}

/** Runs a command of the backend; whatever it throws becomes a `TokenStoreError`. `what` completes "failed to …". */
export async function attempt<T>(what: string, command: () => Promise<T>): Promise<T> {
  try {
    return await command()
  } catch (error) {
    throw asTokenStoreError(error, what)
  }
}

/** The same for at most `timeout` milliseconds; then the signal fires, for what can still be taken back. */
export async function attemptWithin<T>(
  timeout: number,
  what: string,
  command: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return attempt(what, () => withTimeout(timeout, command, () => lateError(timeout, what)))
}

/** The same where no signal is needed, which would cost several microseconds. */
export async function attemptBefore<T>(
  timeout: number,
  what: string,
  command: (deadline: Deadline) => T | PromiseLike<T>,
): Promise<T> {
  try {
    return await withDeadline(timeout, command, () => lateError(timeout, what))
  } catch (error) {
    throw asTokenStoreError(error, what)
  }
}

function lateError(timeout: number, what: string): TokenStoreError {
  return new TokenStoreError(`The store failed to ${what} within ${timeout} ms.`)
}

const longestTimeout = 24 * 3600 * 1000

/** @throws TypeError when the option `timeout` of a store is not a number of milliseconds that a timer can count */
export function checkTimeout(timeout: unknown): asserts timeout is number {
  if (typeof timeout !== 'number' || !(timeout > 0 && timeout <= longestTimeout)) {
    throw new TypeError('timeout must be a positive number of milliseconds, at most a day')
  }
}

/**
 * The JSON of a record or session.
 *
 * @param what - what the store does with it: completes "failed to …"
 * @throws TokenStoreError when the record cannot be serialized, e.g. because it is circular
 */
export function encodeRecord(record: object, what: string): string {
  try {
    return JSON.stringify(record)
  } catch (error) {
    throw asTokenStoreError(error, what)
  }
}

/**
 * Parses the JSON of a record.
 *
 * @param text - what the backend returned
 * @throws TokenStoreError with the `reason` `record` when it is not the JSON of an object
 */
export function decodeRecord(text: unknown): WechatToken {
  if (typeof text !== 'string') throw corruptRecord()
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw corruptRecord()
  }
  if (!isRecord(value)) throw corruptRecord()
  return value as WechatToken
}

/**
 * Parses the JSON of a session.
 *
 * @param text - what the backend returned
 * @throws TokenStoreError with the `reason` `record` when it is not the JSON of an object with a `userId`
 */
export function decodeSession(text: unknown): StoredSession {
  const session: unknown = decodeRecord(text)
  if (typeof (session as StoredSession).userId !== 'string') throw corruptRecord()
  return session as StoredSession
}

/**
 * What is kept under a key is not a record. The `reason` of the error is `record`: a login replaces what is
 * there. Throw it only where the backend has answered.
 */
export function corruptRecord(): TokenStoreError {
  return new TokenStoreError('The store holds something that is not a record.', { reason: 'record' })
}

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
 * @throws TokenStoreError `ERR_WECHAT_LOCK` when the lock is not had within `wait`
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
export function lockError(message: string, error?: unknown): TokenStoreError {
  return new TokenStoreError(message, { code: 'ERR_WECHAT_LOCK', error })
}
