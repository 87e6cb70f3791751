import { createHmac, timingSafeEqual } from 'node:crypto'

const prefix = 'hmac:'
const purpose = 'wechat-auth: app-level credential'

/**
 * Says to which app secret the app-level record under `key` belongs.
 *
 * It is kept in `scope`, which these records do not need otherwise: the MySQL tables of older packages would refuse
 * a field of its own, and functions that save known columns only would lose it. `scope` has room for 50 characters
 * in those tables.
 *
 * The secret is the key of the hash: nobody can make a fingerprint without it, and it fits one record only.
 * Somebody who reads the store can test a guess with it, but WeChat's secrets have 128 random bits.
 */
export function secretFingerprint(appSecret: string, key: string): string {
  const hash = createHmac('sha256', appSecret).update(`${purpose}\n${key}`)
  return prefix + hash.digest('base64url')
}

/** Compared in constant time. */
export function isFingerprintOf(appSecret: string, key: string, fingerprint: string): boolean {
  const given = Buffer.from(fingerprint)
  const expected = Buffer.from(secretFingerprint(appSecret, key))
  return given.length === expected.length && timingSafeEqual(given, expected)
}
