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

/** Why a function of the application failed. */
interface Failure {
  /** The application's own error. */
  error: unknown
  /** The token that could not be saved. */
  token: WechatToken | undefined
}

// Subscribers of the diagnostics channels see the errors of the store, and must not find these values.
const failures = new WeakMap<object, Failure>()

/** Makes the error of a store whose `getToken` or `saveToken`, a function of the application, failed. */
export function applicationFailure(error: unknown, token?: WechatToken): StoreError {
  const failure = new StoreError("The application's getToken or saveToken failed")
  failures.set(failure, { error, token })
  return failure
}

/** Finds out whether a function of the application failed, and why. */
export function findApplicationFailure(error: unknown): Failure | undefined {
  return failures.get(error as object)
}

/** Makes the error that WeChat would return for a call without this argument. */
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

/** Makes an error with the name, message and code that the application knows. Its `cause` is the error of this package. */
export function asOAuthError(error: unknown): OAuthError {
  if (error instanceof WechatAPIError) return disguise(error, 'WeChatAPIError', error.errmsg, error.errcode)
  if (error instanceof WechatTransportError) {
    const name = lostConnection.has(error.reason) ? 'WeChatAPIResponseError' : transportNames[error.code]
    // Applications know the system's code, not the one of `fetch`.
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
    // The older package had only these failures, without a code.
    return message === undefined
      ? disguise(error, error.name, error.message, error.code)
      : new Error(message, { cause: error })
  }
  // A function that threw a falsy value has failed too.
  return (findApplicationFailure(error)?.error || error) as OAuthError
}

function disguise(cause: Error, name: string, message: string, code?: string | number): OAuthError {
  return Object.assign(new Error(message, { cause }), { name, ...(code !== undefined && { code }) })
}

/** Whether WeChat refused the access token of a call. */
export function isRefused(error: unknown): boolean {
  const { name, code } = (error ?? {}) as Partial<OAuthError>
  return name === 'WeChatAPIError' && isTokenErrcode(code)
}
