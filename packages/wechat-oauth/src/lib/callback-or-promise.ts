import { types } from 'node:util'

/** A callback of Node's style: an error, or what follows it. */
type Callback = (error?: unknown, ...results: unknown[]) => void

export interface AnswerOptions {
  /** Whether the function has a parameter for the callback. It gets one anyway: `...rest` does not show. */
  declaresCallback: boolean
  /** Whether a function without that parameter answers with this value, which is not a promise. */
  isAnswer: (returned: unknown) => boolean
  /** Hears that a function has resolved to `undefined`, so that only its declared callback can still answer. */
  onUncalled?: () => void
}

/**
 * Calls a function of the application that answers in the style of Node callbacks or of promises. The first
 * answer counts.
 *
 * Where the function declares a callback, the callback is the answer. Beside it count only a throw, and a
 * native promise that rejects or resolves to something other than `undefined`: drivers return what they like
 * from a call with a callback, even thenables that throw, or run a query again, when somebody looks at them.
 *
 * @returns what follows the error in the callback, or the value of the promise
 */
export function awaitAnswer(
  call: (callback: Callback) => unknown,
  { declaresCallback, isAnswer, onUncalled }: AnswerOptions,
): Promise<unknown[]> {
  return new Promise((resolve, reject: (reason: Error) => void) => {
    const returned = call((error, ...results) => {
      if (error) reject(error as Error)
      else resolve(results)
    })
    if (types.isPromise(returned) || (!declaresCallback && isThenable(returned))) {
      returned.then((value) => {
        if (value !== undefined || !declaresCallback) resolve([value])
        else onUncalled?.()
      }, reject)
    } else if (!declaresCallback && isAnswer(returned)) {
      resolve([returned])
    }
  })
}

/** Whether a value has a method `then`. It is read, so do not ask about a value that may be a query or a reply. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  const mayBe = (typeof value === 'object' && value !== null) || typeof value === 'function'
  return mayBe && typeof (value as { then?: unknown }).then === 'function'
}
