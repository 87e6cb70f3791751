/** What an errcode is about, and so what can be done. */
export type WechatErrorKind =
  /** the code is bad, used or expired: start the login again */
  | 'code'
  /** the access token is no longer good: refresh it */
  | 'token'
  /** the refresh token is no longer good: the user must log in again */
  | 'refresh'
  /** the mini-program's session_key is stale: `wx.login` again */
  | 'session'
  /** the scope does not allow it */
  | 'scope'
  /** WeChat refuses this user or account */
  | 'denied'
  /** the user must do something first, e.g. follow the account */
  | 'user'
  /** a quota is used up */
  | 'rate'
  /** WeChat is busy */
  | 'busy'
  /** the application is configured wrongly */
  | 'config'
  | 'unknown'

/** Every `code` that an error of this family of packages can have. */
export type WechatErrorCode =
  | 'ERR_WECHAT_API'
  | 'ERR_WECHAT_TIMEOUT'
  | 'ERR_WECHAT_NETWORK'
  | 'ERR_WECHAT_STATUS'
  | 'ERR_WECHAT_RESPONSE'
  | 'ERR_WECHAT_NO_TOKEN'
  | 'ERR_WECHAT_DECRYPT'
  | 'ERR_WECHAT_ENCRYPTED_DATA'
  | 'ERR_WECHAT_SESSION_KEY'
  | 'ERR_WECHAT_STORE'
  | 'ERR_WECHAT_LOCK'
  | 'ERR_WECHAT_CONFIG'
  | 'ERR_WECHAT_STATE_STORE'
  | 'ERR_WECHAT_SESSION_TOKEN'
  | 'ERR_WECHAT_OPENID_MISMATCH'

/** Base of all errors of this family of packages. */
export class WechatError extends Error {
  /** Stable; meant for `switch`. */
  readonly code: WechatErrorCode
  /** HTTP status that Express answers with. */
  readonly status: number

  constructor(code: WechatErrorCode, message: string, status = 500) {
    super(message)
    this.code = code
    this.status = status
  }

  static {
    name(this, 'WechatError')
  }
}

/** What a `WechatAPIError` is made of. */
export interface WechatAPIErrorDetails {
  errcode: number
  errmsg: string
  requestId: string | undefined
  endpoint: string
  kind: WechatErrorKind
}

/** WeChat answered with an errcode. */
export class WechatAPIError extends WechatError {
  /** `ERR_WECHAT_SESSION_KEY` where the errcode says that the saved session_key is stale. */
  declare readonly code: 'ERR_WECHAT_API' | 'ERR_WECHAT_SESSION_KEY'
  readonly errcode: number
  /** WeChat's text, at most 200 characters, with the request's own values replaced by `***`. */
  readonly errmsg: string
  /** WeChat's id of the request (rid), where it sent one. */
  readonly requestId: string | undefined
  /** Path of the call, without query. */
  readonly endpoint: string
  readonly kind: WechatErrorKind

  /**
   * @param details.code - default `ERR_WECHAT_API`
   * @param details.status - default 503 where WeChat is busy or a quota is used up, else 500
   */
  constructor(details: WechatAPIErrorDetails & { code?: WechatAPIError['code']; status?: number }) {
    const { errcode, errmsg, endpoint, kind, code = 'ERR_WECHAT_API' } = details
    const status = details.status ?? (kind === 'rate' || kind === 'busy' ? 503 : 500)
    super(code, `${endpoint} answered ${errcode}${errmsg && ` ${errmsg}`}`, status)
    this.errcode = errcode
    this.errmsg = errmsg
    this.requestId = details.requestId
    this.endpoint = endpoint
    this.kind = kind
  }

  static {
    name(this, 'WechatAPIError')
  }
}

/** WeChat did not answer, or not in the way that it should. */
export class WechatTransportError extends WechatError {
  declare readonly code:
    'ERR_WECHAT_TIMEOUT' | 'ERR_WECHAT_NETWORK' | 'ERR_WECHAT_STATUS' | 'ERR_WECHAT_RESPONSE'
  /** Path of the call, without query. */
  readonly endpoint: string
  /** The system's word for what went wrong with the connection, e.g. `ECONNREFUSED`. */
  readonly reason: string | undefined

  constructor(code: WechatTransportError['code'], endpoint: string, message: string, reason?: string) {
    super(code, `${endpoint} ${message}`, code === 'ERR_WECHAT_TIMEOUT' ? 504 : 502)
    this.endpoint = endpoint
    this.reason = reason
  }

  static {
    name(this, 'WechatTransportError')
  }
}

/** There is no usable token for this user: send the user through the login. */
export class NoOAuthTokenError extends WechatError {
  constructor(openid: string) {
    super('ERR_WECHAT_NO_TOKEN', `No token for ${openid}, please authorize first.`)
  }

  static {
    name(this, 'NoOAuthTokenError')
  }
}

/**
 * Encrypted data cannot be used.
 *
 * `ERR_WECHAT_ENCRYPTED_DATA` (status 400): the input is damaged, and no key could open it. `ERR_WECHAT_SESSION_KEY`: the input
 * is well-formed and does not open with the session_key that is saved for the user, who must call `wx.login` again.
 * `ERR_WECHAT_OPENID_MISMATCH` (401): the data belongs to another user. `ERR_WECHAT_DECRYPT`: everything else.
 */
export class WechatDecryptError extends WechatError {
  declare readonly code:
    | 'ERR_WECHAT_DECRYPT'
    | 'ERR_WECHAT_ENCRYPTED_DATA'
    | 'ERR_WECHAT_SESSION_KEY'
    | 'ERR_WECHAT_OPENID_MISMATCH'
  /**
   * `input`: not base64, or not of the right length. `data`: wrong key, or changed data. `watermark`: opened, but encrypted for
   * another app. `openid`, `unionid`: for another user. `stored`: a value in an encrypted token store does not open.
   */
  readonly reason: 'input' | 'data' | 'watermark' | 'openid' | 'unionid' | 'stored'

  /**
   * @param reason - default `data`
   * @param code - default `ERR_WECHAT_DECRYPT`
   */
  constructor(
    message: string,
    reason: WechatDecryptError['reason'] = 'data',
    code: WechatDecryptError['code'] = 'ERR_WECHAT_DECRYPT',
  ) {
    super(code, message, decryptStatus.get(code))
    this.reason = reason
  }

  static {
    name(this, 'WechatDecryptError')
  }
}

/** What a database driver said, without the statement and the values that drivers put on their errors. */
export interface DriverErrorFacts {
  name?: string
  code?: string | number
  errno?: number
  sqlState?: string
}

/** The token store failed (`ERR_WECHAT_STORE`), or a lock was not to be had (`ERR_WECHAT_LOCK`). It has no `cause`. */
export class StoreError extends WechatError {
  declare readonly code: 'ERR_WECHAT_STORE' | 'ERR_WECHAT_LOCK'
  readonly driver: DriverErrorFacts | undefined
  /**
   * `record`: the store works, but what it holds cannot be used, e.g. because it is not a record. A login
   * replaces such a record. `undefined`: the backend failed, and nobody knows what it holds.
   */
  readonly reason: 'record' | undefined

  /**
   * @param message - what could not be done; no value of a record
   * @param options.code - default `ERR_WECHAT_STORE`
   * @param options.error - what the driver threw; only facts without values are taken from it
   * @param options.reason - default `undefined`
   */
  constructor(
    message: string,
    options: { code?: StoreError['code']; error?: unknown; reason?: StoreError['reason'] } = {},
  ) {
    super(options.code ?? 'ERR_WECHAT_STORE', message)
    this.driver = driverFacts(options.error)
    this.reason = options.reason
  }

  static {
    name(this, 'StoreError')
  }
}

/**
 * Whether a store failed because what it holds cannot be used, and not because its backend failed. It goes by
 * `code` and `reason`: the error may come from another copy of this package.
 */
export function isUnusableRecord(error: unknown): boolean {
  try {
    const { code, reason } = (error ?? {}) as { code?: unknown; reason?: unknown }
    return (
      (code === 'ERR_WECHAT_STORE' && reason === 'record') ||
      (code === 'ERR_WECHAT_DECRYPT' && reason === 'stored')
    )
  } catch {
    // A getter threw: it is an error of somebody else's.
    return false
  }
}

/**
 * A session token is not good, or a mini-program's login is not what it should be: the user must log in again. 401.
 *
 * `ERR_WECHAT_SESSION_TOKEN`: the token is malformed, unknown, expired, revoked or of another application.
 * `ERR_WECHAT_SESSION_KEY`: the encrypted data does not open with the current session_key. `ERR_WECHAT_OPENID_MISMATCH`: it
 * belongs to another user or another app.
 */
export class WechatSessionError extends WechatError {
  declare readonly code: 'ERR_WECHAT_SESSION_TOKEN' | 'ERR_WECHAT_SESSION_KEY' | 'ERR_WECHAT_OPENID_MISMATCH'

  constructor(code: WechatSessionError['code'], message: string) {
    super(code, message, 401)
  }

  static {
    name(this, 'WechatSessionError')
  }
}

const decryptStatus = new Map<WechatDecryptError['code'], number>([
  ['ERR_WECHAT_ENCRYPTED_DATA', 400],
  ['ERR_WECHAT_OPENID_MISMATCH', 401],
])

// On the prototype, where neither JSON nor inspection repeats it as a field.
function name(type: { prototype: Error }, value: string): void {
  Object.defineProperty(type.prototype, 'name', { value, configurable: true, writable: true })
}

const word = /^[\w.:-]{1,64}$/

function driverFacts(error: unknown): DriverErrorFacts | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const facts: DriverErrorFacts = {}
  try {
    const { name, code, errno, sqlState } = error as Record<string, unknown>
    if (typeof name === 'string' && word.test(name)) facts.name = name
    if (typeof code === 'number' || (typeof code === 'string' && word.test(code))) facts.code = code
    if (typeof errno === 'number') facts.errno = errno
    if (typeof sqlState === 'string' && word.test(sqlState)) facts.sqlState = sqlState
  } catch {
    // A getter threw: what is known so far is enough.
  }
  return facts
}
