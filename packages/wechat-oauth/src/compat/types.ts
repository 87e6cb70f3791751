import type { Endpoints, MiniProgramData, WechatLogger, WechatToken } from '../types.js'

/**
 * Gets an error, or `null` and the result; once, never before the method has returned. What it throws is not caught.
 * As with Node's own callbacks, the result is there only where there is no error.
 */
export type OAuthCallback<T> = (error: OAuthError | null, result: T) => void

/** What callbacks get: an error of WeChat's, of the transport, of the arguments; or what `getToken` or `saveToken` failed with. */
export interface OAuthError extends Error {
  /** Where WeChat answered an error, its errcode; where the connection failed, the system's word, e.g. `ECONNREFUSED`. */
  code?: string | number
}

/** A token, as `getAccessToken`, `refreshAccessToken` and `getSessionKey` give it. */
export interface AccessToken<Data extends WechatToken = WechatToken> {
  /** What WeChat answered, and `create_at`. */
  data: Data
  /**
   * Whether the access token has not expired, to the millisecond. `false` where `create_at` is more than four
   * minutes ahead of the clock.
   */
  isValid(): boolean
}

/** What `setOpts` understands. Whatever else it is given is kept in `defaults` and without effect. */
export interface OAuthOptions {
  /** Milliseconds for a whole call, and for a visit to `getToken` or `saveToken`; of a pair, as urllib takes it, the sum. Default 5000. */
  timeout?: number | string | readonly (number | string)[]
  /** Base addresses of WeChat's servers: one for everything, or `{ open, api, mp }`. Default: WeChat. */
  endpoints?: string | Endpoints
  /**
   * Base addresses that are asked in this order, all within `timeout`, when the first host fails. A call that may be
   * repeated goes on after a failed connection, or when WeChat is busy. A call that spends a code goes on only if no
   * connection came about, so that nothing was sent.
   * Default none: then a call that may be repeated is tried once more on the same host.
   */
  fallbackHosts?: string[]
  /** Default the global `fetch`. Takes the place of urllib's `agent`, `httpsAgent` and `proxy`. */
  fetch?: typeof fetch
  /** Never sees a secret, a token, a code or a query string. */
  logger?: WechatLogger
  /** Other options of urllib. */
  [option: string]: unknown
}

/** What `decryptMiniProgramUser` gives. */
export type DecryptedUser = MiniProgramData
