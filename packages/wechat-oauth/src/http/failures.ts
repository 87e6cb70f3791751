import { WechatTransportError } from '../errors.js'
import { largestBody } from './exchange.js'

export function unreachable(endpoint: string, error: unknown): WechatTransportError {
  return new WechatTransportError('ERR_WECHAT_NETWORK', endpoint, 'could not be reached', reasonOf(error))
}

export function brokenOff(endpoint: string, error: unknown): WechatTransportError {
  return new WechatTransportError('ERR_WECHAT_NETWORK', endpoint, 'broke off in the middle of its answer', reasonOf(error))
}

export function badStatus(endpoint: string, status: number): WechatTransportError {
  return new WechatTransportError('ERR_WECHAT_STATUS', endpoint, `answered with HTTP status ${status}`)
}

export function tooLarge(endpoint: string): WechatTransportError {
  return new WechatTransportError('ERR_WECHAT_RESPONSE', endpoint, `answered more than ${largestBody} bytes`)
}

// Only the system's word: the messages of a fetch that the application supplies may contain the address.
function reasonOf(error: unknown): string | undefined {
  const { code, cause } = (error ?? {}) as { code?: unknown, cause?: { code?: unknown } | null }
  return [cause?.code, code].find((word): word is string => typeof word === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(word))
}
