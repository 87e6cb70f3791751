import { isTokenErrcode, lookUpKind } from '../errcodes.js'
import {
  NoOAuthTokenError,
  StoreError,
  WechatAPIError,
  WechatDecryptError,
  WechatTransportError,
} from '../errors.js'
import type { WechatToken } from '../types.js'
import type { OAuthError } from './types.js'

/** What `getToken` or `saveToken` failed with, on its way back to the application, to which it belongs. */
export class ApplicationFailure extends StoreError {
  readonly #error: unknown
  readonly #token: WechatToken | undefined

  /** @param token - what could not be saved */
  constructor(error: unknown, token?: WechatToken) {
    super('The application failed to keep a token.')
    this.#error = error
    this.#token = token
  }

  get error(): unknown {
    return this.#error
  }

  get token(): WechatToken | undefined {
    return this.#token
  }
}

/** What WeChat would say if it were asked without this argument. */
export function missingArgument(endpoint: string, errcode: number, errmsg: string): WechatAPIError {
  return new WechatAPIError({ errcode, errmsg, requestId: undefined, endpoint, kind: lookUpKind(errcode) })
}

const transportNames = {
  ERR_WECHAT_TIMEOUT: 'WeChatAPIResponseTimeoutError',
  ERR_WECHAT_NETWORK: 'WeChatAPIRequestError',
  ERR_WECHAT_STATUS: 'WeChatAPIJSONResponseFormatError',
  ERR_WECHAT_RESPONSE: 'WeChatAPIJSONResponseFormatError',
} as const

const lostConnection = new Set<unknown>(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])

const decryptMessages = new Map<string, string>([
  ['input', 'Illegal Buffer, Is Your Data Correct?'],
  ['data', 'Illegal Buffer, Is Your Data Correct?'],
  ['watermark', 'Invalid Watermark, Be Sure to Check Again'],
])

/** An error of this package under the name, message and code that the application knows; the error itself is its `cause`. */
export function asOAuthError(error: unknown): OAuthError {
  if (error instanceof WechatAPIError) return disguise(error, 'WeChatAPIError', error.errmsg, error.errcode)
  if (error instanceof WechatTransportError) {
    const name = lostConnection.has(error.reason) ? 'WeChatAPIResponseError' : transportNames[error.code]
    // The system's word is what applications know, not that of fetch.
    return disguise(
      error,
      name,
      error.message,
      error.reason === 'UND_ERR_SOCKET' ? 'ECONNRESET' : (error.reason ?? error.code),
    )
  }
  if (error instanceof NoOAuthTokenError) return disguise(error, error.name, error.message)
  if (error instanceof WechatDecryptError) {
    const message = decryptMessages.get(error.reason)
    // The older package knew no other failures than these, and gave them no code.
    return message === undefined
      ? disguise(error, error.name, error.message, error.code)
      : new Error(message, { cause: error })
  }
  // A function that threw nothing failed all the same.
  return (error instanceof ApplicationFailure && error.error ? error.error : error) as OAuthError
}

function disguise(cause: Error, name: string, message: string, code?: string | number): OAuthError {
  return Object.assign(new Error(message, { cause }), { name, ...(code !== undefined && { code }) })
}

/** The token is not, or no longer, good. */
export function isRefused(error: unknown): boolean {
  const { name, code } = (error ?? {}) as Partial<OAuthError>
  return name === 'WeChatAPIError' && isTokenErrcode(code)
}
