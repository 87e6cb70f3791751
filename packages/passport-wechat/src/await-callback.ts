import { types } from 'node:util'

/**
 * Calls a function that answers through a Node callback.
 *
 * @returns the callback's arguments after the error. If the function returns a promise by mistake, its rejection counts, too
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
