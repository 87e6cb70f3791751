import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { caseDefiner, type CommonContext } from '../harness.js'
import type { User, UserStore, UserStoreCapability, UserStoreHarness } from './types.js'

export interface UserContext extends CommonContext<UserStore, UserStoreHarness> {
  /** Returns an appId, openid or unionid that was never used before. */
  readonly fresh: (prefix: string) => string
}

export const userCapabilities: readonly UserStoreCapability[] = ['second', 'outages']

export function hasUserCapability(capability: UserStoreCapability, harness: UserStoreHarness): boolean {
  return capability === 'outages' ? (harness.outages?.length ?? 0) > 0 : harness[capability] !== undefined
}

export const defineUserCase = caseDefiner<UserStore, UserStoreCapability, UserStoreHarness, UserContext>({
  createContext: (common) => {
    const unique = randomBytes(8).toString('hex')
    let count = 0
    return {
      ...common,
      fresh: (prefix) => {
        count += 1
        return `${prefix}-${unique}-${count}`
      },
    }
  },
  check: (capability, harness) => {
    assert.ok(hasUserCapability(capability, harness), `${capability} is missing`)
  },
})

/** The user without `isNew`, which cases check separately. */
export function plain(user: (User & { isNew?: boolean }) | null | undefined): unknown {
  return user ? Object.fromEntries(Object.entries(user).filter(([field]) => field !== 'isNew')) : undefined
}

export async function assertNobody(found: Promise<User | null | undefined>): Promise<void> {
  assert.equal((await found) ?? undefined, undefined)
}
