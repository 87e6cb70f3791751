import { WechatTransportError } from '../errors.js'
import { largestBody } from './exchange.js'

const unsent = new WeakSet<object>()

/** Whether it is certain that no byte of the request was sent. Otherwise WeChat may have read it. */
export function isUnsent(error: unknown): boolean {
  return error instanceof WechatTransportError && unsent.has(error)
}

/** @param hasConnected - `false` only where there was certainly no connection to send the request over */
export function unreachable(endpoint: string, error: unknown, hasConnected: boolean): WechatTransportError {
  const reason = readReason(error)
  const failure = new WechatTransportError('ERR_WECHAT_NETWORK', endpoint, 'could not be reached', reason)
  if (!hasConnected) unsent.add(failure)
  return failure
}

export function brokenOff(endpoint: string, error: unknown): WechatTransportError {
  return new WechatTransportError(
    'ERR_WECHAT_NETWORK',
    endpoint,
    'broke off in the middle of its answer',
    readReason(error),
  )
}

export function badStatus(endpoint: string, status: number): WechatTransportError {
  return new WechatTransportError('ERR_WECHAT_STATUS', endpoint, `answered with HTTP status ${status}`)
}

export function tooLarge(endpoint: string): WechatTransportError {
  return new WechatTransportError('ERR_WECHAT_RESPONSE', endpoint, `answered more than ${largestBody} bytes`)
}

// Only the system's word: the messages of a fetch that the application supplies may contain the address.
function readReason(error: unknown): string | undefined {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } | null }
  return [cause?.code, code].find(
    (word): word is string => typeof word === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(word),
  )
}
