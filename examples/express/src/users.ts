import { randomUUID } from 'node:crypto'
import type { WechatProfile } from '@wechat-auth/passport-wechat'

/** One way in which a user has logged in. WeChat gives the same person another openid in each app. */
export interface Account {
  mode: WechatProfile['mode']
  appId: string
  openid: string
  logins: number
}

export interface User {
  /** Ours, and the only thing that the session keeps. */
  id: string
  name: string
  picture: string | undefined
  unionid: string | undefined
  accounts: Account[]
  /** The profile of the latest login, as the strategy gave it. */
  latest: WechatProfile
}

/** The application's users. In memory, and so gone when the process ends; promises, because a real application has a database here. */
export class UserTable {
  readonly #users = new Map<string, User>()

  find(id: string): Promise<User | undefined> {
    return Promise.resolve(this.#users.get(id))
  }

  /**
   * Finds or creates the user who has just logged in.
   *
   * The account decides first: whoever had this openid in this app stays the same user, whatever unionid appears later. Then
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

    // A mini-program login brings neither name nor picture: what is known stays.
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
