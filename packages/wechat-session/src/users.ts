import {
  StoreError,
  WechatError,
  type CreatedUser,
  type RegisteredUser,
  type UserProfile,
  type UserStore,
  type WechatAccount,
} from '@wechat-auth/wechat-oauth'
import { attemptBefore, isRecord, plainRecord, withDeadline } from '@wechat-auth/wechat-oauth/store-kit'
import type { UserSource } from './options.js'
import type { CreateUser, FindUser, Identified } from './types.js'

export type NewUser = WechatAccount & { profile?: UserProfile }

/** A user, and whether this login created them. */
export interface Registration<User> {
  user: User
  isNewUser: boolean
}

/** The application's users. */
export interface Users<User> {
  /** Finds the user of an account, and changes nothing. */
  find(account: WechatAccount): Promise<User | undefined>
  /** Finds or creates the user of an account that has just logged in. */
  register(user: NewUser): Promise<Registration<User>>
}

export function openUsers<User extends Identified>(source: UserSource<User>, timeout: number): Users<User> {
  // The types of the options ensure that `User` is `RegisteredUser` if there is a user store.
  return 'userStore' in source
    ? (new UsersAtStore(source.userStore, timeout) as unknown as Users<User>)
    : new OwnUsers(source, timeout)
}

/** The rule of `toUserId`, for messages. */
export const userIdRule = 'a non-empty string of at most 256 characters, a safe integer or a bigint'

/** The id of a user as sessions keep it, or `undefined` if it is not an id. */
export function toUserId(id: unknown): string | undefined {
  if (typeof id === 'number') return Number.isSafeInteger(id) ? String(id) : undefined
  const text = typeof id === 'bigint' ? String(id) : id
  return typeof text === 'string' && text !== '' && text.length <= 256 ? text : undefined
}

/** Users in a user store. An account keeps its user, even if WeChat later reports another unionid. */
class UsersAtStore implements Users<RegisteredUser> {
  readonly #store: UserStore
  readonly #timeout: number

  constructor(store: UserStore, timeout: number) {
    this.#store = store
    this.#timeout = timeout
  }

  async find({ appId, openid }: WechatAccount): Promise<RegisteredUser | undefined> {
    const user = await this.#askForUser('find a user', (store) => store.findByOpenid(appId, openid))
    return user ? mergeUser(user, openid) : undefined
  }

  async register(user: NewUser): Promise<Registration<RegisteredUser>> {
    const known = await this.#known(user)
    if (known) return { user: known, isNewUser: false }
    try {
      const answer = await this.#askForUser('create a user', (store) => store.create(user))
      const { isNew = true, ...created } = answer
      return { user: mergeUser(created, user.openid, user.unionid), isNewUser: isNew }
    } catch (error) {
      // Another process may have created the user first.
      const meanwhile = await this.#known(user).catch(() => undefined)
      if (!meanwhile) throw error
      return { user: meanwhile, isNewUser: false }
    }
  }

  async #known(user: NewUser): Promise<RegisteredUser | undefined> {
    const account = withoutProfile(user)
    const { openid, unionid } = account
    const known = await this.find(account)
    if (known) {
      if (unionid === undefined || known.unionid !== undefined) return known
      await this.#visit('link a user', (store) => store.link(known.id, account))
      return mergeUser(known, openid, unionid)
    }
    if (unionid === undefined) return undefined
    const namesake = await this.#askForUser('find a user', (store) => store.findByUnionid(unionid))
    if (!namesake) return undefined
    await this.#visit('link a user', (store) => store.link(namesake.id, account))
    // The account may have been linked to another user meanwhile.
    return (await this.find(account)) ?? mergeUser(namesake, openid, unionid)
  }

  #askForUser<T extends CreatedUser | null | undefined>(
    what: string,
    question: (store: UserStore) => Promise<T>,
  ): Promise<T> {
    return this.#visit(what, async (store) => toPlainUser(await question(store)))
  }

  #visit<T>(what: string, command: (store: UserStore) => Promise<T>): Promise<T> {
    return attemptBefore(this.#timeout, what, () => command(this.#store))
  }
}

/** Users that the application's functions find and create. */
class OwnUsers<User extends Identified> implements Users<User> {
  readonly #find: FindUser<User>
  readonly #create: CreateUser<User>
  readonly #timeout: number

  constructor(
    { findUser, createUser }: { findUser: FindUser<User>; createUser: CreateUser<User> },
    timeout: number,
  ) {
    this.#find = findUser
    this.#create = createUser
    this.#timeout = timeout
  }

  async find(account: WechatAccount): Promise<User | undefined> {
    const user = await this.#ask('find a user', () => this.#find({ ...account }))
    return user ? checkHasId(user, 'findUser') : undefined
  }

  async register(user: NewUser): Promise<Registration<User>> {
    const account = withoutProfile(user)
    const known = await this.find(account)
    if (known) return { user: known, isNewUser: false }
    try {
      const created = await this.#ask('create a user', () => this.#create({ ...user }))
      return { user: checkHasId(created, 'createUser'), isNewUser: true }
    } catch (error) {
      // Another process may have created the user first, so a unique index refused this one.
      const meanwhile = await this.find(account).catch(() => undefined)
      if (!meanwhile) throw error
      return { user: meanwhile, isNewUser: false }
    }
  }

  // Errors of the application pass through unchanged.
  #ask<T>(what: string, call: () => T | PromiseLike<T>): Promise<T> {
    return withDeadline(
      this.#timeout,
      call,
      () => new StoreError(`The application did not ${what} within ${this.#timeout} ms`),
    )
  }
}

function withoutProfile({ appId, openid, unionid }: NewUser): WechatAccount {
  return { appId, openid, ...(unionid !== undefined && { unionid }) }
}

const userFields = ['openid', 'unionid', 'profile']

/** Makes a plain object of a user that the store returned as an object of an ORM. */
function toPlainUser<T>(answered: T): T {
  if (!isRecord(answered)) return answered
  // The id may not be a column: mongoose has a getter for it.
  return { id: answered['id'], ...plainRecord(answered, userFields) } as T
}

/** @param unionid - from WeChat's latest reply. A registered unionid takes precedence */
function mergeUser(user: RegisteredUser, openid: string, unionid?: string): RegisteredUser {
  // A column of a table is null or empty, not absent.
  const known = user.unionid || unionid
  return {
    id: checkHasId(user, 'The user store').id,
    openid,
    ...(known && { unionid: known }),
    ...(user.profile && { profile: user.profile }),
  }
}

function checkHasId<User extends Identified>(user: User, origin: string): User {
  if (toUserId((user as Partial<User> | null | undefined)?.id) === undefined) {
    throw new WechatError('ERR_WECHAT_CONFIG', `${origin} must return a user with an id: ${userIdRule}`)
  }
  return user
}
