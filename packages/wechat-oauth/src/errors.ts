/** The kind of problem that an errcode reports, and so what to do about it. */
export type WechatErrorKind =
  /** the code is bad, used or expired: start the login again */
  | 'code'
  /** the access token is not valid any more: refresh it */
  | 'token'
  /** the refresh token is not valid any more: the user must log in again */
  | 'refresh'
  /** the mini-program's session_key is stale: it must call `wx.login` again */
  | 'session'
  /** the granted scope does not include this call */
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

/** Every `code` of the errors of these packages. */
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

/** The base class of all errors of these packages. */
export class WechatError extends Error {
  /** Does not change between versions; meant for `switch`. */
  readonly code: WechatErrorCode
  /** The HTTP status of the response, for Express and Koa. */
  readonly status: number

  /** The same as `status`, for frameworks that read this name: Nest and Fastify. */
  declare statusCode: number
  /** `false`: frameworks do not send the message to the client. It is for the log. As in the package http-errors. */
  declare expose: boolean

  constructor(code: WechatErrorCode, message: string, status = 500) {
    super(message)
    this.code = code
    this.status = status
    // Error handlers may write them, as http-errors does. They are not enumerable, so that a log shows the status once.
    Object.defineProperties(this, {
      statusCode: { value: status, writable: true, configurable: true },
      expose: { value: false, writable: true, configurable: true },
    })
  }

  static {
    name(this, 'WechatError')
  }
}

/** The fields of a `WechatAPIError`. */
export interface WechatAPIErrorDetails {
  errcode: number
  errmsg: string
  requestId: string | undefined
  endpoint: string
  kind: WechatErrorKind
}

/** WeChat replied with an errcode. */
export class WechatAPIError extends WechatError {
  /** `ERR_WECHAT_SESSION_KEY` if the errcode says that the saved session_key is stale. */
  declare readonly code: 'ERR_WECHAT_API' | 'ERR_WECHAT_SESSION_KEY'
  readonly errcode: number
  /** WeChat's message, at most 200 characters, with `***` for the values of the request. */
  readonly errmsg: string
  /** WeChat's id of the request (rid), if it sent one. */
  readonly requestId: string | undefined
  /** The path of the call, without the query. */
  readonly endpoint: string
  readonly kind: WechatErrorKind

  /**
   * @param details.advice - what the operator can do; added to the message. Default none
   * @param details.code - default `ERR_WECHAT_API`
   * @param details.status - default 503 if WeChat is busy or a quota is used up, otherwise 500
   */
  constructor(
    details: WechatAPIErrorDetails & {
      advice?: string | undefined
      code?: WechatAPIError['code']
      status?: number
    },
  ) {
    const { errcode, errmsg, endpoint, kind, advice = '', code = 'ERR_WECHAT_API' } = details
    const status = details.status ?? (kind === 'rate' || kind === 'busy' ? 503 : 500)
    super(code, `${endpoint} returned ${errcode}${errmsg && ` ${errmsg}`}${advice && `. ${advice}`}`, status)
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

/** WeChat did not reply, or sent something that is not a valid reply. */
export class WechatTransportError extends WechatError {
  declare readonly code:
    'ERR_WECHAT_TIMEOUT' | 'ERR_WECHAT_NETWORK' | 'ERR_WECHAT_STATUS' | 'ERR_WECHAT_RESPONSE'
  /** The path of the call, without the query. */
  readonly endpoint: string
  /** The system's code for the failure of the connection, e.g. `ECONNREFUSED`. */
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

/** The store has no usable token for this user: the user must log in. */
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
 * `ERR_WECHAT_ENCRYPTED_DATA` (status 400): the input is damaged, so that no key can decrypt it. `ERR_WECHAT_SESSION_KEY`: the
 * saved session_key does not decrypt the input, which is well-formed; the mini-program must call `wx.login` again.
 * `ERR_WECHAT_OPENID_MISMATCH` (401): the data belongs to another user. `ERR_WECHAT_DECRYPT`: everything else.
 */
export class WechatDecryptError extends WechatError {
  declare readonly code:
    | 'ERR_WECHAT_DECRYPT'
    | 'ERR_WECHAT_ENCRYPTED_DATA'
    | 'ERR_WECHAT_SESSION_KEY'
    | 'ERR_WECHAT_OPENID_MISMATCH'
  /**
   * `input`: not base64, or the wrong length. `data`: the wrong key, or changed data. `watermark`: the data is for another app.
   * `openid`, `unionid`: the data is for another user. `stored`: a value in an encrypted token store cannot be decrypted.
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

/** Facts from a database driver's error, without the statement and the values that drivers attach to their errors. */
export interface DriverErrorFacts {
  name?: string
  code?: string | number
  errno?: number
  sqlState?: string
}

/** A store failed (`ERR_WECHAT_STORE`), or a lock did not become free (`ERR_WECHAT_LOCK`). It has no `cause`. */
export class StoreError extends WechatError {
  declare readonly code: 'ERR_WECHAT_STORE' | 'ERR_WECHAT_LOCK'
  readonly driver: DriverErrorFacts | undefined
  /**
   * `record`: the store works, but the value that it holds cannot be used, e.g. because it is not a record. A login replaces
   * it. `undefined`: the backend failed, so it is unknown what the store holds.
   */
  readonly reason: 'record' | undefined

  /**
   * @param message - what failed, without any value of a record
   * @param options.code - default `ERR_WECHAT_STORE`
   * @param options.error - the driver's error; only facts without values are taken from it
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
 * Whether a store rejected because the value that it holds cannot be used, and not because its backend failed. It compares
 * `code` and `reason`, because the error may come from another copy of this package.
 */
export function isUnusableRecord(error: unknown): boolean {
  try {
    const { code, reason } = (error ?? {}) as { code?: unknown; reason?: unknown }
    return (
      (code === 'ERR_WECHAT_STORE' && reason === 'record') ||
      (code === 'ERR_WECHAT_DECRYPT' && reason === 'stored')
    )
  } catch {
    // A getter threw, so it is not an error of ours.
    return false
  }
}

/**
 * A session token is not valid, or a mini-program's login failed: the user must log in again. The status is 401.
 *
 * `ERR_WECHAT_SESSION_TOKEN`: the token is malformed, unknown, expired, revoked or from another application.
 * `ERR_WECHAT_SESSION_KEY`: the current session_key does not decrypt the data. `ERR_WECHAT_OPENID_MISMATCH`: the data belongs
 * to another user or another app.
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

// It is set on the prototype, so that JSON and inspection do not show it as a field.
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
    // A getter threw. The facts so far are enough.
  }
  return facts
}
