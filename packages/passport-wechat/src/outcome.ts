import {
  WECHAT_ERRCODES,
  WechatAPIError,
  type WechatLogger,
  type WechatMode,
} from '@wechat-auth/wechat-oauth'
import { readInfoCode, type Outcome as KitOutcome } from '@wechat-auth/wechat-oauth/strategy-kit'
import type { WechatFailure, WechatFailureCode, WechatStateReason } from './types.js'

type Level = keyof WechatLogger

/** What the logger gets about a failed login. `challenge` is for the application and may describe the user. */
export interface FailureReport {
  level: Level
  message: string
  facts: Record<string, unknown>
}

export interface FailedLogin {
  action: 'fail'
  challenge: object
  status: number
  report: FailureReport
}

type Ending = Exclude<KitOutcome<Express.User, object>, { action: 'fail' }> | FailedLogin

/** How a request ends. `mode` is known if the login has a record. */
export type Outcome = Ending & { mode?: WechatMode }

// The level is `warn` if the operator can do something about it.
const failures: Record<WechatFailureCode, { status: number; level: Level; message: string }> = {
  ERR_WECHAT_STATE: {
    status: 403,
    level: 'warn',
    message: 'This login was started in another browser, has already finished, or has expired. Start again',
  },
  ERR_WECHAT_DENIED: { status: 401, level: 'debug', message: 'The user refused to log in with WeChat' },
  ERR_WECHAT_CODE: {
    status: 401,
    level: 'debug',
    message: 'The code from WeChat is invalid, used or expired. Start the login again',
  },
  ERR_WECHAT_SNAPSHOT_USER: {
    status: 401,
    level: 'warn',
    message:
      'This is a preview page with a virtual account. Tap "Use Full Service" (使用完整服务) at the bottom, then log in',
  },
  ERR_WECHAT_NO_UNIONID: {
    status: 401,
    level: 'warn',
    message:
      'WeChat did not return a unionid. Bind the app to an open-platform account. For an official account, also request the scope snsapi_userinfo',
  },
  ERR_WECHAT_BLOCKED: {
    status: 403,
    level: 'warn',
    message: 'WeChat does not allow this user to log in',
  },
  ERR_WECHAT_VERIFY: {
    status: 401,
    level: 'debug',
    message: 'This application does not allow this WeChat user to log in',
  },
  ERR_WECHAT_REQUEST: {
    status: 400,
    level: 'debug',
    message: 'The request is not a mini-program login',
  },
  ERR_WECHAT_SIGNATURE: {
    status: 401,
    level: 'debug',
    message: 'signature does not match rawData, or the session_key is stale. Call wx.login again',
  },
  ERR_WECHAT_ENCRYPTED_DATA: {
    status: 400,
    level: 'debug',
    message: 'encryptedData or iv is damaged',
  },
  ERR_WECHAT_SESSION_KEY: {
    status: 401,
    level: 'debug',
    message: 'The encrypted data cannot be decrypted with the current session_key. Call wx.login again',
  },
  ERR_WECHAT_OPENID_MISMATCH: {
    status: 401,
    level: 'debug',
    message: 'The encrypted data belongs to another user or another app. Call wx.login again',
  },
}

// Anybody can cause `missing` with a link, and users cause the other two with a reload.
const quietReasons = new Set<WechatStateReason | undefined>(['missing', 'replayed', 'code'])

/** Thrown inside a flow to end it with `fail`. */
export class Refusal extends Error {
  readonly outcome: FailedLogin

  /**
   * @param details - added to the `info` that the application gets
   * @param report.level - default: that of the code
   * @param report.facts - for the logger only
   */
  constructor(
    code: WechatFailureCode,
    details: Partial<WechatFailure> = {},
    report: { level?: Level; facts?: object } = {},
  ) {
    const { status, ...failure } = failures[code]
    const { message = failure.message, ...others } = details
    super(message)
    const level = quietReasons.has(details.reason) ? 'debug' : failure.level
    this.outcome = {
      action: 'fail',
      challenge: { message, code, ...others },
      status,
      report: {
        level: report.level ?? level,
        message,
        facts: { code, ...others, ...report.facts },
      },
    }
  }
}

/** The outcome if verify refuses the user. `info` may describe the user, so only its code is logged. */
export function refusedByVerify(info: object | string | null | undefined): Outcome {
  const own = typeof info === 'object' && info !== null
  // Passport would put a string into the WWW-Authenticate header, which does not allow every character.
  const refusal = new Refusal('ERR_WECHAT_VERIFY', typeof info === 'string' ? { message: info } : {}).outcome
  const { level, message } = failures.ERR_WECHAT_VERIFY
  const code = readInfoCode(info) ?? 'ERR_WECHAT_VERIFY'
  return {
    ...refusal,
    ...(own && { challenge: info }),
    report: { level, message, facts: { code } },
  }
}

/**
 * Refuses a request that is not a mini-program login.
 *
 * @param level - default: that of the code
 */
export function requestRefusal(message: string, level?: Level): Refusal {
  return new Refusal('ERR_WECHAT_REQUEST', { message }, level === undefined ? {} : { level })
}

/** Turns WeChat's errors about the user or the code into refusals. */
export function refuseByKind<T>(call: Promise<T>): Promise<T> {
  return call.catch((error: unknown) => {
    if (!(error instanceof WechatAPIError)) throw error
    const { kind, errcode } = error
    const report = { facts: { meaning: WECHAT_ERRCODES[errcode]?.message } }
    if (kind === 'code') throw new Refusal('ERR_WECHAT_CODE', { errcode }, report)
    if (kind === 'denied' || kind === 'user') throw new Refusal('ERR_WECHAT_BLOCKED', { errcode }, report)
    throw error
  })
}

/**
 * Turns what a flow throws into an outcome. Never rejects.
 *
 * @param mode - of the login's record
 */
export async function catchOutcome(flow: () => Promise<Outcome>, mode?: WechatMode): Promise<Outcome> {
  const outcome = await catchEnding(flow)
  return mode === undefined ? outcome : { ...outcome, mode }
}

async function catchEnding(flow: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await flow()
  } catch (error) {
    return error instanceof Refusal ? error.outcome : { action: 'error', error }
  }
}
