export { sessionStoreCases, tokenStoreCases, userStoreCases } from './cases.js'
export { reasonToSkip } from './harness.js'
export { testSessionStore, testTokenStore, testUserStore } from './register.js'

export type { TestRunner } from './register.js'
export type {
  Session,
  SessionStore,
  SessionStoreCapability,
  SessionStoreCase,
  SessionStoreHarness,
} from './sessions/types.js'
export type { Capability, Outage, Token, TokenStore, TokenStoreCase, TokenStoreHarness } from './types.js'
export type {
  Account,
  User,
  UserStore,
  UserStoreCapability,
  UserStoreCase,
  UserStoreHarness,
} from './users/types.js'
