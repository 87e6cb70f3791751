import type { Capability, TokenStore, TokenStoreHarness } from './types.js'

export const capabilities: readonly Capability[] = [
  'deleteToken',
  'withLock',
  'second',
  'corrupt',
  'outages',
  'expiry',
  'abandonLock',
]

/** Whether the store or the harness has it. */
export function capabilityOf(capability: Capability, harness: TokenStoreHarness, store: TokenStore): boolean {
  switch (capability) {
    case 'deleteToken':
    case 'withLock':
      return typeof store[capability] === 'function'
    case 'outages':
      return (harness.outages?.length ?? 0) > 0
    default:
      return harness[capability] !== undefined
  }
}
