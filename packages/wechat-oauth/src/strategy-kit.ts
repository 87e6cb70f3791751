/**
 * What strategies of Passport need to call the application in its own style and to survive what it throws. For authors of
 * strategies: `@wechat-auth/wechat-oauth/strategy-kit`.
 */
import { types } from 'node:util'

export { hasOuterSpace, refuseOuterSpace } from './outer-space.js'
export { isOfOtherPage, refuseScopesOfOtherPage, scopesIn } from './scopes.js'
export { refuseWrongNames, wrongCredentialNames, type WrongNames } from './wrong-names.js'

/** What verify came to; a falsy user means no. */
export interface VerifyAnswer<User> {
  user?: User | false | null | undefined
  info?: object | string | null | undefined
}

type Done<User> = (error?: unknown, user?: VerifyAnswer<User>['user'], info?: VerifyAnswer<User>['info']) => void

/**
 * Calls verify with these values and `done` behind them, and settles with the first of: `done`, a throw, a rejection, a promise
 * of something other than `undefined`. A promise of `undefined` is a no where no `done` is declared, and else waits for it.
 *
 * @param mayReturn - what verify returns, without a promise, is its answer too
 */
export function callVerify<User>(verify: (...parameters: never[]) => unknown, values: readonly unknown[], mayReturn: boolean): Promise<VerifyAnswer<User>> {
  const declaresDone = verify.length > values.length
  return new Promise((resolve, reject: (reason: Error) => void) => {
    const done: Done<User> = (error, user, info) => {
      if (error) reject(error as Error)
      else resolve({ user, info })
    }
    let returned: unknown
    try {
      returned = (verify as (...parameters: unknown[]) => unknown)(...values, done)
    } catch (error) {
      reject(error as Error)
      return
    }
    if (!isPromise(returned, declaresDone)) {
      if (mayReturn && returned !== undefined) resolve({ user: returned as VerifyAnswer<User>['user'] })
      return
    }
    returned.then((user) => {
      if (user !== undefined || !declaresDone) resolve({ user: user as VerifyAnswer<User>['user'] })
    }, reject)
  })
}

// A database query can be a thenable that runs (again) when it is looked at: beside a declared `done` it is left alone.
function isPromise(value: unknown, declaresDone: boolean): value is PromiseLike<unknown> {
  if (types.isPromise(value)) return true
  return !declaresDone && typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

/**
 * What can be given to Passport as an error. Express goes on with the next handler when that is falsy, and skips handlers for
 * these words.
 *
 * @param ifNone - the message of the error that stands in for such
 */
export function reportable(thrown: unknown, ifNone: string): unknown {
  return !thrown || thrown === 'route' || thrown === 'router' ? new Error(ifNone) : thrown
}

/**
 * Takes one of Passport's actions. It calls the application (`passport.authenticate(name, callback)`): what that throws, or
 * rejects with, goes to `report`, once; what this throws then goes to `lastResort`.
 */
export async function takeAction(action: () => unknown, report: (error: unknown) => unknown, lastResort: (error: unknown) => unknown): Promise<void> {
  try {
    await action()
  } catch (error) {
    await takeReport(() => report(error), lastResort)
  }
}

/** The same for the action that reports an error itself. */
export async function takeReport(report: () => unknown, lastResort: (error: unknown) => unknown): Promise<void> {
  try {
    await report()
  } catch (error) {
    await lastResort(error)
  }
}
