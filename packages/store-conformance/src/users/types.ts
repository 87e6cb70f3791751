import type { RegisteredUser, UserStore, WechatAccount } from '@wechat-auth/wechat-oauth'
import type { StoreCase, StoreHarness } from '../harness.js'

export type { UserStore }
/** A user's openid in one app, and their unionid if WeChat returned one. */
export type Account = WechatAccount
/** The user that a user store returns. */
export type User = RegisteredUser

/** What the harness of a user store may or may not have. */
export type UserStoreCapability = 'second' | 'outages'

/** How the cases get at the user store under test. Every member must be here, or its absence explained in `without`. */
export type UserStoreHarness = StoreHarness<UserStore, UserStoreCapability>

/** One case of the contract. */
export type UserStoreCase = StoreCase<UserStoreHarness, UserStoreCapability>
