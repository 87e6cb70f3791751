import { createHash, randomBytes } from 'node:crypto'
import { checkText } from '../lib/arguments.js'
import type { JsSDKSignature } from '../types.js'

export const longestPageURL = 8192

/** The parts of a signature that are random or the current time by default. */
export interface JsSDKSignOptions {
  /** 1 to 128 characters of `A-Z a-z 0-9 _ -`. Default: random. */
  nonceStr?: string
  /** Whole seconds since the epoch. Default: now. */
  timestamp?: number
}

/**
 * Reads the part of a page's address that WeChat signs: up to `#`. `undefined` if it is not an address as a browser shows it. The
 * URL parser is too lenient for that: it drops spaces and control characters, turns backslashes into slashes, and adds missing
 * slashes.
 */
export function readSignedPart(page: string): string | undefined {
  const [url = ''] = page.split('#', 1)
  return /^https?:\/\/[^/?@\\\s\p{Cc}]+(?:[/?][^\s\p{Cc}]*)?$/iu.test(url) && URL.canParse(url)
    ? url
    : undefined
}

/**
 * Checks everything that is signed besides the ticket.
 *
 * @throws TypeError that names the wrong argument
 */
export function pageToSign(
  appId: string,
  page: string,
  options: JsSDKSignOptions,
  now: number,
): Omit<JsSDKSignature, 'signature'> {
  checkText('url', page, longestPageURL)
  const url = readSignedPart(page)
  if (url === undefined) throw new TypeError('url must be the http(s) address of a page')
  const { nonceStr = randomBytes(16).toString('hex'), timestamp = Math.floor(now / 1000) } = options
  if (typeof nonceStr !== 'string' || !/^[\w-]{1,128}$/.test(nonceStr))
    throw new TypeError('nonceStr must be 1 to 128 characters of A-Z a-z 0-9 _ -')
  if (!Number.isSafeInteger(timestamp) || timestamp < 0)
    throw new TypeError('timestamp must be a number of whole seconds')
  return { appId, timestamp, nonceStr, url }
}

/** Signs a page. Its address is not encoded: that would sign another page. */
export function signPage(page: Omit<JsSDKSignature, 'signature'>, ticket: string): JsSDKSignature {
  const { appId, timestamp, nonceStr, url } = page
  const text = `jsapi_ticket=${ticket}&noncestr=${nonceStr}&timestamp=${timestamp}&url=${url}`
  return { appId, timestamp, nonceStr, signature: createHash('sha1').update(text).digest('hex'), url }
}
