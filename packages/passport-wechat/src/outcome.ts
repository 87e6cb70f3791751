import { WechatAPIError } from '@wechat-auth/wechat-oauth'
import type { Outcome as KitOutcome } from '@wechat-auth/wechat-oauth/strategy-kit'
import type { WechatFailure, WechatFailureCode } from './types.js'

export type Outcome = KitOutcome<Express.User, object>

const failures: Record<WechatFailureCode, { status: number; message: string }> = {
  ERR_WECHAT_STATE: {
    status: 403,
    message: 'This login was started in another browser, has already finished, or has expired. Start again',
  },
  ERR_WECHAT_DENIED: { status: 401, message: 'The user refused to log in with WeChat' },
  ERR_WECHAT_CODE: {
    status: 401,
    message: 'The code from WeChat is invalid, used or expired. Start the login again',
  },
  ERR_WECHAT_SNAPSHOT_USER: {
    status: 401,
    message:
      'This is a preview page with a virtual account. Tap "Use Full Service" (使用完整服务) at the bottom, then log in',
  },
  ERR_WECHAT_NO_UNIONID: {
    status: 401,
    message:
      'WeChat did not return a unionid. Bind the app to an open-platform account. For an official account, also request the scope snsapi_userinfo',
  },
  ERR_WECHAT_BLOCKED: { status: 403, message: 'WeChat does not allow this user to log in' },
  ERR_WECHAT_VERIFY: { status: 401, message: 'This application does not allow this WeChat user to log in' },
  ERR_WECHAT_REQUEST: { status: 400, message: 'The request is not a mini-program login' },
  ERR_WECHAT_SIGNATURE: {
    status: 401,
    message: 'signature does not match rawData, or the session_key is stale. Call wx.login again',
  },
  ERR_WECHAT_ENCRYPTED_DATA: { status: 400, message: 'encryptedData or iv is damaged' },
  ERR_WECHAT_SESSION_KEY: {
    status: 401,
    message: 'The encrypted data cannot be decrypted with the current session_key. Call wx.login again',
  },
  ERR_WECHAT_OPENID_MISMATCH: {
    status: 401,
    message: 'The encrypted data belongs to another user or another app. Call wx.login again',
  },
}

/** Thrown inside a flow to end it with `fail`. */
export class Refusal extends Error {
  readonly outcome: Outcome

  constructor(code: WechatFailureCode, details: Partial<WechatFailure> = {}) {
    const { status, message } = failures[code]
    super(details.message ?? message)
    this.outcome = { action: 'fail', challenge: { message, code, ...details }, status }
  }
}

/** Turns WeChat's errors about the user or the code into refusals. */
export function refuseByKind<T>(call: Promise<T>): Promise<T> {
  return call.catch((error: unknown) => {
    if (!(error instanceof WechatAPIError)) throw error
    const { kind, errcode } = error
    if (kind === 'code') throw new Refusal('ERR_WECHAT_CODE', { errcode })
    if (kind === 'denied' || kind === 'user') throw new Refusal('ERR_WECHAT_BLOCKED', { errcode })
    throw error
  })
}

/** Turns what a flow throws into an outcome. Never rejects. */
export async function catchOutcome(flow: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await flow()
  } catch (error) {
    return error instanceof Refusal ? error.outcome : { action: 'error', error }
  }
}
