import { randomUUID } from 'node:crypto'
import type { WechatProfile } from '@wechat-auth/passport-wechat'

/** A WeChat account of a user. The same person has a different openid in each app. */
export interface Account {
  mode: WechatProfile['mode']
  appId: string
  openid: string
  logins: number
}

export interface User {
  /** The application's own id, and the only value that the session stores. */
  id: string
  name: string
  picture: string | undefined
  unionid: string | undefined
  accounts: Account[]
  /** The profile of the latest login, from the strategy. */
  latest: WechatProfile
}

/** The application's users. They are in memory, and lost when the process ends. The methods are async like those of a database. */
export class UserTable {
  readonly #users = new Map<string, User>()

  find(id: string): Promise<User | undefined> {
    return Promise.resolve(this.#users.get(id))
  }

  /**
   * Finds or creates the user who has just logged in.
   *
   * The account comes first: an openid of an app always belongs to the same user, even if another unionid appears later. Then comes
   * the unionid, which is the same in all apps of one open-platform account.
   */
  loggedIn(profile: WechatProfile): Promise<User> {
    const { appId, openid, unionid, mode } = profile
    const known =
      this.#withAccount(appId, openid) ?? (unionid === undefined ? undefined : this.#withUnionid(unionid))
    const user = known ?? {
      id: randomUUID(),
      name: '',
      picture: undefined,
      unionid,
      accounts: [],
      latest: profile,
    }

    const account = user.accounts.find((one) => one.appId === appId && one.openid === openid)
    if (account) account.logins += 1
    else user.accounts.push({ mode, appId, openid, logins: 1 })

    // A mini-program login has neither name nor picture, so the known ones stay.
    user.name = profile.displayName || user.name
    user.picture = profile.photos?.[0]?.value ?? user.picture
    user.unionid ??= unionid
    user.latest = profile
    this.#users.set(user.id, user)
    return Promise.resolve(user)
  }

  #withAccount(appId: string, openid: string): User | undefined {
    return this.#first(({ accounts }) =>
      accounts.some((account) => account.appId === appId && account.openid === openid),
    )
  }

  #withUnionid(unionid: string): User | undefined {
    return this.#first((user) => user.unionid === unionid)
  }

  #first(matches: (user: User) => boolean): User | undefined {
    for (const user of this.#users.values()) if (matches(user)) return user
    return undefined
  }
}
