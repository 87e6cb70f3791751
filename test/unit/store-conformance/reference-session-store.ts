import type { SessionStoreHarness, UserStoreHarness } from '@wechat-auth/store-conformance'
import type {
  CreatedUser,
  RegisteredUser,
  SessionStore,
  StoredSession,
  UserProfile,
  UserStore,
  WechatAccount,
} from '@wechat-auth/wechat-oauth'
import {
  attempt,
  checkAccount,
  checkLifetime,
  checkName,
  decodeRecord,
} from '@wechat-auth/wechat-oauth/store-kit'
import { Backend } from './reference-store.js'

/** A database of sessions in memory: each command is asynchronous and, unless it takes two of them, atomic. */
export class SessionBackend extends Backend {
  /** Milliseconds by which its time is ahead. */
  ahead = 0

  now(): number {
    return performance.now() + this.ahead
  }

  live(hash: string): string | undefined {
    const record = this.records.get(hash)
    return record && record.expiresAt > this.now() ? record.text : undefined
  }

  keep(hash: string, text: string, ttl: number): void {
    this.records.set(hash, { text, expiresAt: this.now() + ttl * 1000 })
  }
}

const index = (hash: string): string => `user of ${hash}`

/** A session store that does everything right. */
export class ReferenceSessionStore implements SessionStore {
  readonly #backend: SessionBackend

  constructor(backend: SessionBackend) {
    this.#backend = backend
  }

  async create(hash: string, session: StoredSession, ttl: number): Promise<void> {
    checkName('hash', hash)
    checkLifetime(ttl)
    const text = JSON.stringify(session)
    const { userId } = session
    await this.#command('create', () => this.#put(hash, text, userId, ttl))
  }

  async get(hash: string): Promise<StoredSession | undefined> {
    checkName('hash', hash)
    const text = await this.#command('read', () => this.#backend.live(hash))
    return text === undefined ? undefined : (decodeRecord(text) as unknown as StoredSession)
  }

  async rotate(oldHash: string, newHash: string, session: StoredSession, ttl: number): Promise<boolean> {
    checkName('oldHash', oldHash)
    checkName('newHash', newHash)
    checkLifetime(ttl)
    const text = JSON.stringify(session)
    const { userId } = session
    return this.#command('rotate', () => {
      if (this.#backend.live(oldHash) === undefined) return false
      this.#remove(oldHash)
      this.#put(newHash, text, userId, ttl)
      return true
    })
  }

  async delete(hash: string): Promise<void> {
    checkName('hash', hash)
    await this.#command('delete', () => this.#remove(hash))
  }

  async deleteByUser(userId: string): Promise<void> {
    checkName('userId', userId)
    await this.#command('delete', () => {
      for (const hash of this.#hashes(userId)) this.#remove(hash)
    })
  }

  async listByUser(userId: string): Promise<StoredSession[]> {
    checkName('userId', userId)
    const texts = await this.#command('list', () =>
      this.#hashes(userId).map((hash) => this.#backend.live(hash)),
    )
    return texts
      .filter((text) => text !== undefined)
      .map((text) => decodeRecord(text) as unknown as StoredSession)
  }

  async #command<T>(what: string, run: () => T): Promise<T> {
    return attempt(what, async () => {
      await this.#backend.visit()
      return run()
    })
  }

  #put(hash: string, text: string, userId: string, ttl: number): void {
    this.#backend.keep(hash, text, ttl)
    this.#backend.records.set(index(hash), { text: userId, expiresAt: Infinity })
  }

  #remove(hash: string): void {
    this.#backend.records.delete(hash)
    this.#backend.records.delete(index(hash))
  }

  #hashes(userId: string): string[] {
    return [...this.#backend.records.keys()].filter(
      (hash) => this.#backend.records.get(index(hash))?.text === userId,
    )
  }
}

/** The users of a database in memory. */
export interface Users {
  users: Map<string, { id: string; openid: string; unionid?: string; profile?: string }>
  accounts: Map<string, string>
}

/** A user store that does everything right. */
export class ReferenceUserStore implements UserStore {
  readonly backend: Backend & Users

  constructor(backend: Backend & Users) {
    this.backend = backend
  }

  async findByOpenid(appId: string, openid: string): Promise<RegisteredUser | undefined> {
    checkAccount({ appId, openid })
    return this.#command('read', () =>
      this.#user(this.backend.accounts.get(accountKey(appId, openid)), openid),
    )
  }

  async findByUnionid(unionid: string): Promise<RegisteredUser | undefined> {
    checkName('unionid', unionid)
    return this.#command('read', () => this.#user(this.#idOf(unionid)))
  }

  async create(user: WechatAccount & { profile?: UserProfile }): Promise<CreatedUser> {
    checkAccount(user)
    const { appId, openid, unionid } = user
    const profile = user.profile && JSON.stringify(user.profile)
    return this.#command('create', () => {
      const owner = this.backend.accounts.get(accountKey(appId, openid))
      const known = owner ?? this.#idOf(unionid)
      const wanted = unionid ?? openid
      const id = known ?? (this.backend.users.has(wanted) ? `${appId}:${openid}` : wanted)
      if (known === undefined)
        this.backend.users.set(id, { id, openid, ...(profile !== undefined && { profile }) })
      if (owner === undefined) this.#attach(id, { appId, openid, ...(unionid !== undefined && { unionid }) })
      return { ...this.#user(id, openid)!, isNew: known === undefined }
    })
  }

  async link(userId: string, account: WechatAccount): Promise<void> {
    checkName('userId', userId)
    checkAccount(account)
    await this.#command('link', () => this.#attach(userId, account))
  }

  async #command<T>(what: string, run: () => T): Promise<T> {
    return attempt(what, async () => {
      await this.backend.visit()
      return run()
    })
  }

  #idOf(unionid: string | undefined): string | undefined {
    return unionid === undefined
      ? undefined
      : [...this.backend.users.values()].find((user) => user.unionid === unionid)?.id
  }

  #attach(id: string, { appId, openid, unionid }: WechatAccount): void {
    const key = accountKey(appId, openid)
    if (!this.backend.accounts.has(key)) this.backend.accounts.set(key, id)
    const user = this.backend.users.get(id)!
    if (unionid !== undefined && this.#idOf(unionid) === undefined) user.unionid ??= unionid
  }

  #user(id: string | undefined, openid?: string): RegisteredUser | undefined {
    const user = id === undefined ? undefined : this.backend.users.get(id)
    if (!user) return undefined
    const { profile, ...known } = user
    return {
      ...known,
      ...(openid !== undefined && { openid }),
      ...(profile !== undefined && { profile: JSON.parse(profile) as UserProfile }),
    }
  }
}

export function accountKey(appId: string, openid: string): string {
  return JSON.stringify([appId, openid])
}

/** The harness of stores on a backend, one for each case. */
function makeHarness<Store extends object, One extends Backend>(
  begin: () => One,
  make: (backend: One) => Store,
) {
  const backends = new WeakMap<object, One>()
  const current = new Set<One>()
  const on = (backend: One): Store => {
    const store = make(backend)
    backends.set(store, backend)
    current.add(backend)
    return store
  }
  const getBackend = (store: object): One => backends.get(store)!
  const setDown = (isDown: boolean) => () => {
    for (const backend of current) backend.isDown = isDown
  }
  const harness = {
    create: () => on(begin()),
    second: (store: object) => on(getBackend(store)),
    destroy: (store: object) => {
      getBackend(store).close()
      current.delete(getBackend(store))
    },
    outages: [{ name: 'connection refused', begin: setDown(true), end: setDown(false) }],
    outageBound: 500,
  }
  return { current, getBackend, harness }
}

export function makeSessionHarness(make: (backend: SessionBackend) => SessionStore): SessionStoreHarness {
  const { current, getBackend, harness } = makeHarness(() => new SessionBackend(), make)
  return {
    ...harness,
    corrupt: (hash, store) => {
      getBackend(store).records.set(hash, { text: '{"openid":"oSECRET-openid', expiresAt: Infinity })
    },
    advance: (ms) => {
      for (const backend of current) backend.ahead += ms
    },
  }
}

export function emptyUsers(): Users {
  return { users: new Map(), accounts: new Map() }
}

export function makeUserHarness(make: (backend: Backend & Users) => UserStore): UserStoreHarness {
  return makeHarness(() => Object.assign(new Backend(), emptyUsers()), make).harness
}
