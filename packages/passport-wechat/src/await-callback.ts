import { types } from 'node:util'

/**
 * Calls a function that answers through a callback, and resolves to what follows the error there. A function that is written
 * with promises by mistake leaves no rejection behind.
 */
export function awaitCallback(
  call: (callback: (error?: unknown, ...results: unknown[]) => void) => unknown,
): Promise<unknown[]> {
  return new Promise((resolve, reject: (reason: Error) => void) => {
    const returned = call((error, ...results) => {
      if (error) reject(error as Error)
      else resolve(results)
    })
    if (types.isPromise(returned)) returned.catch(reject)
  })
}
