import type { StoreCase, StoreHarness } from '../harness.js'

/** An openid in one app, and the unionid where WeChat told one. */
export interface Account {
  appId: string
  openid: string
  unionid?: string
}

export interface User {
  id: string
  openid: string
  unionid?: string
  profile?: Record<string, unknown>
}

/** The contract under test; `@wechat-auth/wechat-oauth` exports the same as `UserStore`. */
export interface UserStore {
  findByOpenid(appId: string, openid: string): Promise<User | null | undefined>
  findByUnionid(unionid: string): Promise<User | null | undefined>
  create(user: Account & { profile?: Record<string, unknown> }): Promise<User & { isNew?: boolean }>
  link(userId: string, account: Account): Promise<void>
}

/** What the harness of a user store may or may not have. */
export type UserStoreCapability = 'second' | 'outages'

/** How the cases get at the user store under test. Every member must be here, or its absence explained in `without`. */
export type UserStoreHarness = StoreHarness<UserStore, UserStoreCapability>

/** One case of the contract. */
export type UserStoreCase = StoreCase<UserStoreHarness, UserStoreCapability>
