import {
  WechatAPIError,
  WechatDecryptError,
  type WechatError,
  WechatSessionError,
  type MiniProgramData,
  type UserProfile,
  type WechatErrorKind,
} from '@wechat-auth/wechat-oauth'
import { bindToIdentity, dataRefusalCode, type WechatIdentity } from '@wechat-auth/wechat-oauth/strategy-kit'
import type { MiniProgramClient, MiniProgramLogin } from './types.js'
import type { NewUser } from './users.js'

const longest = { code: 512, encryptedData: 1024 * 1024, iv: 256, device: 256 } satisfies Record<
  keyof MiniProgramLogin,
  number
>

/** The input of `authorize`, checked: it comes from the network, so its members are taken one by one. @throws TypeError */
export function checkedLogin(input: unknown): MiniProgramLogin {
  if (typeof input !== 'object' || input === null)
    throw badRequest('needs an object with the code of wx.login')
  const text = (name: keyof MiniProgramLogin): string | undefined => {
    const value: unknown = Object.hasOwn(input, name) ? (input as Record<string, unknown>)[name] : undefined
    if (value === undefined || value === null) return undefined
    // Not every device has a name to tell.
    if (name === 'device' && value === '') return undefined
    if (typeof value !== 'string' || value === '' || value.length > longest[name]) {
      throw badRequest(`${name} must be a non-empty string of at most ${longest[name]} characters`)
    }
    return value
  }
  const [code, encryptedData, iv, device] = [text('code'), text('encryptedData'), text('iv'), text('device')]
  if (code === undefined || !/^[\x21-\x7e]+$/.test(code))
    throw badRequest('code must be the code of wx.login')
  if ((encryptedData === undefined) !== (iv === undefined))
    throw badRequest('encryptedData and iv go together')
  return { code, encryptedData, iv, device }
}

/** Asks WeChat who has logged in. The session_key stays in the client's token store. */
export async function logIn(
  oauth: MiniProgramClient,
  { code, encryptedData, iv }: MiniProgramLogin,
): Promise<NewUser> {
  const { session_key: sessionKey, openid, unionid } = await sessionOf(oauth, code)
  const data =
    encryptedData === undefined || iv === undefined
      ? undefined
      : open(oauth, { sessionKey, encryptedData, iv }, { openid, unionid })
  const profile = data && profileOf(data)
  return {
    appId: oauth.appId,
    openid,
    ...(unionid !== undefined && { unionid }),
    ...(profile && { profile }),
  }
}

function open(
  oauth: MiniProgramClient,
  data: { sessionKey: string; encryptedData: string; iv: string },
  identity: WechatIdentity,
): MiniProgramData {
  try {
    return bindToIdentity(oauth.decryptMiniProgramUser(data), identity)
  } catch (error) {
    throw error instanceof WechatDecryptError ? asSessionError(error) : error
  }
}

const refusals = {
  ERR_WECHAT_OPENID_MISMATCH:
    'The encrypted data belongs to another user or another app. Call wx.login again',
  ERR_WECHAT_SESSION_KEY:
    'The encrypted data does not open with the current session_key. Call wx.login again',
}

/** Damaged input has nothing to do with the session, and stays the error that it is. */
function asSessionError(error: WechatDecryptError): WechatError {
  const code = dataRefusalCode(error)
  return code === 'ERR_WECHAT_ENCRYPTED_DATA' ? error : new WechatSessionError(code, refusals[code])
}

const toldAsText = ['nickName', 'avatarUrl', 'language', 'city', 'province', 'country'] as const

/** What WeChat tells of a person; a phone number is no part of it. */
function profileOf(data: MiniProgramData): UserProfile | undefined {
  const profile: UserProfile = {}
  for (const field of toldAsText) {
    const value = data[field]
    if (typeof value === 'string' && value !== '') profile[field] = value
  }
  if (typeof data.gender === 'number') profile.gender = data.gender
  return Object.keys(profile).length > 0 ? profile : undefined
}

/** Where the fault is the user's or the code's, the status of the error says so. */
async function sessionOf(
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

/** Of the request, not of the program: Express answers 400. */
function badRequest(message: string): TypeError {
  return Object.assign(new TypeError(`authorize: ${message}`), { status: 400 })
}
