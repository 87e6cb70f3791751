/** A session that an application gave to a user of its mini-program. */
export interface WechatSession {
  /** Id of the application's user. */
  userId: string
  /** The user's openid in the mini-program that the session belongs to. */
  openid: string
  unionid?: string
  /** Which application the session is for. */
  sku: string
  /** What the application calls the device. */
  device?: string
  /** When the user logged in: milliseconds since the epoch. */
  createdAt: number
  /** Milliseconds since the epoch. */
  expiresAt: number
}

/** What a session store keeps. It keeps every field that it is given, known or not, with its type; all values are JSON. */
export interface StoredSession extends WechatSession {
  /** The hash that the session is kept under, so that whoever lists sessions can end one of them. */
  id?: string
  [field: string]: unknown
}

/**
 * Where sessions are kept, under the SHA-256 hash of their tokens: from what is here, no token can be made.
 *
 * All of it holds for every process on the same data, whatever happens at the same time. Hashes, user ids and
 * lifetimes are checked before the backend is asked: a hash or user id that is not a non-empty string, or a
 * `ttl` that is not a positive number, rejects with a `TypeError`. Where the backend fails, or what it holds
 * is no session, methods reject with a `StoreError` (`ERR_WECHAT_STORE`, no cause, no values; `reason`
 * is `record` where it is no session); a failure is never an answer. Objects are copied on their way in and
 * out.
 */
export interface SessionStore {
  /**
   * Keeps a session under a hash that is new. The session and its lifetime are one write: there is no moment, and no crash,
   * that leaves one without the other, or a session that `listByUser` and `deleteByUser` do not know of.
   *
   * @param ttl - seconds from now
   */
  create(hash: string, session: StoredSession, ttl: number): Promise<void>
  /**
   * The session, or `null` or `undefined` where there is none or its `ttl` is over, whether the backend has removed it yet
   * or not. One round trip; nothing is searched.
   */
  get(hash: string): Promise<StoredSession | null | undefined>
  /**
   * Ends the session `oldHash` and keeps another of the same user under `newHash`, atomically: of several at once for one
   * `oldHash`, exactly one wins.
   *
   * `newHash` may be `oldHash`: then the session is replaced and lives for `ttl` seconds more.
   *
   * @param ttl - seconds from now
   * @returns `false`, and nothing is written, where there is no session `oldHash` or its lifetime is over
   */
  rotate(oldHash: string, newHash: string, session: StoredSession, ttl: number): Promise<boolean>
  /** Ends a session. Resolves where there is none, too, and where what is kept is no session. */
  delete(hash: string): Promise<void>
  /**
   * Ends all sessions of a user: those that exist when it is called, and what they are rotated into meanwhile. A session that
   * is created meanwhile ends as well, or is there afterwards as one created later would be.
   */
  deleteByUser(userId: string): Promise<void>
  /** The live sessions of a user, in any order; the work depends on how many the user has, not on how many there are. */
  listByUser(userId: string): Promise<StoredSession[]>
}

/** A user of WeChat as one app knows them. */
export interface WechatAccount {
  appId: string
  /** Other apps know the same person by other openids. */
  openid: string
  /** The same in all apps that are bound to one account of WeChat's open platform. */
  unionid?: string
}

/** What WeChat once told about a user, in its words; since October 2022 it tells next to nothing. */
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
  /** The openid by which the user was found; where that was the unionid, one of theirs. */
  openid: string
  unionid?: string
  profile?: UserProfile
}

/** What `create` of a user store answers. */
export interface CreatedUser extends RegisteredUser {
  /** `false`: the user was there already. Absent where the store cannot tell. */
  isNew?: boolean
}

/**
 * Where the application's users are kept. A user has one account or several, each an openid in one app; an account has one
 * user and stays with that user.
 *
 * All of it holds for every process on the same data, whatever happens at the same time. An id, appId, openid or unionid that
 * is not a non-empty string (an absent unionid excepted) rejects with a `TypeError` before the backend is asked; where the
 * backend fails, methods reject with a `StoreError` (`ERR_WECHAT_STORE`, no cause, no values). Objects are copied on their
 * way in and out.
 */
export interface UserStore {
  /** The user that an account belongs to, or `null` or `undefined`. */
  findByOpenid(appId: string, openid: string): Promise<RegisteredUser | null | undefined>
  /** The user who was the first to have this unionid, or `null` or `undefined`. */
  findByUnionid(unionid: string): Promise<RegisteredUser | null | undefined>
  /**
   * Creates a user with their first account. The id is the unionid, or the openid where there is none; if that is the id of
   * somebody else (another app's user with the same openid), `<appId>:<openid>`.
   *
   * It never makes a second user, however many are at it at once: where the account is known, it answers that account's user
   * and changes nothing; where the unionid is known, it links the account to that user and answers that user.
   *
   * @param user.profile - a store may keep those fields only that it has room for
   */
  create(user: WechatAccount & { profile?: UserProfile }): Promise<CreatedUser>
  /**
   * Gives a user an account, and a unionid if the user has none. An account that belongs to somebody stays with them, and so
   * does a unionid that somebody else has: users are not merged. Linking again what is linked changes nothing.
   *
   * @param userId - of a user that exists
   */
  link(userId: string, account: WechatAccount): Promise<void>
}
