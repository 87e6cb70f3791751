import type { OAuthCallback, OAuthError } from './types.js'
import { asOAuthError, findApplicationFailure } from './errors.js'
import { makeAccessToken } from './access-token.js'

/**
 * Runs a task and passes its outcome to the callback: once, asynchronously, and outside any promise, so that an error which the
 * callback throws is uncaught, as it would be without promises.
 */
export function answer<T>(callback: OAuthCallback<T> | undefined, task: () => Promise<T>): void {
  const call = typeof callback === 'function' ? (callback as (...values: unknown[]) => void) : () => undefined
  task().then(
    (result) => {
      process.nextTick(call, null, result)
    },
    (error: unknown) => {
      process.nextTick(call, ...failure(error))
    },
  )
}

// The callback gets the token although it could not be saved.
function failure(error: unknown): unknown[] {
  const token = findApplicationFailure(error)?.token
  return token ? [asOAuthError(error), makeAccessToken(token)] : [asOAuthError(error)]
}

/** Waits for the outcome of a method that has a callback. The first one counts. */
export async function awaitOutcome<T>(start: (callback: OAuthCallback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error: OAuthError | null, result) => {
      if (error) reject(error)
      else resolve(result)
    })
  })
}
