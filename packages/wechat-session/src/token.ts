import { createHash, randomBytes } from 'node:crypto'

/** The readable parts of a token. They do not prove that the token is valid. */
export interface TokenParts {
  openid: string
  sku: string
}

const format = /^v1\.([A-Za-z0-9_-]{1,128})\.([A-Za-z0-9_-]{1,32})\.[A-Za-z0-9_-]{43}$/
const longest = 256

/** `v1.<openid>.<sku>.<256 random bits>`. */
export function newToken({ openid, sku }: TokenParts): string {
  return `v1.${openid}.${sku}.${randomBytes(32).toString('base64url')}`
}

/** Returns the parts of a token, or `null` if it is not a token. Long input is refused first, so it costs no time. */
export function parseToken(token: unknown): TokenParts | null {
  if (typeof token !== 'string' || token.length > longest) return null
  const [, openid, sku] = format.exec(token) ?? []
  return openid === undefined || sku === undefined ? null : { openid, sku }
}

/** The key of a token in the store. It covers the whole token, so that no part can be replaced. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

export function isSku(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{1,32}$/.test(value)
}
