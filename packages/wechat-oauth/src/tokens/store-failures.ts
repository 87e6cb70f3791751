import { isUnusableRecord, StoreError, WechatDecryptError } from '../errors.js'
import { withDeadline, withTimeout, type Deadline } from '../lib/deadline.js'
import { isRecord } from '../lib/plain-record.js'
import type { StoredSession } from '../session-contracts.js'
import type { WechatToken } from '../types.js'

/** A failure of a backend as the error that callers are promised: what a token store itself throws stays, anything else loses its text. */
export function asStoreError(error: unknown, what: string): StoreError | WechatDecryptError {
  if (error instanceof StoreError || error instanceof WechatDecryptError) return error
  const reason = isUnusableRecord(error) ? 'record' : undefined
  return new StoreError(`The store failed to ${what}.`, { error, reason })
}

/** Runs a command of the backend; whatever it throws becomes a `StoreError`. `what` completes "failed to …". */
export async function attempt<T>(what: string, command: () => Promise<T>): Promise<T> {
  try {
    return await command()
  } catch (error) {
    throw asStoreError(error, what)
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
    throw asStoreError(error, what)
  }
}

function lateError(timeout: number, what: string): StoreError {
  return new StoreError(`The store failed to ${what} within ${timeout} ms.`)
}

/**
 * Serializes a record or session.
 *
 * @param what - what the store does with it; completes "failed to …"
 * @throws StoreError if it cannot be serialized, for example because it is circular
 */
export function encodeRecord(record: object, what: string): string {
  try {
    return JSON.stringify(record)
  } catch (error) {
    throw asStoreError(error, what)
  }
}

/**
 * Parses the JSON of a record.
 *
 * @param text - what the backend returned
 * @throws StoreError with the `reason` `record` if it is not the JSON of an object
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
 * @throws StoreError with the `reason` `record` if it is not the JSON of an object with a `userId`
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
export function corruptRecord(): StoreError {
  return new StoreError('The store holds something that is not a record.', { reason: 'record' })
}
