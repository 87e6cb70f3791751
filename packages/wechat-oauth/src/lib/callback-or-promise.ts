import { types } from 'node:util'

/** A callback in the style of Node: an error, or `null` and the results. */
type Callback = (error?: unknown, ...results: unknown[]) => void

export interface AnswerOptions {
  /** Whether the function declares a parameter for the callback. It gets a callback anyway, because `...rest` cannot be seen. */
  declaresCallback: boolean
  /** Whether a returned value that is not a promise is the result, if the function does not declare the parameter. */
  isAnswer: (returned: unknown) => boolean
  /** Called when the function has resolved to `undefined`, so that only a call of its declared callback can give a result. */
  onUncalled?: () => void
}

/**
 * Calls a function of the application in the style of Node callbacks or of promises, and waits for its result. The first
 * result counts.
 *
 * If the function declares a callback, the result comes through the callback. Besides, only a throw counts, and a native
 * promise that rejects or resolves to anything but `undefined`. All other return values are ignored: a driver that was given
 * a callback may return a thenable that throws, or runs the query again, when its `then` is read.
 *
 * @returns the callback's arguments after the error, or an array of the promise's value
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

/** Whether a value has a method `then`. It reads the method, so do not pass a value that may be a query. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  const mayBe = (typeof value === 'object' && value !== null) || typeof value === 'function'
  return mayBe && typeof (value as { then?: unknown }).then === 'function'
}
