import type { Endpoints, MiniProgramData, WechatLogger, WechatToken } from '../types.js'

/**
 * Called with an error, or with `null` and the result: once, and never before the method has returned. An error that it throws
 * is not caught. As with Node's own callbacks, there is a result only if there is no error.
 */
export type OAuthCallback<T> = (error: OAuthError | null, result: T) => void

/** The error of a callback: from WeChat, the transport or the arguments, or the error of `getToken` or `saveToken`. */
export interface OAuthError extends Error {
  /** WeChat's errcode or, if the connection failed, the system's code, e.g. `ECONNREFUSED`. */
  code?: string | number
}

/** The result of `getAccessToken`, `refreshAccessToken` and `getSessionKey`. */
export interface AccessToken<Data extends WechatToken = WechatToken> {
  /** WeChat's reply, and `create_at`. */
  data: Data
  /**
   * Whether the access token has not expired, to the millisecond. `false` if `create_at` is more than four minutes in the
   * future.
   */
  isValid(): boolean
}

/** The options of `setOpts`. Others are kept in `defaults` and have no effect. */
export interface OAuthOptions {
  /** Milliseconds for a whole call, and for a call of `getToken` or `saveToken`. A pair, as in urllib, is added up. Default 5000. */
  timeout?: number | string | readonly (number | string)[]
  /** Base addresses of WeChat's servers: one for all, or `{ open, api, mp }`. Default: WeChat. */
  endpoints?: string | Endpoints
  /** Allow http on hosts that are neither loopback nor WeChat's, e.g. a sandbox in another container. Default `false`. */
  allowInsecureEndpoints?: boolean
  /**
   * Base addresses to try, in this order and all within `timeout`, when the first host fails. A call that may be repeated is
   * tried on the next host if the connection failed or WeChat is busy. A call that spends a code is tried on the next host
   * only if there was no connection, so that nothing was sent.
   * Default none: a call that may be repeated is tried once more on the same host.
   */
  fallbackHosts?: string[]
  /** Sends requests to WeChat. Default as in `WechatOAuth`. It replaces urllib's `agent`, `httpsAgent` and `proxy`. */
  fetch?: typeof fetch
  /** Receives no secret, token, code or query string. */
  logger?: WechatLogger
  /** Other options of urllib. */
  [option: string]: unknown
}

/** The result of `decryptMiniProgramUser`. */
export type DecryptedUser = MiniProgramData
