import type { SessionStore, StoredSession } from '@wechat-auth/wechat-oauth'
import type { StoreCase, StoreHarness } from '../harness.js'

export type { SessionStore }
/** The session that a session store keeps under one hash. */
export type Session = StoredSession

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
