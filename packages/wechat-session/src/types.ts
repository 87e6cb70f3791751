import type {
  RegisteredUser,
  SessionStore,
  UserProfile,
  UserStore,
  WechatAccount,
  WechatLogger,
  WechatOAuth,
  WechatSession,
} from '@wechat-auth/wechat-oauth'

/** The members of a `WechatOAuth`, the client of one mini-program, that `WechatSessions` needs. */
export type MiniProgramClient = Pick<WechatOAuth, 'appId' | 'code2Session' | 'decryptMiniProgramUser'>

/**
 * The id of a user: a string of at most 256 characters, a safe integer or a bigint. Sessions keep a number as a decimal
 * string, so 7, 7n and '7' are the same user.
 */
export type UserId = string | number | bigint

/** A user with an id. */
export interface Identified {
  id: UserId
}

type Answer<T> = T | PromiseLike<T>

/** Returns the application's user of an account, or nothing. */
export type FindUser<User> = (account: WechatAccount) => Answer<User | null | undefined>

/** Creates a user for an account that `findUser` did not find. */
export type CreateUser<User> = (account: WechatAccount & { profile?: UserProfile }) => Answer<User>

export interface WechatSessionsCommonOptions {
  /** The client of the mini-program. */
  oauth: MiniProgramClient
  sessionStore: SessionStore
  /** The application that the tokens are for: `[A-Za-z0-9_-]{1,32}`. Tokens of another sku are refused. */
  sku: string
  /** Lifetime of a session in seconds. Default 259200 (three days), at most ten years. */
  ttl?: number
  /** Whether using a token restarts its lifetime. Default `false`: it ends at the token's `expiresAt`. */
  sliding?: boolean
  /** Maximum number of sessions of one user for this sku. A login beyond it ends the oldest one. Default: no limit. */
  maxSessions?: number
  /** Milliseconds for each call of a store, `findUser` or `createUser`. Default 5000, at most a day. */
  timeout?: number
  /** Milliseconds since the epoch. Default `Date.now`. */
  now?: () => number
  /** Logs when a session could not be extended, and when a login finds unusable sessions. */
  logger?: WechatLogger
}

/** Either a user store, or a pair of functions of the application. */
export type WechatSessionsOptions<User extends Identified = RegisteredUser> = WechatSessionsCommonOptions &
  (
    | { userStore: UserStore; findUser?: never; createUser?: never }
    | { userStore?: never; findUser: FindUser<User>; createUser: CreateUser<User> }
  )

/** The body of a mini-program's login. */
export interface MiniProgramLogin {
  /** From `wx.login`. */
  code: string
  /** Requires `iv`. Both are from `wx.getUserInfo` or `wx.getUserProfile`. */
  encryptedData?: string | undefined
  iv?: string | undefined
  /** The application's name for the device, at most 256 characters. */
  device?: string | undefined
}

/** A token for the mini-program. */
export interface IssuedToken {
  /** A secret of the device: everyone who has it is logged in. */
  token: string
  /** Milliseconds since the epoch. */
  expiresAt: number
}

/** The result of a login. */
export interface WechatLogin<User = RegisteredUser> extends IssuedToken {
  user: User
  /** Whether this login created the user. */
  isNewUser: boolean
}

/** The account and device that a token is issued for. */
export interface TokenHolder {
  openid: string
  unionid?: string | undefined
  /** At most 256 characters. */
  device?: string | undefined
}

/** An account whose user to find or create. */
export interface AccountToRegister {
  /** Default: the mini-program's. */
  appId?: string | undefined
  openid: string
  unionid?: string | undefined
  /** For a new user. */
  profile?: UserProfile | undefined
}

/** One of the sessions of a user. */
export interface ListedSession extends WechatSession {
  /** For `revokeSession`. No token can be made from it. */
  id?: string
}
