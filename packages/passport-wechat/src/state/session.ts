import { WechatError } from '@wechat-auth/wechat-oauth'
import { readMember, type RequestParts } from '../request.js'
import {
  isLoginRecord,
  newState,
  sameText,
  type Found,
  type LoginRecord,
  type StateKeeper,
} from './record.js'

interface SessionRecord extends LoginRecord {
  state: string
  /** Milliseconds since the epoch. */
  exp: number
}

const maxAge = 30 * 60_000
const maxRecords = 10
const keyPrefix = 'wechat:'

/**
 * Keeps states in `req.session`, in an array for each app, so that logins in several tabs do not interfere.
 *
 * It only assigns whole values: sessions in cookies do not notice a change inside a value, and some do not notice `delete`.
 */
export class SessionStateStore implements StateKeeper {
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  keep(req: RequestParts, record: LoginRecord): Promise<string> {
    return callAsPromise(() => {
      const session = readSession(req)
      const key = recordsKey(record.appId)
      const entry: SessionRecord = { state: newState(), ...record, exp: this.#now() + maxAge }
      session[key] = [...readRecords(session[key]).filter((one) => this.#isLive(one)), entry].slice(
        -maxRecords,
      )
      return entry.state
    })
  }

  take(req: RequestParts, state: string, _meta: unknown, appIds: readonly string[]): Promise<Found> {
    return callAsPromise(() => {
      const session = readSession(req)
      let expired = false
      for (const key of appIds.map(recordsKey)) {
        const records = readRecords(session[key])
        // Compare every record, so that the time does not depend on the position of the match.
        const matches = records.map((record) => sameText(record.state, state))
        const entry = records[matches.indexOf(true)]
        if (entry === undefined) continue
        if (this.#isLive(entry)) {
          session[key] = records.filter((record) => record !== entry && this.#isLive(record))
          return { found: true, used: false, record: withoutStateAndExpiry(entry) }
        }
        expired = true
      }
      return { found: false, expired, ...this.#findOther(session, state, appIds) }
    })
  }

  // Not consumed: a strategy of that app may still finish the login.
  #findOther(
    session: Record<string, unknown>,
    state: string,
    appIds: readonly string[],
  ): { other?: LoginRecord } {
    const own = new Set(appIds.map(recordsKey))
    const other = Object.keys(session)
      .filter((key) => key.startsWith(keyPrefix) && !own.has(key))
      .flatMap((key) => readRecords(session[key]))
      .find((record) => sameText(record.state, state) && this.#isLive(record))
    return other ? { other: withoutStateAndExpiry(other) } : {}
  }

  #isLive({ exp }: SessionRecord): boolean {
    return exp > this.#now()
  }
}

function readRecords(value: unknown): SessionRecord[] {
  return Array.isArray(value) ? value.filter(isSessionRecord) : []
}

function isSessionRecord(value: unknown): value is SessionRecord {
  if (!isLoginRecord(value)) return false
  const { state, exp } = value as Partial<SessionRecord>
  return typeof state === 'string' && typeof exp === 'number'
}

function withoutStateAndExpiry({ strategy, mode, appId, scope, callbackURL, app }: LoginRecord): LoginRecord {
  return { strategy, mode, appId, scope, callbackURL, ...(app !== undefined && { app }) }
}

function recordsKey(appId: string): string {
  return keyPrefix + appId
}

function readSession(req: RequestParts): Record<string, unknown> {
  const { session } = req
  if (typeof session !== 'object' || session === null) {
    throw new WechatError('ERR_WECHAT_STATE_STORE', explainNoSession(req))
  }
  return session as Record<string, unknown>
}

function explainNoSession(req: RequestParts): string {
  if (typeof readMember(req.headers, 'get') === 'function') {
    return 'This is a web Request, which has no session. Use WechatLogin of @wechat-auth/passport-wechat/web'
  }
  if (req.sessionStore !== undefined) {
    return (
      'The request has a session store, but no req.session.' +
      ' The session store failed, or the session was destroyed before the login with WeChat'
    )
  }
  if (usesExpressSession(req.app)) {
    return (
      'express-session did not set req.session. The session store is disconnected,' +
      ' cookie.path does not cover this address, or express-session comes after the route'
    )
  }
  return (
    'The login with WeChat keeps its state in req.session, which is missing.' +
    ' Use session middleware such as express-session before the route, and check that its store is' +
    ' connected; or set the option store to a CookieStateStore'
  )
}

// While its store is disconnected, express-session leaves no trace on the request. But Express lists its middleware.
function usesExpressSession(app: unknown): boolean {
  if (app === undefined) return false
  // Express 4 throws if its `router` is read.
  const layers = readMember(readMember(app, '_router') ?? readMember(app, 'router'), 'stack')
  const isUsed = Array.isArray(layers) && layers.some((layer) => readMember(layer, 'name') === 'session')
  return isUsed || usesExpressSession(readMember(app, 'parent'))
}

// An error that a session's setter throws becomes a rejection.
function callAsPromise<T>(task: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(task())
  })
}
