import {
  WechatStrategy,
  type WechatProfile,
  type WechatSeveralAppsOptions,
  type WechatOneAppOptions,
} from '@wechat-auth/passport-wechat'
import type { FakeWechat } from './fake-wechat.js'
import { appId, appSecret } from './wechat-replies.js'

export const callbackURL = 'https://shop.example/auth/wechat/callback'

/** The user that the strategies below log in. */
export const userOf = (profile: WechatProfile): Express.User => ({ id: profile.id })

/** A strategy for the official account of `wechat-replies`, which logs everybody in. */
export function mpStrategy(wechat?: FakeWechat, options: Partial<WechatOneAppOptions> = {}): WechatStrategy {
  return new WechatStrategy(
    { appId, appSecret, callbackURL, ...(wechat && { fetch: wechat.fetch }), ...options },
    ({ profile }) => Promise.resolve(userOf(profile)),
  )
}

export const apps = {
  mp: { appId: 'wx00000000000000a1', appSecret: 'secret-of-mp' },
  website: { appId: 'wx00000000000000a2', appSecret: 'secret-of-website' },
  miniprogram: { appId: 'wx00000000000000a3', appSecret: 'secret-of-miniprogram' },
}

/** A strategy for one app of each kind, which logs everybody in. */
export function appsStrategy(
  wechat?: FakeWechat,
  options: Partial<WechatSeveralAppsOptions> = {},
): WechatStrategy {
  return new WechatStrategy(
    { apps, callbackURL, ...(wechat && { fetch: wechat.fetch }), ...options },
    ({ profile }) => Promise.resolve(userOf(profile)),
  )
}
