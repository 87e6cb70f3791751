import type {
  CreatedUser,
  RegisteredUser,
  UserProfile,
  UserStore,
  WechatAccount,
} from '@wechat-auth/wechat-oauth'
import { checkAccount, checkName } from '@wechat-auth/wechat-oauth/store-kit'

interface Entry {
  id: string
  /** The openid of the first account. */
  openid: string
  unionid?: string
  profile?: UserProfile
}

/** Keeps users in the memory of this process, without a limit: for tests and development. */
export class MemoryUserStore implements UserStore {
  readonly #users = new Map<string, Entry>()
  readonly #byUnionid = new Map<string, Entry>()
  readonly #byAccount = new Map<string, Entry>()

  async findByOpenid(appId: string, openid: string): Promise<RegisteredUser | undefined> {
    checkName('appId', appId)
    checkName('openid', openid)
    const user = this.#byAccount.get(accountKey(appId, openid))
    return Promise.resolve(user && toRegisteredUser(user, openid))
  }

  async findByUnionid(unionid: string): Promise<RegisteredUser | undefined> {
    checkName('unionid', unionid)
    const user = this.#byUnionid.get(unionid)
    return Promise.resolve(user && toRegisteredUser(user, user.openid))
  }

  async create(user: WechatAccount & { profile?: UserProfile }): Promise<CreatedUser> {
    checkAccount(user)
    const { appId, openid, unionid, profile } = user
    const owner = this.#byAccount.get(accountKey(appId, openid))
    if (owner) return Promise.resolve({ ...toRegisteredUser(owner, openid), isNew: false })
    const namesake = unionid === undefined ? undefined : this.#byUnionid.get(unionid)
    const entry = namesake ?? {
      id: this.#freeId(user),
      openid,
      ...(profile && { profile: structuredClone(profile) }),
    }
    this.#users.set(entry.id, entry)
    this.#attach(entry, user)
    return Promise.resolve({ ...toRegisteredUser(entry, openid), isNew: namesake === undefined })
  }

  async link(userId: string, account: WechatAccount): Promise<void> {
    checkName('userId', userId)
    checkAccount(account)
    const user = this.#users.get(userId)
    if (user) this.#attach(user, account)
    return Promise.resolve()
  }

  #attach(user: Entry, { appId, openid, unionid }: WechatAccount): void {
    const key = accountKey(appId, openid)
    if (!this.#byAccount.has(key)) this.#byAccount.set(key, user)
    if (unionid === undefined || user.unionid !== undefined || this.#byUnionid.has(unionid)) return
    user.unionid = unionid
    this.#byUnionid.set(unionid, user)
  }

  #freeId({ appId, openid, unionid }: WechatAccount): string {
    const id = unionid ?? openid
    return this.#users.has(id) ? `${appId}:${openid}` : id
  }
}

function accountKey(appId: string, openid: string): string {
  return JSON.stringify([appId, openid])
}

function toRegisteredUser({ id, unionid, profile }: Entry, openid: string): RegisteredUser {
  return {
    id,
    openid,
    ...(unionid !== undefined && { unionid }),
    ...(profile && { profile: structuredClone(profile) }),
  }
}
