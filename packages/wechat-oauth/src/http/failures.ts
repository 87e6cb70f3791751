import { WechatTransportError } from '../errors.js'
import { largestBody } from './exchange.js'

const unsent = new WeakSet<object>()
const statuses = new WeakMap<object, number>()

/** Whether certainly no byte of the request was sent. Otherwise WeChat may have read it. */
export function isUnsent(error: unknown): boolean {
  return error instanceof WechatTransportError && unsent.has(error)
}

/** @param hasConnected - `false` only if there was certainly no connection that could send the request */
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
    'closed the connection in the middle of its reply',
    readReason(error),
  )
}

export function badStatus(endpoint: string, status: number): WechatTransportError {
  const failure = new WechatTransportError(
    'ERR_WECHAT_STATUS',
    endpoint,
    `replied with HTTP status ${status}`,
  )
  statuses.set(failure, status)
  return failure
}

/** The HTTP status because of which an exchange failed. */
export function findStatus(error: unknown): number | undefined {
  return statuses.get(error as object)
}

export function tooLarge(endpoint: string): WechatTransportError {
  return new WechatTransportError(
    'ERR_WECHAT_RESPONSE',
    endpoint,
    `replied with more than ${largestBody} bytes`,
  )
}

// Only the system's code: a message from the application's own `fetch` may contain the address.
function readReason(error: unknown): string | undefined {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } | null }
  return [cause?.code, code].find(
    (word): word is string => typeof word === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(word),
  )
}
