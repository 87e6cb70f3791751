export { MemorySessionStore } from './memory-session-store.js'
export { MemoryUserStore } from './memory-user-store.js'

export type { MemorySessionStoreOptions } from './memory-session-store.js'
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
