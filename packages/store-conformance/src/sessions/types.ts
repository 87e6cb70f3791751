import type { SessionStore, StoredSession } from '@wechat-auth/wechat-oauth'
import type { StoreCase, StoreHarness } from '../harness.js'

export type { SessionStore }
/** The session that a session store keeps under one hash. */
export type Session = StoredSession

/** An optional part of the harness of a session store. */
export type SessionStoreCapability = 'second' | 'corrupt' | 'outages'

/** The access of the cases to the session store under test. Provide every member, or give the reason in `without`. */
export interface SessionStoreHarness extends StoreHarness<SessionStore, SessionStoreCapability> {
  /** Damages the stored session of this hash so that it is no longer a valid session. */
  corrupt?(hash: string, store: SessionStore): Promise<void> | void
  /** Advances the stores' clock. Default: waits in real time. */
  advance?(ms: number): Promise<void> | void
}

/** One case of the contract. */
export type SessionStoreCase = StoreCase<SessionStoreHarness, SessionStoreCapability>
