import type { WechatToken } from '@wechat-auth/wechat-oauth'

/** WeChat's refresh tokens are good for 30 days. In seconds. */
const refreshTokenLifetime = 30 * 24 * 3600
/** More than anybody waits for, and less than what Redis refuses. */
const longest = 2 ** 31 - 1

/**
 * Seconds after which a record is of no use any more; `undefined` for never.
 *
 * @param ttl - what the application wants for its users' records
 */
export function toLifetime(key: string, token: WechatToken, ttl?: number): number | undefined {
  const wanted =
    (isAppLevel(key) ? readSeconds(token.expires_in) : undefined) ??
    ttl ??
    (token.refresh_token ? refreshTokenLifetime : Infinity)
  return wanted === Infinity ? undefined : toWholeSeconds(wanted)
}

// Names that no openid can have.
function isAppLevel(key: string): boolean {
  return key.startsWith('client:') || key.startsWith('ticket:')
}

function readSeconds(expiresIn: unknown): number | undefined {
  return typeof expiresIn === 'number' && Number.isFinite(expiresIn) ? expiresIn : undefined
}

/** Redis refuses fractions, 0 and less. */
function toWholeSeconds(wanted: number): number {
  return Math.min(Math.max(Math.floor(wanted), 1), longest)
}
