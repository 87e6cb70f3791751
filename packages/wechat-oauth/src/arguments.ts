import { isWellFormed } from './well-formed.js'

const longestText = 4096

/** @throws TypeError that names the argument */
export function checkText(name: string, value: unknown, longest = longestText): asserts value is string {
  if (typeof value !== 'string' || value === '' || value.length > longest || !isWellFormed(value)) {
    throw new TypeError(`${name} must be a non-empty string of at most ${longest} characters`)
  }
}

export function checkCode(code: unknown): asserts code is string {
  if (typeof code !== 'string' || !/^[\x21-\x7e]{1,512}$/.test(code)) {
    throw new TypeError('code must be a string of at most 512 visible ASCII characters')
  }
}

/**
 * Whether a value can be an openid. Stores use it as a key, and an application may use it in the name of a file: it has neither
 * dots nor slashes, nor the colon that the keys of app-level credentials have.
 */
export function isOpenid(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{1,128}$/.test(value)
}

/** @throws TypeError */
export function checkOpenid(openid: unknown): asserts openid is string {
  if (!isOpenid(openid)) throw new TypeError('openid must be 1 to 128 characters of A-Z a-z 0-9 _ -')
}
