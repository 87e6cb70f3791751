import type { StoreCase, StoreHarness } from '../harness.js'

/** What a session store keeps under one hash. */
export interface Session {
  userId: string
  openid: string
  unionid?: string
  sku: string
  device?: string
  /** Milliseconds since the epoch. */
  createdAt: number
  /** Milliseconds since the epoch. */
  expiresAt: number
  [field: string]: unknown
}

/** The contract under test; `@wechat-auth/wechat-oauth` exports the same as `SessionStore`. Each `ttl` is in seconds. */
export interface SessionStore {
  create(hash: string, session: Session, ttl: number): Promise<void>
  get(hash: string): Promise<Session | null | undefined>
  rotate(oldHash: string, newHash: string, session: Session, ttl: number): Promise<boolean>
  delete(hash: string): Promise<void>
  deleteByUser(userId: string): Promise<void>
  listByUser(userId: string): Promise<Session[]>
}

/** What the harness of a session store may or may not have. */
export type SessionStoreCapability = 'second' | 'corrupt' | 'outages'

/** How the cases get at the session store under test. Every member must be here, or its absence explained in `without`. */
export interface SessionStoreHarness extends StoreHarness<SessionStore, SessionStoreCapability> {
  /** Damages the session under this hash where it is kept, so that it is no session any more. */
  corrupt?(hash: string, store: SessionStore): Promise<void> | void
  /** Lets time pass for the stores. Default: waits. */
  advance?(ms: number): Promise<void> | void
}

/** One case of the contract. */
export type SessionStoreCase = StoreCase<SessionStoreHarness, SessionStoreCapability>
