/**
 * For authors of Passport strategies: calls the application in the style that it declares, handles what it throws, and takes
 * an identity from WeChat's replies only. `@wechat-auth/wechat-oauth/strategy-kit`.
 */
import { awaitAnswer } from './lib/callback-or-promise.js'

export { bindToIdentity, dataRefusalCode, type DataRefusalCode, type WechatIdentity } from './api/identity.js'
export { apiPaths, pagePaths, wechatServers } from './http/endpoints.js'
export { isCode } from './lib/arguments.js'
export { BoundedMap } from './lib/bounded-map.js'
export { publishLogin } from './lib/channels.js'
export { safeLogger } from './lib/logger.js'

export { hasOuterSpace, refuseOuterSpace } from './lib/outer-space.js'
export { isOfOtherPage, refuseScopesOfOtherPage, scopesIn } from './lib/scopes.js'
export { isObject } from './lib/plain-record.js'
export { refuseWrongNames, wrongCredentialNames, type WrongNames } from './lib/wrong-names.js'

export {
  bindActions,
  passToNext,
  perform,
  reportable,
  settled,
  takeAction,
  takeReport,
  type Actions,
  type Outcome,
} from './strategy-kit/actions.js'
export { MiniProgramInputReader, openUserData } from './strategy-kit/mini-program.js'
export type { WechatLoginMessage } from './diagnostics.js'

/** The answer of verify. A falsy user means no. */
export interface VerifyAnswer<User> {
  user?: User | false | null | undefined
  info?: object | string | null | undefined
}

/**
 * Calls verify with these values, followed by `done`. The first answer counts: a call of `done`, a throw, a rejection, or a
 * promise of anything but `undefined`. A promise of `undefined` means no if verify declares no `done`; otherwise verify still
 * has to call it. If verify declares `done`, thenables that are not native promises are ignored.
 *
 * @param mayReturn - if verify declares no `done`, it may return the user without a promise. `undefined` is not an answer
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
 * Reads the `code` in the `info` of a refusal by verify, for a log. Only a word or a number counts, because the rest of `info`
 * may describe the user.
 */
export function readInfoCode(info: unknown): string | number | undefined {
  const code = readCode(info)
  const isCode = typeof code === 'number' || (typeof code === 'string' && /^[\w.:-]{1,64}$/.test(code))
  return isCode ? code : undefined
}

function readCode(info: unknown): unknown {
  try {
    return ((info ?? {}) as { code?: unknown }).code
  } catch {
    // A getter of the application threw.
    return undefined
  }
}

/**
 * @param who - the class whose options these are
 * @param problem - names the option and what it must be
 * @throws TypeError unless the condition holds
 */
export function refuseUnless(who: string, condition: boolean, problem: string): asserts condition {
  if (!condition) throw new TypeError(`${who}: ${problem}`)
}
