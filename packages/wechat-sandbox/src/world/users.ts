/** `frozen`: every call fails with 50002. `blocked`: a high-risk user, whose mini-program codes fail with 40226. */
export type UserState = 'normal' | 'frozen' | 'blocked'

/** A person with a WeChat account. */
export interface SandboxUser {
  /** Identifies the user in tests and forms. The openids and the unionid are derived from it. */
  id: string
  nickname: string
  /** URL of the picture. Default: none. */
  headimgurl?: string
  /** `true`: no consent page for `snsapi_userinfo`, as for a follower who comes from the account's menu. Default `false`. */
  silent?: boolean
  /** Default `normal`. */
  state?: UserState
}

export interface User extends SandboxUser {
  headimgurl: string
  silent: boolean
  state: UserState
}

/** Three users: one with a picture, one with emoji in the name, and one without a picture and with a Latin name. */
export function presetUsers(pictureOf: (userId: string) => string): SandboxUser[] {
  return [
    { id: 'alice', nickname: '爱丽丝', headimgurl: pictureOf('alice') },
    { id: 'panda', nickname: '熊猫🐼👨‍👩‍👧', headimgurl: pictureOf('panda') },
    { id: 'bob', nickname: 'Bob' },
  ]
}

const changeableFields = ['nickname', 'headimgurl', 'silent', 'state']
const userStates: readonly unknown[] = ['normal', 'frozen', 'blocked']

function checkUser(user: unknown, where: string): User {
  if (typeof user !== 'object' || user === null) throw new TypeError(`${where} must be an object`)
  const { id, nickname, headimgurl = '', silent = false, state = 'normal' } = user as Record<string, unknown>
  if (typeof id !== 'string' || id === '') throw new TypeError(`${where}.id must be a non-empty string`)
  if (typeof nickname !== 'string') throw new TypeError(`${where}.nickname must be a string`)
  if (typeof headimgurl !== 'string') throw new TypeError(`${where}.headimgurl must be a string`)
  if (typeof silent !== 'boolean') throw new TypeError(`${where}.silent must be a boolean`)
  if (!userStates.includes(state))
    throw new TypeError(`${where}.state must be 'normal', 'frozen' or 'blocked'`)
  return { id, nickname, headimgurl, silent, state: state as UserState }
}

export class Users {
  readonly #initial: readonly User[]
  #byId: Map<string, User>

  /** @throws TypeError that names the invalid user and field. */
  constructor(users: readonly SandboxUser[]) {
    if (!Array.isArray(users) || users.length === 0)
      throw new TypeError('users must be an array of at least one user')
    this.#initial = users.map((user, index) => checkUser(user, `users[${index}]`))
    this.#byId = this.#fresh()
    if (this.#byId.size !== this.#initial.length) throw new TypeError('users has an id twice')
  }

  get list(): readonly User[] {
    return [...this.#byId.values()]
  }

  /** The default user. */
  get first(): User {
    const [first] = this.#byId.values()
    if (!first) throw new Error('there are no users')
    return first
  }

  find(id: string): User | undefined {
    return this.#byId.get(id)
  }

  /** @throws TypeError if the user does not exist. */
  get(id: string): User {
    const user = this.#byId.get(id)
    if (!user) throw new TypeError(`no user has the id ${JSON.stringify(id)}`)
    return user
  }

  /** @throws TypeError if the user does not exist or a change is invalid. */
  update(id: string, changes: Partial<Omit<SandboxUser, 'id'>>): User {
    const unknown = Object.keys(changes).find((name) => !changeableFields.includes(name))
    if (unknown !== undefined) throw new TypeError(`a user has no ${JSON.stringify(unknown)} to change`)
    const user = checkUser({ ...this.get(id), ...changes, id }, 'user')
    this.#byId.set(id, user)
    return user
  }

  reset(): void {
    this.#byId = this.#fresh()
  }

  #fresh(): Map<string, User> {
    return new Map(this.#initial.map((user) => [user.id, { ...user }]))
  }
}
