import { randomUUID, timingSafeEqual } from 'node:crypto'
import { isRedirectMode, type RedirectMode } from '../modes.js'
import type { RequestParts } from '../request.js'
import type { StateMeta } from './contract.js'

/** What the callback must know about the login that it finishes. */
export interface LoginRecord {
  /** Name of the strategy. `isLoginRecord` ignores it, because a record without a name matches no strategy. */
  strategy: string
  mode: RedirectMode
  appId: string
  /** As requested, comma separated. */
  scope: string
  callbackURL: string
  /** The application's own state. */
  app?: unknown
}

/**
 * Whether a state was found, and the record that was kept with it (a store of few parameters keeps none). `expired`: the
 * state is there, but too old. `other`: the state is there, but belongs to an app that this request cannot log in with.
 */
export type Found =
  | { found: false; expired: boolean; other?: LoginRecord }
  | { found: true; used: boolean; record: LoginRecord | undefined }

/** A state store, as the flows use it. */
export interface StateKeeper {
  /** Keeps the record and resolves to the state that stands for it. */
  keep(req: RequestParts, record: LoginRecord, meta: () => StateMeta): Promise<string>
  /**
   * Looks the state up and consumes it.
   *
   * @param appIds - the apps whose logins this request could finish
   */
  take(req: RequestParts, state: string, meta: () => StateMeta, appIds: readonly string[]): Promise<Found>
}

/** WeChat refuses longer ones. */
export const longestState = 128

/** 244 random bits, in characters that WeChat allows. `randomUUID` is fast, because Node.js fetches random bytes in bulk. */
export function newState(): string {
  return `${randomUUID()}${randomUUID()}`.replaceAll('-', '')
}

/** Compares in constant time if the lengths are equal. */
export function sameText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Stores return values from outside the process, so they are checked. */
export function isLoginRecord(value: unknown): value is LoginRecord {
  if (typeof value !== 'object' || value === null) return false
  const { mode, appId, scope, callbackURL } = value as Record<string, unknown>
  return (
    isRedirectMode(mode) &&
    typeof appId === 'string' &&
    typeof scope === 'string' &&
    typeof callbackURL === 'string'
  )
}
