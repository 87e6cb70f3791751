/** A session of a mini-program's user with the application. */
export interface WechatSession {
  /** Id of the application's user. */
  userId: string
  /** The user's openid in the mini-program that the session belongs to. */
  openid: string
  unionid?: string
  /** Which application the session is for. */
  sku: string
  /** The application's name for the device. */
  device?: string
  /** When the user logged in: milliseconds since the epoch. */
  createdAt: number
  /** Milliseconds since the epoch. */
  expiresAt: number
}

/** A session in a session store. The store keeps every field with its type, also those that it does not know. All values are JSON. */
export interface StoredSession extends WechatSession {
  /** The hash that is the session's key, so that a caller of `listByUser` can end one of the sessions. */
  id?: string
  [field: string]: unknown
}

/**
 * Keeps sessions under the SHA-256 hashes of their tokens. Nobody can make a token from what a store holds.
 *
 * Every rule holds for all processes that use the same data, also when they act at the same time. Methods check their
 * arguments before they ask the backend: they reject with a `TypeError` if a hash or user id is not a non-empty string, or
 * `ttl` is not a positive number. They reject with a `StoreError` (`ERR_WECHAT_STORE`, no cause, no values) if the backend
 * fails or holds something that is not a session, which is `reason` `record`. They never turn a failure into a result.
 * Objects are copied when they are saved and when they are returned.
 */
export interface SessionStore {
  /**
   * Saves a session under a new hash. The session, its lifetime and its place in the user's list are one atomic write, so a
   * crash cannot leave a session without a lifetime, or one that `listByUser` and `deleteByUser` do not find.
   *
   * @param ttl - seconds from now
   */
  create(hash: string, session: StoredSession, ttl: number): Promise<void>
  /**
   * Returns the session, or `null` or `undefined` if there is none or it has expired, even if the backend has not removed it
   * yet. It takes one round trip and no search.
   */
  get(hash: string): Promise<StoredSession | null | undefined>
  /**
   * Ends the session `oldHash` and saves another one of the same user under `newHash`, atomically. If several calls do this
   * for one `oldHash` at the same time, exactly one succeeds.
   *
   * `newHash` may equal `oldHash`: then the session is replaced and lives for `ttl` seconds from now.
   *
   * @param ttl - seconds from now
   * @returns `false`, and writes nothing, if there is no session `oldHash` or it has expired
   */
  rotate(oldHash: string, newHash: string, session: StoredSession, ttl: number): Promise<boolean>
  /** Ends a session. Also resolves if there is none, or if the value under the hash is not a session. */
  delete(hash: string): Promise<void>
  /**
   * Ends all sessions of a user: those that exist when it is called, and those that replace them while it runs. A session that
   * is created while it runs may end or survive.
   */
  deleteByUser(userId: string): Promise<void>
  /** Returns the live sessions of a user, in any order. The cost depends on this user's sessions, not on how many the store holds. */
  listByUser(userId: string): Promise<StoredSession[]>
}

/** A WeChat user, as one app knows the user. */
export interface WechatAccount {
  appId: string
  /** The same person has another openid in every app. */
  openid: string
  /** The same in all apps of one account at WeChat's open platform. */
  unionid?: string
}

/** A user's profile, with WeChat's own field names. Since October 2022 WeChat sends almost none of it. */
export interface UserProfile {
  nickName?: string
  avatarUrl?: string
  /** 0 unknown, 1 male, 2 female. */
  gender?: number
  language?: string
  city?: string
  province?: string
  country?: string
  [field: string]: unknown
}

/** A user of the application. */
export interface RegisteredUser {
  id: string
  /** The openid that the user was looked up by, or one of the user's openids if it was the unionid. */
  openid: string
  unionid?: string
  profile?: UserProfile
}

/** The result of a user store's `create`. */
export interface CreatedUser extends RegisteredUser {
  /** `false`: the user existed already. Absent if the store does not know. */
  isNew?: boolean
}

/**
 * Keeps the application's users. A user has one or more accounts, each of which is an openid in one app. An account belongs to
 * one user and stays with that user.
 *
 * Every rule holds for all processes that use the same data, also when they act at the same time. Methods reject with a
 * `TypeError`, before they ask the backend, if an id, appId, openid or unionid is not a non-empty string (a unionid may be
 * absent). They reject with a `StoreError` (`ERR_WECHAT_STORE`, no cause, no values) if the backend fails. Objects are copied
 * when they are saved and when they are returned.
 */
export interface UserStore {
  /** Returns the user that an account belongs to, or `null` or `undefined`. */
  findByOpenid(appId: string, openid: string): Promise<RegisteredUser | null | undefined>
  /** Returns the first user who had this unionid, or `null` or `undefined`. */
  findByUnionid(unionid: string): Promise<RegisteredUser | null | undefined>
  /**
   * Creates a user with their first account. The id is the unionid, or the openid if there is no unionid. If somebody else has
   * that id (a user of another app with the same openid), it is `<appId>:<openid>`.
   *
   * It never creates a second user, no matter how many calls run at the same time. If the account is known, it returns the
   * account's user and changes nothing. If the unionid is known, it links the account to that user and returns that user.
   *
   * @param user.profile - a store may drop fields that it has no place for
   */
  create(user: WechatAccount & { profile?: UserProfile }): Promise<CreatedUser>
  /**
   * Links an account to a user, and its unionid if the user has none. An account or a unionid that belongs to somebody else
   * stays with them: users are not merged. Linking an account a second time changes nothing.
   *
   * @param userId - the id of an existing user
   */
  link(userId: string, account: WechatAccount): Promise<void>
}
