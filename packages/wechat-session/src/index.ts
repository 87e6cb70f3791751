export { WechatSessionError } from '@wechat-auth/wechat-oauth'
export { MemorySessionStore } from './memory-session-store.js'
export { MemoryUserStore } from './memory-user-store.js'
export { WechatSessions } from './sessions.js'
export { WechatSessionStrategy } from './strategy.js'

export type { SessionChecks } from './guard.js'
export type { MemorySessionStoreOptions } from './memory-session-store.js'
export type {
  WechatSessionStrategyOptions,
  WechatSessionVerify,
  WechatSessionVerifyCallback,
  WechatSessionVerifyWithRequest,
} from './strategy.js'
export type {
  AccountToRegister,
  CreateUser,
  FindUser,
  Identified,
  IssuedToken,
  ListedSession,
  MiniProgramClient,
  MiniProgramLogin,
  TokenHolder,
  UserId,
  WechatLogin,
  WechatSessionsCommonOptions,
  WechatSessionsOptions,
} from './types.js'
export type { Registration } from './users.js'
export type {
  CreatedUser,
  RegisteredUser,
  SessionStore,
  StoredSession,
  UserProfile,
  UserStore,
  WechatAccount,
  WechatSession,
} from '@wechat-auth/wechat-oauth'
