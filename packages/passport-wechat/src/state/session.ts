import { WechatError } from '@wechat-auth/wechat-oauth'
import type { Request } from 'express'
import type { Found, StateKeeper } from './keeper.js'
import { isLoginRecord, newState, sameText, type LoginRecord } from './record.js'

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
    return attempt(() => {
      const session = sessionOf(req)
      const key = keyOf(record.appId)
      const entry: SessionRecord = { state: newState(), ...record, exp: this.#now() + maxAge }
      session[key] = [...this.#live(session[key]), entry].slice(-maxRecords)
      return entry.state
    })
  }

  take(req: Request, state: string, _meta: unknown, appIds: readonly string[]): Promise<Found> {
    return attempt(() => {
      const session = sessionOf(req)
      for (const key of appIds.map(keyOf)) {
        const records = this.#live(session[key])
        // Every record is compared, wherever the right one stands.
        const matches = records.map((record) => sameText(record.state, state))
        const index = matches.indexOf(true)
        const entry = records[index]
        if (entry === undefined) continue
        session[key] = records.toSpliced(index, 1)
        return { found: true, used: false, record: recordOf(entry) }
      }
      return { found: false }
    })
  }

  #live(value: unknown): SessionRecord[] {
    return Array.isArray(value) ? value.filter(isSessionRecord).filter(({ exp }) => exp > this.#now()) : []
  }
}

function isSessionRecord(value: unknown): value is SessionRecord {
  if (!isLoginRecord(value)) return false
  const { state, exp } = value as Partial<SessionRecord>
  return typeof state === 'string' && typeof exp === 'number'
}

function recordOf({ strategy, mode, appId, scope, callbackURL, app }: LoginRecord): LoginRecord {
  return { strategy, mode, appId, scope, callbackURL, ...(app !== undefined && { app }) }
}

function keyOf(appId: string): string {
  return `wechat:${appId}`
}

function sessionOf(req: Request): Record<string, unknown> {
  const { session } = req as { session?: unknown }
  if (typeof session !== 'object' || session === null) {
    throw new WechatError('ERR_WECHAT_STATE_STORE',
      'The login with WeChat keeps its state in the session, and there is no req.session: use session middleware such as express-session before the route, or give the strategy a CookieStateStore')
  }
  return session as Record<string, unknown>
}

// What a session's setters throw becomes a rejection.
function attempt<T>(task: () => T): Promise<T> {
  return new Promise((resolve) => { resolve(task()) })
}
