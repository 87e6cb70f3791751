import type { WechatError, WechatErrorCode } from './errors.js'
import type { WechatMode } from './types.js'

/**
 * The record of the token store that an operation is about: a user's, the app's access token (`client`), or one of its tickets.
 * `health` is the read of `health()`, for which there is no record.
 */
export type WechatRecordKind = 'user' | 'client' | 'jsapi' | 'wx_card' | 'health'

/**
 * What the messages of all tracing channels have in common. All events of an operation get the same object, and it is filled
 * while the operation runs. It never has a secret, a token, a code, an openid or an address with a query.
 */
export interface WechatOperationMessage {
  appId: string
  /** How long it took, in milliseconds. Absent until it has ended. */
  durationMs?: number
  /** The error's code. Absent if it succeeded. */
  code?: WechatErrorCode
  /** WeChat's errcode, if that is why it failed. */
  errcode?: number
  /** The error. Absent if it succeeded. */
  error?: WechatError
}

/** A message of the tracing channel `wechat-auth:call`: one call to WeChat, with its repetitions on the same or on other hosts. */
export interface WechatCallMessage extends WechatOperationMessage {
  /** The path, without the query. */
  endpoint: string
  method: 'GET' | 'POST'
  /** How many requests were made. */
  attempts: number
  /** The host of the last request, with its port unless that is the usual one. */
  host?: string
  /** The HTTP status of the last response. */
  status?: number
}

/** A message of the tracing channel `wechat-auth:refresh`: one renewal, which all waiting callers share. */
export interface WechatRefreshMessage extends WechatOperationMessage {
  record: WechatRecordKind
  /** Whether WeChat renewed it. `false` if another process had already done so. */
  renewed?: boolean
}

/** A message of the tracing channel `wechat-auth:lock`: waiting for a lock of the token store. It ends when the lock is held. */
export interface WechatLockMessage extends WechatOperationMessage {
  /** The record that the lock protects. */
  record: WechatRecordKind
}

/** A message of the tracing channel `wechat-auth:store`: one call of a method of the token store. */
export interface WechatStoreMessage extends WechatOperationMessage {
  operation: 'getToken' | 'saveToken' | 'deleteToken'
  record: WechatRecordKind
}

/** A message of the channel `wechat-auth:login`: what a strategy made of one request. */
export interface WechatLoginMessage {
  /** The strategy's name in Passport. */
  strategy: string
  /** For a callback with an unknown state, the mode that the request would have started. Absent if the call was wrong. */
  mode?: WechatMode
  /** `redirect`: the user was sent to WeChat. The others are Passport's. */
  outcome: 'redirect' | 'success' | 'fail' | 'error'
  /** Why it failed: of the failure's `info`, or of the error. */
  code?: string
  /** Milliseconds from the start of the request. */
  durationMs: number
}
