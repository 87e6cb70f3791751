import type { RegisteredUser, UserStore, WechatAccount } from '@wechat-auth/wechat-oauth'
import type { StoreCase, StoreHarness } from '../harness.js'

export type { UserStore }
/** A user's openid in one app, and their unionid if WeChat returned one. */
export type Account = WechatAccount
/** The user that a user store returns. */
export type User = RegisteredUser

/** An optional part of the harness of a user store. */
export type UserStoreCapability = 'second' | 'outages'

/** The access of the cases to the user store under test. Provide every member, or give the reason in `without`. */
export type UserStoreHarness = StoreHarness<UserStore, UserStoreCapability>

/** One case of the contract. */
export type UserStoreCase = StoreCase<UserStoreHarness, UserStoreCapability>
