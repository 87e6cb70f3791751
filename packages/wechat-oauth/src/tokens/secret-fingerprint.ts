import { createHmac, timingSafeEqual } from 'node:crypto'

const prefix = 'hmac:'
const purpose = 'wechat-auth: app-level credential'

/**
 * Makes a fingerprint that says which app secret the app-level record under `key` belongs to.
 *
 * It is kept in `scope`, which these records do not use otherwise. The MySQL tables of older packages would refuse a new field,
 * and functions that save only known columns would lose it. `scope` has room for 50 characters in those tables.
 *
 * The secret is the key of the hash, so nobody can make a fingerprint without it, and a fingerprint fits one record only.
 * Somebody who reads the store can test guesses, but WeChat's secrets have 128 random bits.
 */
export function secretFingerprint(appSecret: string, key: string): string {
  const hash = createHmac('sha256', appSecret).update(`${purpose}\n${key}`)
  return prefix + hash.digest('base64url')
}

/** Whether a fingerprint belongs to this secret and key. The comparison takes constant time. */
export function isFingerprintOf(appSecret: string, key: string, fingerprint: string): boolean {
  const given = Buffer.from(fingerprint)
  const expected = Buffer.from(secretFingerprint(appSecret, key))
  return given.length === expected.length && timingSafeEqual(given, expected)
}
