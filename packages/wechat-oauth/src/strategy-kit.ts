/**
 * What strategies of Passport need to call the application in its own style, to survive what it throws, and to take an identity
 * from WeChat's replies only. For authors of strategies: `@wechat-auth/wechat-oauth/strategy-kit`.
 */
import { types } from 'node:util'
import { awaitAnswer } from './lib/callback-or-promise.js'

export { bindToIdentity, dataRefusalCode, type DataRefusalCode, type WechatIdentity } from './api/identity.js'
export { pagePaths, apiPaths, weChatServers } from './http/endpoints.js'
export { BoundedMap } from './lib/bounded-map.js'
export { safeLogger } from './lib/logger.js'

export { hasOuterSpace, refuseOuterSpace } from './lib/outer-space.js'
export { isOfOtherPage, refuseScopesOfOtherPage, scopesIn } from './lib/scopes.js'
export { refuseWrongNames, wrongCredentialNames, type WrongNames } from './lib/wrong-names.js'

/** What verify came to; a falsy user means no. */
export interface VerifyAnswer<User> {
  user?: User | false | null | undefined
  info?: object | string | null | undefined
}

/**
 * Calls verify with these values and `done` behind them. The first answer counts: `done`, a throw, a
 * rejection, or a promise of something other than `undefined`. A promise of `undefined` means no where verify
 * declares no `done`; else verify still has to call it. Beside a declared `done` a thenable that is not a
 * native promise is left alone.
 *
 * @param mayReturn - where verify declares no `done`, it may return the user without a promise. `undefined`
 * is no answer
 */
export async function callVerify<User>(
  verify: (...parameters: never[]) => unknown,
  values: readonly unknown[],
  mayReturn: boolean,
): Promise<VerifyAnswer<User>> {
  const call = verify as (...parameters: unknown[]) => unknown
  const [user, info] = await awaitAnswer((done) => call(...values, done), {
    declaresCallback: verify.length > values.length,
    isAnswer: (returned) => mayReturn && returned !== undefined,
  })
  return { user, info } as VerifyAnswer<User>
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
 * Waits for a promise of the application, and rejects as it does. Any other value is not looked at: a
 * thenable can be Fastify's reply, which settles only when the response is sent, or a database query, which
 * would run (again).
 */
export async function settled(returned: unknown): Promise<void> {
  if (types.isPromise(returned)) await returned
}

/**
 * Takes one of Passport's actions. It calls the application (`passport.authenticate(name, callback)`): what that throws, or
 * rejects with, goes to `report`, once; what this throws then goes to `lastResort`.
 */
export async function takeAction(
  action: () => unknown,
  report: (error: unknown) => unknown,
  lastResort: (error: unknown) => unknown,
): Promise<void> {
  try {
    await settled(action())
  } catch (error) {
    await takeReport(() => report(error), lastResort)
  }
}

/** The same for the action that reports an error itself. */
export async function takeReport(
  report: () => unknown,
  lastResort: (error: unknown) => unknown,
): Promise<void> {
  try {
    await settled(report())
  } catch (error) {
    await settled(lastResort(error))
  }
}
