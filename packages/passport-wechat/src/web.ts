/** Login with WeChat for servers that use web-standard requests. `@wechat-auth/passport-wechat/web`. */
export { WechatLogin } from './web/login.js'

export type { WechatMode } from '@wechat-auth/wechat-oauth'
export type {
  WechatLoginCommonOptions,
  WechatLoginFailure,
  WechatLoginOneAppOptions,
  WechatLoginOptions,
  WechatLoginRedirect,
  WechatLoginResult,
  WechatLoginSeveralAppsOptions,
  WechatLoginSuccess,
  WechatStartedLogin,
} from './web/types.js'
export type {
  WechatAuthInfo,
  WechatAuthorization,
  WechatCallOptions,
  WechatFailure,
  WechatFailureCode,
  WechatProfile,
  WechatStateReason,
  WechatTokenParams,
} from './types.js'
