import { WechatOAuth, type WechatOAuthOptions, type WechatToken } from '@wechat-auth/wechat-oauth'

export const appId = 'wx00000000000000aa'
export const appSecret = '5ec2e75ec2e75ec2e75ec2e75ec2e7aa'
export const openid = 'oAAAAAAAAAAAAAAAAAAAAAAAAAAA'
export const unionid = 'oUUUUUUUUUUUUUUUUUUUUUUUUUUU'
export const code = '0a1CODEcodeCODEcodeCODEcodeCODE1'
export const now = 1_700_000_000_000

export const tokenReply = (fields: Record<string, unknown> = {}): Record<string, unknown> => ({
  access_token: '70_ACCESS-TOKEN_of/the+user',
  expires_in: 7200,
  refresh_token: '70_REFRESH-TOKEN_of/the+user',
  openid,
  scope: 'snsapi_userinfo',
  ...fields,
})

export const userReply = (fields: Record<string, unknown> = {}): Record<string, unknown> => ({
  openid,
  nickname: '爱丽丝🐼',
  sex: 0,
  language: '',
  city: '',
  province: '',
  country: '',
  headimgurl: 'https://thirdwx.qlogo.cn/mmopen/vi_32/abc/132',
  privilege: [],
  ...fields,
})

export const sessionReply = (fields: Record<string, unknown> = {}): Record<string, unknown> => ({
  session_key: '/IkZjsessionkey+sessio==',
  openid,
  ...fields,
})

/** A record that is good now. */
export const record = (fields: Partial<WechatToken> = {}): WechatToken => ({
  openid,
  access_token: 'stored-access-token',
  expires_in: 7200,
  refresh_token: 'stored-refresh-token',
  scope: 'snsapi_userinfo',
  create_at: now - 1000,
  ...fields,
})

/** A client of the app above, whose clock stands still. */
export const client = (options: Partial<WechatOAuthOptions> = {}): WechatOAuth =>
  new WechatOAuth({ appId, appSecret, now: () => now, ...options })
