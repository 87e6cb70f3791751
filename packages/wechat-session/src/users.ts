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

/** A user, and whether this login made them. */
export interface Registration<User> {
  user: User
  isNewUser: boolean
}

/** Where the application keeps its users. */
export interface Users<User> {
  /** The user of an account. Reads only. */
  find(account: WechatAccount): Promise<User | undefined>
  /** The user of an account that has just logged in; made where there is none. */
  register(user: NewUser): Promise<Registration<User>>
}

export function usersOf<User extends Identified>(source: UserSource<User>, timeout: number): Users<User> {
  // Without functions of the application, `User` is what user stores answer: the types of the options say so.
  return 'userStore' in source
    ? (new UsersAtStore(source.userStore, timeout) as unknown as Users<User>)
    : new OwnUsers(source, timeout)
}

/** What `userIdOf` takes, in words. */
export const userIdRule = 'a non-empty string of at most 256 characters, a safe integer or a bigint'

/** The id of a user as sessions keep it, or `undefined` where it is not an id. */
export function userIdOf(id: unknown): string | undefined {
  if (typeof id === 'number') return Number.isSafeInteger(id) ? String(id) : undefined
  const text = typeof id === 'bigint' ? String(id) : id
  return typeof text === 'string' && text !== '' && text.length <= 256 ? text : undefined
}

/** Identity is sticky: who was found once stays the same user, whatever WeChat tells later. */
class UsersAtStore implements Users<RegisteredUser> {
  readonly #store: UserStore
  readonly #timeout: number

  constructor(store: UserStore, timeout: number) {
    this.#store = store
    this.#timeout = timeout
  }

  async find({ appId, openid }: WechatAccount): Promise<RegisteredUser | undefined> {
    const user = await this.#askForUser('find a user', (store) => store.findByOpenid(appId, openid))
    return user ? userOf(user, openid) : undefined
  }

  async register(user: NewUser): Promise<Registration<RegisteredUser>> {
    const known = await this.#known(user)
    if (known) return { user: known, isNewUser: false }
    try {
      const answer = await this.#askForUser('create a user', (store) => store.create(user))
      const { isNew = true, ...created } = answer
      return { user: userOf(created, user.openid, user.unionid), isNewUser: isNew }
    } catch (error) {
      // A store may refuse what another process was faster with.
      const meanwhile = await this.#known(user).catch(() => undefined)
      if (!meanwhile) throw error
      return { user: meanwhile, isNewUser: false }
    }
  }

  async #known(user: NewUser): Promise<RegisteredUser | undefined> {
    const account = accountOf(user)
    const { openid, unionid } = account
    const known = await this.find(account)
    if (known) {
      if (unionid === undefined || known.unionid !== undefined) return known
      await this.#visit('link a user', (store) => store.link(known.id, account))
      return userOf(known, openid, unionid)
    }
    if (unionid === undefined) return undefined
    const namesake = await this.#askForUser('find a user', (store) => store.findByUnionid(unionid))
    if (!namesake) return undefined
    await this.#visit('link a user', (store) => store.link(namesake.id, account))
    // Somebody else may have got the account meanwhile.
    return (await this.find(account)) ?? userOf(namesake, openid, unionid)
  }

  #askForUser<T extends CreatedUser | null | undefined>(
    what: string,
    question: (store: UserStore) => Promise<T>,
  ): Promise<T> {
    return this.#visit(what, async (store) => plainUser(await question(store)))
  }

  #visit<T>(what: string, command: (store: UserStore) => Promise<T>): Promise<T> {
    return attemptBefore(this.#timeout, what, () => command(this.#store))
  }
}

/** Users of the application's own making: its functions decide who is who. */
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
    return user ? identified(user, 'findUser') : undefined
  }

  async register(user: NewUser): Promise<Registration<User>> {
    const account = accountOf(user)
    const known = await this.find(account)
    if (known) return { user: known, isNewUser: false }
    try {
      const created = await this.#ask('create a user', () => this.#create({ ...user }))
      return { user: identified(created, 'createUser'), isNewUser: true }
    } catch (error) {
      // Another process was faster, and a unique index keeps users apart.
      const meanwhile = await this.find(account).catch(() => undefined)
      if (!meanwhile) throw error
      return { user: meanwhile, isNewUser: false }
    }
  }

  // What the application throws is passed on as it is.
  #ask<T>(what: string, call: () => T | PromiseLike<T>): Promise<T> {
    return withDeadline(
      this.#timeout,
      call,
      () => new StoreError(`The attempt to ${what} was not answered within ${this.#timeout} ms.`),
    )
  }
}

function accountOf({ appId, openid, unionid }: NewUser): WechatAccount {
  return { appId, openid, ...(unionid !== undefined && { unionid }) }
}

const userFields = ['openid', 'unionid', 'profile']

/** What a user store answered, where that is an object of an ORM. */
function plainUser<T>(answered: T): T {
  if (!isRecord(answered)) return answered
  // An id need not be a column: mongoose has a getter for it.
  return { id: answered['id'], ...plainRecord(answered, userFields) } as T
}

/** @param unionid - as WeChat told it just now; what is registered counts more */
function userOf(user: RegisteredUser, openid: string, unionid?: string): RegisteredUser {
  // Columns of a table have no absent values.
  const known = user.unionid || unionid
  return {
    id: identified(user, 'The user store').id,
    openid,
    ...(known && { unionid: known }),
    ...(user.profile && { profile: user.profile }),
  }
}

function identified<User extends Identified>(user: User, origin: string): User {
  if (userIdOf((user as Partial<User> | null | undefined)?.id) === undefined) {
    throw new WechatError('ERR_WECHAT_CONFIG', `${origin} must answer a user with an id: ${userIdRule}`)
  }
  return user
}
