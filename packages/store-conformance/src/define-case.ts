import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { capabilityOf } from './capabilities.js'
import { caseDefiner, type CommonContext } from './harness.js'
import type { Capability, TokenStore, TokenStoreHarness } from './types.js'

/** What the body of a case works with. */
export interface CaseContext extends CommonContext<TokenStore, TokenStoreHarness> {
  /** A key that nobody used before, ending in `suffix`. */
  readonly key: (suffix?: string) => string
}

/** A case: makes its store, checks that what it needs is there, and cleans up whatever happens. */
export const defineCase = caseDefiner<TokenStore, Capability, TokenStoreHarness, CaseContext>({
  contextOf: (common) => {
    const unique = randomBytes(8).toString('hex')
    return { ...common, key: (suffix = '') => `o${unique}${suffix}` }
  },
  check: (capability, harness, store) => {
    assert.ok(capabilityOf(capability, harness, store), `there is no ${capability}`)
  },
})
