import type { WechatAccount } from '../session-contracts.js'
import { dayMs } from './durations.js'
import { isWellFormed } from './well-formed.js'

const longestText = 4096

/** @throws TypeError that names the argument, if it is not a non-empty string within the limit */
export function checkText(name: string, value: unknown, longest = longestText): asserts value is string {
  if (typeof value !== 'string' || value === '' || value.length > longest || !isWellFormed(value)) {
    throw new TypeError(`${name} must be a non-empty string of at most ${longest} characters`)
  }
}

/** Whether a value can be the code of a login. */
export function isCode(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,512}$/.test(value)
}

export function checkCode(code: unknown): asserts code is string {
  if (!isCode(code)) {
    throw new TypeError('code must be a string of 1 to 512 visible ASCII characters')
  }
}

/**
 * Whether a value can be an openid. Stores use openids as keys, and applications may use them in file names. So an openid must not
 * contain a dot, a slash, or the colon that the keys of app-level credentials contain.
 */
export function isOpenid(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{1,128}$/.test(value)
}

/** @throws TypeError if the value cannot be an openid */
export function checkOpenid(openid: unknown): asserts openid is string {
  if (!isOpenid(openid)) throw new TypeError('openid must be 1 to 128 characters of A-Z a-z 0-9 _ -')
}

/** @throws TypeError if the key of a record or lock is not a non-empty string */
export function checkKey(key: unknown): asserts key is string {
  if (typeof key !== 'string' || key === '')
    throw new TypeError('The key of a token must be a non-empty string')
}

/**
 * Checks a value that sessions or users are looked up by.
 *
 * @param name - the argument that the message names
 * @throws TypeError if the value is not a non-empty string
 */
export function checkName(name: string, value: unknown): asserts value is string {
  if (typeof value !== 'string' || value === '') throw new TypeError(`${name} must be a non-empty string`)
}

/**
 * For backends that keep text as UTF-8, which has no form for half of a surrogate pair: two such keys would become the same.
 *
 * @throws TypeError if the key of a record or lock is not a non-empty, well-formed string
 */
export function checkWellFormedKey(key: unknown): asserts key is string {
  checkKey(key)
  if (!isWellFormed(key)) throw new TypeError('The key of a token must be a well-formed string')
}

/**
 * The same check for a hash, an appId or an id.
 *
 * @param name - the argument that the message names
 * @throws TypeError if the value is not a non-empty, well-formed string
 */
export function checkWellFormedName(name: string, value: unknown): asserts value is string {
  checkName(name, value)
  if (!isWellFormed(value)) throw new TypeError(`${name} must be a well-formed string`)
}

/** @throws TypeError if the lifetime of a session is not a positive number of seconds */
export function checkLifetime(ttl: unknown): asserts ttl is number {
  if (typeof ttl !== 'number' || !(ttl > 0 && ttl < Infinity))
    throw new TypeError('ttl must be a positive number of seconds')
}

/** @throws TypeError if appId or openid is not a non-empty string, or unionid is given and is not one */
export function checkAccount(account: unknown): asserts account is WechatAccount {
  if (typeof account !== 'object' || account === null)
    throw new TypeError('account must be an object with appId and openid')
  const { appId, openid, unionid } = account as Partial<WechatAccount>
  checkName('appId', appId)
  checkName('openid', openid)
  if (unionid !== undefined) checkName('unionid', unionid)
}

/**
 * Whether a value is a number of milliseconds from more than 0 to a day. Locks wait several times as long, and a timer for more
 * than 2 ** 31 ms fires at once.
 */
export function isTimeout(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value <= dayMs
}

/** @throws TypeError if the option `timeout` is not a number of milliseconds from more than 0 to a day */
export function checkTimeout(timeout: unknown): asserts timeout is number {
  if (!isTimeout(timeout))
    throw new TypeError('timeout must be a positive number of milliseconds, at most a day')
}
