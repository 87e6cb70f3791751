export { reasonToSkip } from './harness.js'
export { testSessionStore, testTokenStore, testUserStore } from './register.js'
export { sessionStoreCases } from './sessions/cases.js'
export { tokenStoreCases } from './tokens/cases.js'
export { userStoreCases } from './users/cases.js'

export type { Outage } from './harness.js'
export type { TestRunner } from './register.js'
export type {
  Session,
  SessionStore,
  SessionStoreCapability,
  SessionStoreCase,
  SessionStoreHarness,
} from './sessions/types.js'
export type { Capability, Token, TokenStore, TokenStoreCase, TokenStoreHarness } from './tokens/types.js'
export type {
  Account,
  User,
  UserStore,
  UserStoreCapability,
  UserStoreCase,
  UserStoreHarness,
} from './users/types.js'
