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

/** What `WechatSessions` needs of a `WechatOAuth`, the client of one mini-program. */
export type MiniProgramClient = Pick<WechatOAuth, 'appId' | 'code2Session' | 'decryptMiniProgramUser'>

/**
 * The id of a user: text of at most 256 characters, a safe integer or a bigint. Sessions keep a number as its
 * decimal text, so 7, 7n and '7' are the same user.
 */
export type UserId = string | number | bigint

/** What every user has. */
export interface Identified {
  id: UserId
}

type Answer<T> = T | PromiseLike<T>

/** The application's user of an account, or nothing. */
export type FindUser<User> = (account: WechatAccount) => Answer<User | null | undefined>

/** Makes a user of an account that `findUser` did not find. */
export type CreateUser<User> = (account: WechatAccount & { profile?: UserProfile }) => Answer<User>

export interface WechatSessionsCommonOptions {
  /** The client of the mini-program. */
  oauth: MiniProgramClient
  sessionStore: SessionStore
  /** Which application the tokens are for: `[A-Za-z0-9_-]{1,32}`. Tokens of another sku are not accepted. */
  sku: string
  /** Seconds that a session lives. Default 259200, three days; at most ten years. */
  ttl?: number
  /** Whether the lifetime begins anew when a token is used. Default `false`: it ends when the token said it would. */
  sliding?: boolean
  /** Most sessions of one user for this sku; a login beyond it ends the oldest. Default: no limit. */
  maxSessions?: number
  /** Milliseconds for a visit to a store, or a call of `findUser` or `createUser`. Default 5000, at most a day. */
  timeout?: number
  /** Milliseconds since the epoch. Default `Date.now`. */
  now?: () => number
  /** Is told when a session could not be prolonged, and when a login meets sessions that cannot be used. */
  logger?: WechatLogger
}

/** Either a user store, or a pair of functions of the application. */
export type WechatSessionsOptions<User extends Identified = RegisteredUser> = WechatSessionsCommonOptions &
  (
    | { userStore: UserStore; findUser?: never; createUser?: never }
    | { userStore?: never; findUser: FindUser<User>; createUser: CreateUser<User> }
  )

/** What a mini-program sends to log in. */
export interface MiniProgramLogin {
  /** Of `wx.login`. */
  code: string
  /** With `iv`; both of `wx.getUserInfo` or `wx.getUserProfile`. */
  encryptedData?: string | undefined
  iv?: string | undefined
  /** What the application calls the device, at most 256 characters. */
  device?: string | undefined
}

/** A token for the mini-program. */
export interface IssuedToken {
  /** Secret of the device: whoever has it is logged in. */
  token: string
  /** Milliseconds since the epoch. */
  expiresAt: number
}

/** What a login came to. */
export interface WechatLogin<User = RegisteredUser> extends IssuedToken {
  user: User
  /** Whether this login made the user. */
  isNewUser: boolean
}

/** What a token is issued for. */
export interface TokenHolder {
  openid: string
  unionid?: string | undefined
  /** At most 256 characters. */
  device?: string | undefined
}

/** An account whose user is wanted. */
export interface AccountToRegister {
  /** Default: the mini-program's. */
  appId?: string | undefined
  openid: string
  unionid?: string | undefined
  /** For a new user. */
  profile?: UserProfile | undefined
}

/** A session among those of a user. */
export interface ListedSession extends WechatSession {
  /** For `revokeSession`. No token can be made from it. */
  id?: string
}
