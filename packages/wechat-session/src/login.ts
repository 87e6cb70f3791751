import {
  WechatAPIError,
  WechatSessionError,
  type MiniProgramData,
  type UserProfile,
  type WechatDecryptError,
  type WechatError,
  type WechatErrorKind,
} from '@wechat-auth/wechat-oauth'
import {
  isObject,
  MiniProgramInputReader,
  openUserData,
  type DataRefusalCode,
} from '@wechat-auth/wechat-oauth/strategy-kit'
import type { MiniProgramClient, MiniProgramLogin } from './types.js'
import type { NewUser } from './users.js'

/** Checks the input of `authorize`. @throws TypeError */
export function readLogin(input: unknown): MiniProgramLogin {
  if (!isObject(input)) throw badRequest('the input must be an object with the code of wx.login')
  const reader = new MiniProgramInputReader(input, badRequest)
  return {
    code: reader.code(),
    ...reader.pair('encryptedData', 'iv'),
    // Some devices have no name.
    device: input['device'] === '' ? undefined : reader.text('device', 256),
  }
}

/** Exchanges the code for the user's account. The session_key stays in the client's token store. */
export async function logIn(
  oauth: MiniProgramClient,
  { code, encryptedData, iv }: MiniProgramLogin,
): Promise<NewUser> {
  const { session_key: sessionKey, openid, unionid } = await exchangeCode(oauth, code)
  const data = openUserData(oauth, { sessionKey, encryptedData, iv }, { openid, unionid }, dataRefusal)
  const profile = data && pickProfile(data)
  return {
    appId: oauth.appId,
    openid,
    ...(unionid !== undefined && { unionid }),
    ...(profile && { profile }),
  }
}

const refusals = {
  ERR_WECHAT_OPENID_MISMATCH:
    'The encrypted data belongs to another user or another app. Call wx.login again',
  ERR_WECHAT_SESSION_KEY:
    'The encrypted data cannot be decrypted with the current session_key. Call wx.login again',
}

/** Damaged input is not a matter of the session, so its error stays as it is. */
function dataRefusal(code: DataRefusalCode, error: WechatDecryptError): WechatError {
  return code === 'ERR_WECHAT_ENCRYPTED_DATA' ? error : new WechatSessionError(code, refusals[code])
}

const toldAsText = ['nickName', 'avatarUrl', 'language', 'city', 'province', 'country'] as const

/** Picks what describes a person. A phone number is not part of it. */
function pickProfile(data: MiniProgramData): UserProfile | undefined {
  const profile: UserProfile = {}
  for (const field of toldAsText) {
    const value = data[field]
    if (typeof value === 'string' && value !== '') profile[field] = value
  }
  if (typeof data.gender === 'number') profile.gender = data.gender
  return Object.keys(profile).length > 0 ? profile : undefined
}

/** Gives errors about the user or the code a status of 4xx. */
async function exchangeCode(
  oauth: MiniProgramClient,
  code: string,
): ReturnType<MiniProgramClient['code2Session']> {
  try {
    return await oauth.code2Session(code)
  } catch (error) {
    if (!(error instanceof WechatAPIError)) throw error
    const { errcode, errmsg, requestId, endpoint, kind } = error
    const status = statusOfKind.get(kind)
    throw status === undefined
      ? error
      : new WechatAPIError({ errcode, errmsg, requestId, endpoint, kind, status })
  }
}

const statusOfKind = new Map<WechatErrorKind, number>([
  ['code', 401],
  ['denied', 403],
  ['user', 403],
])

/** The request is wrong, not the program, so Express must answer 400. */
function badRequest(message: string): TypeError {
  return Object.assign(new TypeError(`authorize: ${message}`), { status: 400 })
}
