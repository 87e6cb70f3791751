import { isAheadOfClock } from '../lib/clocks.js'
import { StoreError } from '../errors.js'
import { isRecord, plainRecord } from '../lib/plain-record.js'
import { scopesIn } from '../lib/scopes.js'
import { refreshTokenSeconds } from '../lib/durations.js'
import { toNumber, toTime } from '../lib/values.js'
import type { WechatToken } from '../types.js'

// A token that expires during the request is useless.
const skew = 60_000

/**
 * Whether the access token of a record is valid for at least 60 more seconds. The numbers may be text. The time may be a date or
 * ISO 8601 text with a time zone, and may be in `created_at` instead of `create_at`.
 *
 * A token with a `create_at` more than four minutes after `now` is not valid: the clock that wrote it was wrong, so it is
 * unknown when the token expires.
 *
 * @param now - milliseconds since the epoch. Default `Date.now()`
 */
export function isTokenValid(token: WechatToken | null | undefined, now: number = Date.now()): boolean {
  if (!token?.access_token) return false
  const since = createdAt(token)
  return now + skew < since + (toNumber(token.expires_in) ?? 0) * 1000 && !isAheadOfClock(since, now)
}

/** Whether a token can still read user data, itself or after a refresh. */
export function isTokenOfUse(token: WechatToken, now: number): boolean {
  if (isTokenValid(token, now)) return true
  const since = createdAt(token)
  return (
    Boolean(token.refresh_token) && now < since + refreshTokenSeconds * 1000 && !isAheadOfClock(since, now)
  )
}

/** Whether only the openid was granted. If WeChat sent no scope, more may have been granted. */
export function isBaseScope(scope: string | undefined): boolean {
  const scopes = scopesIn(scope ?? '')
  return scopes.length > 0 && scopes.every((name) => name === 'snsapi_base')
}

/**
 * Normalizes a record from a store: its numbers become numbers. The tables of older packages keep them as text, and `+` would
 * concatenate texts, so that a token would never expire.
 *
 * @throws StoreError if the value is not a record, or is another user's record
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
  return new StoreError(`The token store returned ${what}`, { reason: 'record' })
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
 * Makes a plain object of a record from a store.
 *
 * @throws StoreError if the value is not a record, or cannot be read
 */
export function plainToken(value: unknown): WechatToken {
  if (!isRecord(value)) throw unusableRecord('something that is not a record')
  return plainRecord(value, ownFields) as WechatToken
}

/** Reads when a token was obtained: milliseconds since the epoch, or 0 if the record does not say. */
export function createdAt(token: { create_at?: unknown; created_at?: unknown }): number {
  return toTime(token.create_at) ?? toTime(token.created_at) ?? 0
}
