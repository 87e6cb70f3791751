import { types } from 'node:util'
import type { AnyWechatVerify, WechatVerifyCallback, WechatVerifyInput } from './types.js'

/** What verify came to; a falsy user means no. */
export interface VerifyAnswer {
  user?: Express.User | false | null | undefined
  info?: object | string | null | undefined
}

export interface VerifyOptions {
  passReqToCallback: boolean
  verifyArguments: 'positional' | 'object' | undefined
}

type Callable = (...parameters: unknown[]) => unknown

/**
 * Calls verify in the form that it declares, and settles with the first of: `done`, a throw, a rejection, a promise of
 * something other than `undefined`; a function of one parameter, the object, may return its answer without a promise too. A
 * promise of `undefined` is a no where no `done` is declared, and else waits for it.
 */
export function callVerify(verify: AnyWechatVerify, input: WechatVerifyInput, options: VerifyOptions): Promise<VerifyAnswer> {
  const values = parametersOf(verify.length, input, options)
  const declaresDone = verify.length > values.length
  return new Promise((resolve, reject: (reason: Error) => void) => {
    const done: WechatVerifyCallback = (error, user, info) => {
      if (error) reject(error as Error)
      else resolve({ user, info })
    }
    let returned: unknown
    try {
      returned = (verify as Callable)(...values, done)
    } catch (error) {
      reject(error as Error)
      return
    }
    if (!isPromise(returned, declaresDone)) {
      // Of one parameter, the object, a function can answer in no other way than by what it returns.
      if (values.length === 1 && verify.length === 1 && returned !== undefined) resolve({ user: returned as VerifyAnswer['user'] })
      return
    }
    returned.then((user) => {
      if (user !== undefined || !declaresDone) resolve({ user: user as VerifyAnswer['user'] })
    }, reject)
  })
}

function parametersOf(length: number, input: WechatVerifyInput, { passReqToCallback, verifyArguments }: VerifyOptions): unknown[] {
  if (verifyArguments === 'object' || (verifyArguments === undefined && length === 1)) return [input]
  const { accessToken, refreshToken, params, profile, req } = input
  const withParams = length === (passReqToCallback ? 6 : 5)
  return [...(passReqToCallback ? [req] : []), accessToken, refreshToken, ...(withParams ? [params] : []), profile]
}

// A database query can be a thenable that runs (again) when it is looked at: beside a declared `done` it is left alone.
function isPromise(value: unknown, declaresDone: boolean): value is PromiseLike<unknown> {
  if (types.isPromise(value)) return true
  return !declaresDone && typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}
