import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { caseDefiner, type CommonContext } from '../harness.js'
import type { Session, SessionStore, SessionStoreCapability, SessionStoreHarness } from './types.js'

/** In seconds: longer than any case takes. */
export const long = 3600

export interface SessionContext extends CommonContext<SessionStore, SessionStoreHarness> {
  /** Returns a hash that was never used before. */
  readonly hash: () => string
  /** Returns the id of this case's user, which ends in `suffix`. */
  readonly user: (suffix?: string) => string
  readonly advance: (ms: number) => Promise<void>
}

export const sessionCapabilities: readonly SessionStoreCapability[] = ['second', 'corrupt', 'outages']

export function hasSessionCapability(
  capability: SessionStoreCapability,
  harness: SessionStoreHarness,
): boolean {
  return capability === 'outages' ? (harness.outages?.length ?? 0) > 0 : harness[capability] !== undefined
}

export const defineSessionCase = caseDefiner<
  SessionStore,
  SessionStoreCapability,
  SessionStoreHarness,
  SessionContext
>({
  createContext: (common) => {
    const unique = randomBytes(8).toString('hex')
    return {
      ...common,
      hash: () => createHash('sha256').update(randomBytes(32)).digest('hex'),
      user: (suffix = '') => `u${unique}${suffix}`,
      advance: async (ms) => {
        await (common.harness.advance ? common.harness.advance(ms) : sleep(ms))
      },
    }
  },
  check: (capability, harness) => {
    assert.ok(hasSessionCapability(capability, harness), `${capability} is missing`)
  },
})

/** A session for one login. */
export function makeSession(userId: string, fields: Record<string, unknown> = {}): Session {
  const createdAt = Date.now()
  return { userId, openid: 'oSession', sku: 'shop', createdAt, expiresAt: createdAt + long * 1000, ...fields }
}

export async function isAlive(store: SessionStore, hash: string): Promise<boolean> {
  return ((await store.get(hash)) ?? undefined) !== undefined
}

export async function assertDead(store: SessionStore, ...hashes: readonly string[]): Promise<void> {
  for (const hash of hashes)
    assert.equal((await store.get(hash)) ?? undefined, undefined, 'the session must have ended')
}

/** The `id` fields of the user's listed sessions, sorted. */
export async function listed(store: SessionStore, userId: string): Promise<unknown[]> {
  return (await store.listByUser(userId)).map(({ id }) => id).sort()
}
