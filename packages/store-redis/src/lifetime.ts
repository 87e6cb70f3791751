import type { WechatToken } from '@wechat-auth/wechat-oauth'
import { refreshTokenSeconds } from '@wechat-auth/wechat-oauth/store-kit'

/** In seconds: longer than any record is needed, and still accepted by Redis. */
const longest = 2 ** 31 - 1

/**
 * The seconds after which Redis may forget a record, or `undefined` to keep it for ever.
 *
 * @param ttl - the lifetime in seconds that the application has set for the records of users
 */
export function toLifetime(key: string, token: WechatToken, ttl?: number): number | undefined {
  const wanted =
    (isAppLevel(key) ? readSeconds(token.expires_in) : undefined) ??
    ttl ??
    (token.refresh_token ? refreshTokenSeconds : Infinity)
  return wanted === Infinity ? undefined : toWholeSeconds(wanted)
}

// No openid contains a colon.
function isAppLevel(key: string): boolean {
  return key.startsWith('client:') || key.startsWith('ticket:')
}

function readSeconds(expiresIn: unknown): number | undefined {
  return typeof expiresIn === 'number' && Number.isFinite(expiresIn) ? expiresIn : undefined
}

/** Redis accepts positive whole numbers only. */
function toWholeSeconds(wanted: number): number {
  return Math.min(Math.max(Math.floor(wanted), 1), longest)
}
