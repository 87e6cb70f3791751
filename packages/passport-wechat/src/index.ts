import './passport.js'

export { CookieStateStore } from './state/cookie.js'
// `require` returns the class. The named exports are properties of it.
export {
  WechatStrategy,
  WechatStrategy as Strategy,
  WechatStrategy as default,
  WechatStrategy as 'module.exports',
} from './strategy.js'

export type { WechatMode } from '@wechat-auth/wechat-oauth'
export type { RequestParts } from './request.js'
export type { CookieStateStoreOptions } from './state/cookie.js'
export type { StateMeta, StateStore, StoreCallback, VerifyCallback } from './state/contract.js'
export type {
  AnyWechatVerify,
  IdSource,
  MiniProgramInput,
  PerRequest,
  SkipUserProfile,
  WechatApp,
  WechatApps,
  WechatAuthenticateOptions,
  WechatAuthInfo,
  WechatAuthorization,
  WechatCallOptions,
  WechatCommonOptions,
  WechatFailure,
  WechatFailureCode,
  WechatObjectVerify,
  WechatOneAppOptions,
  WechatProfile,
  WechatRedirectApp,
  WechatSeveralAppsOptions,
  WechatStateReason,
  WechatStrategyOptions,
  WechatTokenParams,
  WechatVerify,
  WechatVerifyCallback,
  WechatVerifyInput,
  WechatVerifyWithParams,
  WechatVerifyWithRequest,
  WechatVerifyWithRequestAndParams,
} from './types.js'
