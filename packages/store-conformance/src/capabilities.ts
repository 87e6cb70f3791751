import type { Capability, TokenStore, TokenStoreCase, TokenStoreHarness } from './types.js'

export const capabilities: readonly Capability[] = [
  'deleteToken', 'withLock', 'second', 'corrupt', 'outages', 'expiry', 'abandonLock',
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

/** Why the case cannot be tried with this harness, as the harness itself explains it; `undefined` where it must be. */
export function reasonToSkip(testCase: TokenStoreCase, harness: TokenStoreHarness): string | undefined {
  for (const capability of testCase.needs) {
    const reason = harness.without?.[capability]
    if (reason !== undefined) return reason
  }
  return undefined
}
