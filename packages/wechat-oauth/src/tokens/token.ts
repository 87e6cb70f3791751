import { isAheadOfClock } from '../lib/clocks.js'
import { StoreError } from '../errors.js'
import { isRecord, plainRecord } from '../lib/plain-record.js'
import { scopesIn } from '../lib/scopes.js'
import { refreshTokenSeconds } from '../lib/durations.js'
import { toNumber, toTime } from '../lib/values.js'
import type { WechatToken } from '../types.js'

// A token that lapses while the request is under way is of no use.
const skew = 60_000

/**
 * Whether the access token of a record is still good, with 60 seconds to spare. Numbers that a store kept as
 * text count as numbers, dates and ISO 8601 text with a time zone as times, and `created_at` where there is
 * no `create_at`.
 *
 * A token whose `create_at` is more than four minutes after `now` is not good: the clock that wrote it was
 * wrong, and nobody can tell when the token expires.
 *
 * @param now - milliseconds since the epoch, default `Date.now()`
 */
export function isTokenValid(token: WechatToken | null | undefined, now: number = Date.now()): boolean {
  if (!token?.access_token) return false
  const since = createdAt(token)
  return now + skew < since + (toNumber(token.expires_in) ?? 0) * 1000 && !isAheadOfClock(since, now)
}

/** Whether a token can still lead to user data: by itself, or through its refresh token. */
export function isTokenOfUse(token: WechatToken, now: number): boolean {
  if (isTokenValid(token, now)) return true
  const since = createdAt(token)
  return (
    Boolean(token.refresh_token) && now < since + refreshTokenSeconds * 1000 && !isAheadOfClock(since, now)
  )
}

/** Whether nothing but the openid was granted. Where WeChat did not say, it may be more. */
export function isBaseScope(scope: string | undefined): boolean {
  const scopes = scopesIn(scope ?? '')
  return scopes.length > 0 && scopes.every((name) => name === 'snsapi_base')
}

/**
 * A record as it came out of a store, with its numbers as numbers: tables made by the recipes of older packages keep them
 * as text, and adding to a text concatenates, so that a token would never expire.
 *
 * @throws StoreError when it is no record, or somebody else's
 */
export function normalizeRecord(key: string, value: unknown): WechatToken | undefined {
  if (value === null || value === undefined) return undefined
  const record = plainToken(value)
  if (typeof record.openid === 'string' && record.openid !== key) {
    throw unusableRecord('the record of another user')
  }
  const normal: WechatToken = { ...record, openid: key, create_at: createdAt(record) }
  delete normal.created_at
  const expiresIn = toNumber(record.expires_in)
  if (expiresIn === undefined) delete normal.expires_in
  else normal.expires_in = expiresIn
  for (const field of ['access_token', 'refresh_token', 'scope', 'unionid', 'session_key'] as const) {
    if (typeof normal[field] !== 'string' || normal[field] === '') Reflect.deleteProperty(normal, field)
  }
  return normal
}

function unusableRecord(what: string): StoreError {
  return new StoreError(`The token store answered ${what}.`, { reason: 'record' })
}

const ownFields = [
  'openid',
  'access_token',
  'expires_in',
  'refresh_token',
  'scope',
  'create_at',
  'created_at',
  'unionid',
  'session_key',
  'is_snapshotuser',
]

/**
 * What a store answered, as a plain object.
 *
 * @throws StoreError when it is not a record, or cannot be read
 */
export function plainToken(value: unknown): WechatToken {
  if (!isRecord(value)) throw unusableRecord('something that is not a record')
  return plainRecord(value, ownFields) as WechatToken
}

/** When a token was obtained: milliseconds since the epoch, 0 where the record does not tell. */
export function createdAt(token: { create_at?: unknown; created_at?: unknown }): number {
  return toTime(token.create_at) ?? toTime(token.created_at) ?? 0
}
