import { WechatError } from '@wechat-auth/wechat-oauth'
import type { Request } from 'express'
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

/**
 * Keeps states in `req.session`, an array for each app, so that logins in several tabs do not disturb each other.
 *
 * Only whole values are assigned: sessions in cookies do not see a change inside of a value, and some do not see `delete`.
 */
export class SessionStateStore implements StateKeeper {
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  keep(req: Request, record: LoginRecord): Promise<string> {
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

  take(req: Request, state: string, _meta: unknown, appIds: readonly string[]): Promise<Found> {
    return callAsPromise(() => {
      const session = readSession(req)
      let expired = false
      for (const key of appIds.map(recordsKey)) {
        const records = readRecords(session[key])
        // Every record is compared, wherever the right one stands.
        const matches = records.map((record) => sameText(record.state, state))
        const entry = records[matches.indexOf(true)]
        if (entry === undefined) continue
        if (this.#isLive(entry)) {
          session[key] = records.filter((record) => record !== entry && this.#isLive(record))
          return { found: true, used: false, record: withoutStateAndExpiry(entry) }
        }
        expired = true
      }
      return { found: false, expired }
    })
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
  return `wechat:${appId}`
}

function readSession(req: RequestParts): Record<string, unknown> {
  const { session } = req
  if (typeof session !== 'object' || session === null) {
    throw new WechatError('ERR_WECHAT_STATE_STORE', explainNoSession(req))
  }
  return session as Record<string, unknown>
}

function explainNoSession(req: RequestParts): string {
  if (req.sessionStore !== undefined) {
    return (
      'There is a session store, but no req.session:' +
      ' the session store failed, or the session was destroyed before the login with WeChat'
    )
  }
  if (usesExpressSession(req.app)) {
    return (
      'express-session gave this request no session: the session store is disconnected,' +
      ' cookie.path does not cover this address, or express-session comes after the route'
    )
  }
  return (
    'The login with WeChat keeps its state in req.session, and there is none:' +
    ' use session middleware such as express-session before the route, and check that its store is' +
    ' connected, or give the strategy a CookieStateStore'
  )
}

// While its store is disconnected, express-session leaves no trace on the request; but Express lists its
// middleware.
function usesExpressSession(app: unknown): boolean {
  if (app === undefined) return false
  // Express 4 throws where its `router` is looked at.
  const layers = readMember(readMember(app, '_router') ?? readMember(app, 'router'), 'stack')
  const isUsed = Array.isArray(layers) && layers.some((layer) => readMember(layer, 'name') === 'session')
  return isUsed || usesExpressSession(readMember(app, 'parent'))
}

// What a session's setters throw becomes a rejection.
function callAsPromise<T>(task: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(task())
  })
}
