import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { caseDefiner, type CommonContext } from '../harness.js'
import type { Capability, Token, TokenStore, TokenStoreHarness } from './types.js'

/** The objects that the body of a case gets. */
export interface TokenContext extends CommonContext<TokenStore, TokenStoreHarness> {
  /** Returns this case's own key, which ends in `suffix`. */
  readonly key: (suffix?: string) => string
}

export const tokenCapabilities: readonly Capability[] = [
  'deleteToken',
  'withLock',
  'second',
  'corrupt',
  'outages',
  'expiry',
  'abandonLock',
]

/** Whether the store or the harness has this capability. */
export function hasTokenCapability(
  capability: Capability,
  harness: TokenStoreHarness,
  store: TokenStore,
): boolean {
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

/** Defines a case that creates its store, checks that the capabilities it needs exist, and always cleans up. */
export const defineTokenCase = caseDefiner<TokenStore, Capability, TokenStoreHarness, TokenContext>({
  createContext: (common) => {
    const unique = randomBytes(8).toString('hex')
    return { ...common, key: (suffix = '') => `o${unique}${suffix}` }
  },
  check: (capability, harness, store) => {
    assert.ok(hasTokenCapability(capability, harness, store), `${capability} is missing`)
  },
})

/** The record of a user who logged in on a web page. */
export function webToken(openid: string, fields: Record<string, unknown> = {}): Token {
  return {
    openid,
    access_token: '70_access-token/of+the=user',
    expires_in: 7200,
    refresh_token: '70_refresh-token/of+the=user',
    scope: 'snsapi_base,snsapi_userinfo',
    create_at: 1_763_000_000_123,
    ...fields,
  }
}
