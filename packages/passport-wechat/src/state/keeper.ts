import type { Request } from 'express'
import type { StateMeta } from './contract.js'
import type { LoginRecord } from './record.js'

/**
 * Whether a state was found, and what was kept with it (a store of few parameters keeps nothing). `expired`:
 * it is there, but too old.
 */
export type Found =
  { found: false; expired: boolean } | { found: true; used: boolean; record: LoginRecord | undefined }

/** How the flows see a state store. */
export interface StateKeeper {
  /** Keeps the record and resolves to the state that stands for it. */
  keep(req: Request, record: LoginRecord, meta: () => StateMeta): Promise<string>
  /**
   * Looks the state up and consumes it.
   *
   * @param appIds - the apps whose logins this request could end
   */
  take(req: Request, state: string, meta: () => StateMeta, appIds: readonly string[]): Promise<Found>
}
