export { reasonToSkip } from './capabilities.js'
export { tokenStoreCases } from './cases.js'
export { testTokenStore } from './register.js'

export type { TestRunner } from './register.js'
export type { Capability, Outage, Token, TokenStore, TokenStoreCase, TokenStoreHarness } from './types.js'
