/** What a store keeps under one key: WeChat's answer, and whatever the application adds. */
export interface Token {
  openid: string
  /** Milliseconds since the epoch. */
  create_at: number
  [field: string]: unknown
}

/** The contract under test; `@wechat-auth/wechat-oauth` exports the same as `TokenStore`. */
export interface TokenStore {
  getToken(openid: string): Promise<Token | null | undefined>
  saveToken(openid: string, token: Token): Promise<void>
  deleteToken?(openid: string): Promise<void>
  withLock?<T>(
    key: string,
    task: (signal: AbortSignal) => Promise<T>,
    options?: { ttl?: number, wait?: number },
  ): Promise<T>
}

/**
 * What a store or its harness may or may not have. `deleteToken` and `withLock` are methods of the store, the others
 * members of the harness.
 */
export type Capability = 'deleteToken' | 'withLock' | 'second' | 'corrupt' | 'outages' | 'expiry' | 'abandonLock'

/** A way in which the backend can fail. */
export interface Outage {
  /** E.g. `server killed`. */
  name: string
  /** Resolves when the backend has failed. */
  begin(): Promise<void> | void
  /** Resolves when the backend is up again. What it kept may be gone. */
  end(): Promise<void> | void
}

/** How the cases get at the store under test. Everything that a store has must be here, or its absence explained in `without`. */
export interface TokenStoreHarness {
  /** A store, for one case. Cases use keys of their own, so that all stores may share one database. */
  create(): Promise<TokenStore> | TokenStore
  /** Called with each store that `create`, `second` or `expiry.create` made, when its case is over. */
  destroy?(store: TokenStore): Promise<void> | void
  /** Another store on the data of `store`, as in another process: with a connection of its own where that makes a difference. */
  second?(store: TokenStore): Promise<TokenStore> | TokenStore
  /** Damages the record under this key where it is kept, so that it is no record any more. */
  corrupt?(key: string, store: TokenStore): Promise<void> | void
  /** Ways in which the backend can fail. */
  outages?: readonly Outage[]
  /** Milliseconds within which a store must reject while its backend is down, and work once it is up again. Default 10,000. */
  outageBound?: number
  expiry?: {
    /** A store that keeps records for `ttl` seconds after they were saved. */
    create(ttl: number): Promise<TokenStore> | TokenStore
    /** Lets time pass for the store. Default: waits. */
    advance?(ms: number): Promise<void> | void
  }
  /** Takes the lock `key` in a process that dies before it can release it. Resolves when it is dead. `ttl` in milliseconds. */
  abandonLock?(key: string, ttl: number, store: TokenStore): Promise<void> | void
  /** Why the store or the harness has no such thing. The cases that need it are reported as skipped, with this reason. */
  without?: Partial<Record<Capability, string>>
}

/** One case of the contract. */
export interface TokenStoreCase {
  /** A sentence about the store: `keeps …`. */
  readonly name: string
  readonly needs: readonly Capability[]
  /** Milliseconds that the case may take with this harness; a runner's own limit must not be lower. */
  timeout(harness: TokenStoreHarness): number
  /** Makes a store, tries it, and destroys it. Rejects when the store does not do what the name says. */
  run(harness: TokenStoreHarness): Promise<void>
}
