import type { WechatLogger, WechatSession } from '@wechat-auth/wechat-oauth'
import {
  bindActions,
  isObject,
  passToNext,
  perform,
  refuseUnless,
  refuseWrongNames,
} from '@wechat-auth/wechat-oauth/strategy-kit'
import type { Request } from 'express'
import { Strategy } from 'passport-strategy'
import { Guard, type SessionChecks } from './guard.js'
import { checkLogger } from './options.js'

interface CommonOptions {
  /** Only tokens of these sessions are accepted. */
  sessions: SessionChecks
  /** The strategy's name in Passport, and the realm of the challenge. Default `wechat-session`. */
  name?: string
  /** Gets a `debug` message for each request that is refused. Never receives a token. Default none. */
  logger?: WechatLogger
}

export interface WechatSessionStrategyOptions extends CommonOptions {
  passReqToCallback?: boolean
}

/** Called by verify with its answer. A user of `false` or `null` means no, and `info.message` may say why. */
export type WechatSessionVerifyCallback = (
  error?: unknown,
  user?: Express.User | false | null,
  info?: object | string | null,
) => void

export type WechatSessionVerify = (session: WechatSession, done: WechatSessionVerifyCallback) => unknown

export type WechatSessionVerifyWithRequest = (
  req: Request,
  session: WechatSession,
  done: WechatSessionVerifyCallback,
) => unknown

const who = 'WechatSessionStrategy'

type LogIn = (user: Express.User, options: unknown, done: unknown) => unknown

/**
 * Passport strategy for requests with a session token: `Authorization: Bearer <token>`. Others get 401 with
 * `WWW-Authenticate`. If a store fails, the result is an error, not a refusal.
 *
 * `req.user` is the registered user, and `req.authInfo` the session. Passport creates no cookie session, unless the call has
 * `session: true`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6750
 */
export class WechatSessionStrategy extends Strategy {
  readonly name: string
  // Passport calls strategies through Object.create, which loses private fields, so they are in a separate object.
  private readonly _guard: Guard

  /**
   * @param verify - finds the application's user of a session: `(session, done)`, or `(req, session, done)` with
   * `passReqToCallback`. It answers with `done(error, user, info)` or with a promise of the user; `false` or `null` means no.
   * Default: the user that `sessions` registered
   * @throws TypeError that names the wrong option
   */
  constructor(options: CommonOptions & { passReqToCallback?: false }, verify?: WechatSessionVerify)
  constructor(options: CommonOptions & { passReqToCallback: true }, verify: WechatSessionVerifyWithRequest)
  constructor(
    options: WechatSessionStrategyOptions,
    verify?: WechatSessionVerify | WechatSessionVerifyWithRequest,
  ) {
    super()
    refuseUnless(who, isObject(options), 'the options must be an object')
    refuseWrongNames(who, options, {
      'sessions: a WechatSessions': ['session'],
      name: ['realm'],
    })
    const { sessions, name = 'wechat-session', passReqToCallback = false, logger } = options
    refuseUnless(who, isSessions(sessions), 'sessions must be a WechatSessions')
    refuseUnless(who, typeof name === 'string' && name !== '', 'name must be a non-empty string')
    refuseUnless(who, typeof passReqToCallback === 'boolean', 'passReqToCallback must be true or false')
    refuseUnless(who, verify === undefined || typeof verify === 'function', 'verify must be a function')
    this.name = name
    this._guard = new Guard({
      name,
      sessions,
      verify,
      passReqToCallback,
      logger: checkLogger(who, logger),
    })
  }

  /** Called by Passport. Takes exactly one action. */
  override authenticate(req: Request, options?: unknown): void {
    const guard = this._guard
    const bound = bindActions<Express.User>(this)
    const actions = {
      ...bound,
      success: (user: Express.User, info?: object) =>
        withoutCookieSession(req, options, () => bound.success(user, info)),
    }
    void guard
      .authenticate(req)
      .then((outcome) => perform(actions, outcome, (error) => passToNext(req, error)))
  }
}

/**
 * A request with a token needs no cookie session, but Passport creates one by default. `success` passes the options of the
 * call to `req.logIn` before it returns. All requests of a route share these options, so they must not be changed.
 */
function withoutCookieSession(req: Request, options: unknown, success: () => unknown): unknown {
  const target = req as unknown as { logIn?: LogIn }
  const { logIn } = target
  const isSilent =
    typeof logIn === 'function' &&
    (options as { session?: unknown } | null | undefined)?.session === undefined
  if (!isSilent) return success()
  const isOwn = Object.hasOwn(target, 'logIn')
  // Passport's `logIn` answers through `done`, Fastify's with a promise.
  target.logIn = (user, given, done) => {
    const own = given === options ? { ...(options as object), session: false } : given
    return Reflect.apply(logIn, req, [user, own, done])
  }
  try {
    return success()
  } finally {
    if (isOwn) target.logIn = logIn
    else delete target.logIn
  }
}

function isSessions(value: unknown): boolean {
  const { getSession, getUser } = (value ?? {}) as Partial<SessionChecks>
  return typeof getSession === 'function' && typeof getUser === 'function'
}
