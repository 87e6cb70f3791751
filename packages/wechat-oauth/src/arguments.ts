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

// With a colon it could be the key of an app-level credential.
export function checkOpenid(openid: unknown): asserts openid is string {
  if (typeof openid !== 'string' || openid === '' || openid.length > 128 || openid.includes(':') || !isWellFormed(openid)) {
    throw new TypeError('openid must be a non-empty string of at most 128 characters without a colon')
  }
}
