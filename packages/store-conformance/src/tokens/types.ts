import type { TokenStore, WechatToken } from '@wechat-auth/wechat-oauth'
import type { StoreCase, StoreHarness } from '../harness.js'

export type { TokenStore }
/** The record that a token store keeps under one key. */
export type Token = WechatToken

/**
 * An optional part of a store or its harness. `deleteToken` and `withLock` are methods of the store; the others are
 * members of the harness.
 */
export type Capability =
  'deleteToken' | 'withLock' | 'second' | 'corrupt' | 'outages' | 'expiry' | 'abandonLock'

/** The access of the cases to the token store under test. Provide every member, or give the reason in `without`. */
export interface TokenStoreHarness extends StoreHarness<TokenStore, Capability> {
  /** Damages the stored record of this key so that it can no longer be used. */
  corrupt?(key: string, store: TokenStore): Promise<void> | void
  expiry?: {
    /** Creates a store that keeps records for `ttl` seconds after they are saved. */
    create(ttl: number): Promise<TokenStore> | TokenStore
    /** Advances the store's clock. Default: waits in real time. */
    advance?(ms: number): Promise<void> | void
  }
  /** Acquires the lock `key` for `ttl` milliseconds in a process that dies before it releases the lock. Resolves when the process is dead. */
  abandonLock?(key: string, ttl: number, store: TokenStore): Promise<void> | void
}

/** One case of the contract. */
export type TokenStoreCase = StoreCase<TokenStoreHarness, Capability>
