import type { WechatToken } from '@wechat-auth/wechat-oauth'

/** As WeChat sends it, with what our client adds. */
export const token = {
  openid: 'oLVPpjqs9BhvzwPj5A-vTYAX3GLc',
  access_token: 'A'.repeat(120),
  refresh_token: 'R'.repeat(120),
  expires_in: 7200,
  scope: 'snsapi_userinfo',
  create_at: 1_760_000_000_000,
  unionid: 'o6_bmasdasdsad6_2sgVt7hMZOPfL',
} satisfies WechatToken
