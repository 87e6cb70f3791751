import type { OAuthCallback, OAuthError } from './types.js'
import { ApplicationFailure, asOAuthError } from './errors.js'
import { makeAccessToken } from './access-token.js'

/**
 * Runs `task` and hands its outcome to the callback: once, later, and outside of any promise, so that what the callback
 * throws ends where it would end without promises.
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

// A token that could not be saved is there all the same.
function failure(error: unknown): unknown[] {
  const token = error instanceof ApplicationFailure ? error.token : undefined
  return token ? [asOAuthError(error), makeAccessToken(token)] : [asOAuthError(error)]
}

/** The outcome of a method that takes a callback; of several, the first. */
export async function awaitOutcome<T>(start: (callback: OAuthCallback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error: OAuthError | null, result) => {
      if (error) reject(error)
      else resolve(result)
    })
  })
}
