import type { MiniProgramData, WechatMode, WechatUser } from '@wechat-auth/wechat-oauth'
import type { WechatProfile } from './types.js'

/** Name, picture and gender, from `/sns/userinfo` or from a mini-program's encrypted data. */
export interface Person {
  name?: unknown
  picture?: unknown
  gender?: unknown
}

export interface ProfileFacts {
  id: string
  appId: string
  mode: WechatMode
  openid: string
  unionid: string | undefined
  person: Person
  /** The reply of `/sns/userinfo`, if it was called. */
  userinfo: WechatUser | undefined
}

export function readUserinfo({ nickname, headimgurl, sex }: WechatUser): Person {
  return { name: nickname, picture: headimgurl, gender: sex }
}

export function readMiniProgramData({ nickName, avatarUrl, gender }: MiniProgramData): Person {
  return { name: nickName, picture: avatarUrl, gender }
}

/** Builds Passport's normalized profile. Members that WeChat leaves empty are absent. */
export function buildProfile({
  id,
  appId,
  mode,
  openid,
  unionid,
  person,
  userinfo,
}: ProfileFacts): WechatProfile {
  const { name, picture } = person
  const gender = readGender(person.gender)
  const json = userinfo ?? { openid, ...(unionid !== undefined && { unionid }) }
  return {
    provider: 'wechat',
    id,
    displayName: typeof name === 'string' ? name : '',
    appId,
    mode,
    openid,
    ...(unionid !== undefined && { unionid }),
    ...(gender && { gender }),
    ...(typeof picture === 'string' && picture !== '' && { photos: [{ value: overHttps(picture) }] }),
    _raw: JSON.stringify(json),
    _json: json,
  }
}

function readGender(value: unknown): 'male' | 'female' | undefined {
  switch (value) {
    case 1:
      return 'male'
    case 2:
      return 'female'
    default:
      return undefined
  }
}

// WeChat's picture hosts support http and https. Browsers block http pictures on https pages.
function overHttps(url: string): string {
  return url.startsWith('https:') ? url : url.replace(/^http:\/\/((?:[\w-]+\.)*qlogo\.cn\/)/i, 'https://$1')
}
