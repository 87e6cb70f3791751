import type { WechatSession } from '@wechat-auth/wechat-oauth'
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

interface CommonOptions {
  /** The sessions whose tokens open the door. */
  sessions: SessionChecks
  /** Default `wechat-session`. It is also the realm of the challenge. */
  name?: string
}

export interface WechatSessionStrategyOptions extends CommonOptions {
  passReqToCallback?: boolean
}

/** How verify answers; `false` or `null` for the user means no, and `info.message` may say why. */
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
 * Passport strategy that lets those in who send a session token: `Authorization: Bearer <token>`. Others get 401 with
 * `WWW-Authenticate`; where a store fails, that is an error and no refusal.
 *
 * `req.user` is the registered user, `req.authInfo` the session. Passport makes no cookie session of it, unless a call says
 * `session: true`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6750
 */
export class WechatSessionStrategy extends Strategy {
  readonly name: string
  // One object with private fields of its own. Passport calls strategies through Object.create, where they cannot have any.
  private readonly _guard: Guard

  /**
   * @param verify - finds the application's user of a session, `(session, done)`, or with `passReqToCallback`
   * `(req, session, done)`. It answers by `done(error, user, info)` or by a promise: of the user, or of `false` or `null` for
   * no. Default: the user whom `sessions` registered
   * @throws TypeError that names the option which is wrong
   */
  constructor(options: CommonOptions & { passReqToCallback?: false }, verify?: WechatSessionVerify)
  constructor(options: CommonOptions & { passReqToCallback: true }, verify: WechatSessionVerifyWithRequest)
  constructor(
    options: WechatSessionStrategyOptions,
    verify?: WechatSessionVerify | WechatSessionVerifyWithRequest,
  ) {
    super()
    refuseUnless(who, isObject(options), 'needs an object of options')
    refuseWrongNames(who, options, {
      'sessions: a WechatSessions': ['session'],
      name: ['realm'],
    })
    const { sessions, name = 'wechat-session', passReqToCallback = false } = options
    refuseUnless(who, isSessions(sessions), 'sessions must be a WechatSessions')
    refuseUnless(who, typeof name === 'string' && name !== '', 'name must be a non-empty string')
    refuseUnless(who, typeof passReqToCallback === 'boolean', 'passReqToCallback must be true or false')
    refuseUnless(who, verify === undefined || typeof verify === 'function', 'verify must be a function')
    this.name = name
    this._guard = new Guard({ name, sessions, verify, passReqToCallback })
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
 * A token with each request is no reason for a cookie. Passport's default is one: `success` hands the options of the call to
 * `req.logIn` before it returns, and these options, which all requests of a route share, are not ours to change.
 */
function withoutCookieSession(req: Request, options: unknown, success: () => unknown): unknown {
  const target = req as unknown as { logIn?: LogIn }
  const { logIn } = target
  const isSilent =
    typeof logIn === 'function' &&
    (options as { session?: unknown } | null | undefined)?.session === undefined
  if (!isSilent) return success()
  const isOwn = Object.hasOwn(target, 'logIn')
  // Passport's answers through `done`, Fastify's by a promise.
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
