import type { TokenStore, WechatToken } from '@wechat-auth/wechat-oauth'
import type { StoreCase, StoreHarness } from '../harness.js'

export type { TokenStore }
/** The record that a token store keeps under one key. */
export type Token = WechatToken

/**
 * What a store or its harness may or may not have. `deleteToken` and `withLock` are methods of the store, the others
 * members of the harness.
 */
export type Capability =
  'deleteToken' | 'withLock' | 'second' | 'corrupt' | 'outages' | 'expiry' | 'abandonLock'

/** How the cases get at the store under test. Everything that a store has must be here, or its absence explained in `without`. */
export interface TokenStoreHarness extends StoreHarness<TokenStore, Capability> {
  /** Damages the record under this key where it is kept, so that it cannot be used any more. */
  corrupt?(key: string, store: TokenStore): Promise<void> | void
  expiry?: {
    /** A store that keeps records for `ttl` seconds after they were saved. */
    create(ttl: number): Promise<TokenStore> | TokenStore
    /** Lets time pass for the store. Default: waits. */
    advance?(ms: number): Promise<void> | void
  }
  /** Takes the lock `key` in a process that dies before it can release it. Resolves when it is dead. `ttl` in milliseconds. */
  abandonLock?(key: string, ttl: number, store: TokenStore): Promise<void> | void
}

/** One case of the contract. */
export type TokenStoreCase = StoreCase<TokenStoreHarness, Capability>
