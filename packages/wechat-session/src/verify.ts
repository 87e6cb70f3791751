import { types } from 'node:util'

/** What verify came to; a falsy user means no. */
export interface VerifyAnswer {
  user?: Express.User | false | null | undefined
  info?: object | string | null | undefined
}

type Done = (error?: unknown, user?: VerifyAnswer['user'], info?: VerifyAnswer['info']) => void

/**
 * Calls verify with these values and `done` behind them, and settles with the first of: `done`, a throw, a rejection, a promise
 * of something other than `undefined`. A promise of `undefined` is a no where no `done` is declared, and else waits for it.
 */
export function callVerify(verify: (...parameters: never[]) => unknown, values: readonly unknown[]): Promise<VerifyAnswer> {
  const declaresDone = verify.length > values.length
  return new Promise((resolve, reject: (reason: Error) => void) => {
    const done: Done = (error, user, info) => {
      if (error) reject(error as Error)
      else resolve({ user, info })
    }
    let returned: unknown
    try {
      returned = Reflect.apply(verify as (...parameters: unknown[]) => unknown, undefined, [...values, done])
    } catch (error) {
      reject(error as Error)
      return
    }
    if (!isPromise(returned, declaresDone)) {
      // Who declares no `done` can answer in no other way than by what it returns.
      if (verify.length === values.length && returned !== undefined) resolve({ user: returned as VerifyAnswer['user'] })
      return
    }
    returned.then((user) => {
      if (user !== undefined || !declaresDone) resolve({ user: user as VerifyAnswer['user'] })
    }, reject)
  })
}

// A database query can be a thenable that runs (again) when it is looked at: beside a declared `done` it is left alone.
function isPromise(value: unknown, declaresDone: boolean): value is PromiseLike<unknown> {
  if (types.isPromise(value)) return true
  return !declaresDone && typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}
