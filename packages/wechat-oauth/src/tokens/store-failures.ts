import { isUnusableRecord, StoreError, WechatDecryptError } from '../errors.js'
import { withDeadline, type Deadline } from '../lib/deadline.js'

/**
 * Turns any failure of a backend into the error that the contract promises. A `StoreError` or `WechatDecryptError` stays;
 * anything else loses its message, which may contain values.
 *
 * @param what - what the store did: completes "failed to …"
 */
export function asStoreError(error: unknown, what: string): StoreError | WechatDecryptError {
  if (error instanceof StoreError || error instanceof WechatDecryptError) return error
  const reason = isUnusableRecord(error) ? 'record' : undefined
  return new StoreError(`The store failed to ${what}`, { error, reason })
}

/**
 * Runs a command of the backend. Whatever it throws becomes a `StoreError`.
 *
 * @param what - what the store does: completes "failed to …"
 */
export async function attempt<T>(what: string, command: () => Promise<T>): Promise<T> {
  try {
    return await command()
  } catch (error) {
    throw asStoreError(error, what)
  }
}

/**
 * Runs a command of the backend for at most `timeout` milliseconds. Whatever it throws becomes a `StoreError`.
 *
 * @param what - what the store does: completes "failed to …"
 */
export async function attemptBefore<T>(
  timeout: number,
  what: string,
  command: (deadline: Deadline) => T | PromiseLike<T>,
): Promise<T> {
  try {
    return await withDeadline(
      timeout,
      command,
      () => new StoreError(`The store failed to ${what} within ${timeout} ms`),
    )
  } catch (error) {
    throw asStoreError(error, what)
  }
}

/** Like `attemptBefore`, for a command that takes only the signal of the deadline. */
export function attemptWithin<T>(
  timeout: number,
  what: string,
  command: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return attemptBefore(timeout, what, ({ signal }) => command(signal))
}
