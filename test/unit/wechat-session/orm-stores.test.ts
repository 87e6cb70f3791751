import type { CreatedUser, SessionStore, StoredSession } from '@wechat-auth/wechat-oauth'
import { StoreError } from '@wechat-auth/wechat-oauth'
import { MemorySessionStore, MemoryUserStore } from '@wechat-auth/wechat-session'
import { expect } from 'chai'
import { records } from '../../helpers/orm-records.js'
import { rejection } from '../../helpers/rejection.js'
import { alice, setting, watched } from './setting.js'

/** A session store that returns sessions as this function makes them. */
class OrmSessionStore extends MemorySessionStore implements SessionStore {
  readonly #make: (fields: Record<string, unknown>) => object

  constructor(make: (fields: Record<string, unknown>) => object) {
    super()
    this.#make = make
  }

  override async get(hash: string): Promise<StoredSession | undefined> {
    const session = await super.get(hash)
    return session && (this.#make({ ...session }) as StoredSession)
  }

  override async listByUser(userId: string): Promise<StoredSession[]> {
    return (await super.listByUser(userId)).map((session) => this.#make({ ...session }) as StoredSession)
  }
}

/** A user store that returns users as this function makes them. */
class OrmUserStore extends MemoryUserStore {
  readonly #make: (fields: Record<string, unknown>) => object

  constructor(make: (fields: Record<string, unknown>) => object) {
    super()
    this.#make = make
  }

  override async create(...parameters: Parameters<MemoryUserStore['create']>): Promise<CreatedUser> {
    return this.#make({ ...(await super.create(...parameters)) }) as CreatedUser
  }
}

describe('stores that return objects of an ORM', () => {
  for (const [what, make] of Object.entries(records).filter(([name]) => !name.includes('mongoose'))) {
    it(`may return a session as ${what}`, async () => {
      const { sessions, logIn } = setting({ sessionStore: watched<SessionStore>(new OrmSessionStore(make)) })
      const { token } = await logIn(alice, { device: 'phone' })
      const session = await sessions.getSession(token)
      expect(session).to.include({ userId: alice, openid: alice, device: 'phone', sku: 'shop' })
      expect((await sessions.listSessions(alice))[0]).to.deep.include({ ...session })
      expect(await sessions.isTokenValid((await sessions.refreshToken(token)).token)).to.equal(true)
    })

    it(`may return a new user as ${what}`, async () => {
      const { logIn } = setting({ userStore: watched(new OrmUserStore(make)) })
      expect(await logIn(alice)).to.deep.include({ isNewUser: true, user: { id: alice, openid: alice } })
      expect(await logIn(alice)).to.include({ isNewUser: false })
    })
  }

  it('may return the times of a session as dates', async () => {
    const date = (time: unknown): Date => new Date(time as number)
    const sessionStore = watched<SessionStore>(
      new OrmSessionStore(({ createdAt, expiresAt, ...rest }) => {
        return { ...rest, createdAt: date(createdAt), expiresAt: date(expiresAt).toISOString() }
      }),
    )
    const { sessions, logIn } = setting({ sessionStore })
    const { token, expiresAt } = await logIn()
    expect(await sessions.getSession(token)).to.include({ expiresAt })
  })

  it('fail without values if an object cannot be read', async () => {
    const broken = (): object => ({
      toJSON: () => {
        throw new Error('SECRET')
      },
    })
    const sessionStore = watched<SessionStore>(new OrmSessionStore(broken))
    const { sessions, logIn } = setting({ sessionStore })
    const { token } = await logIn()
    const error = await rejection(sessions.getSession(token), StoreError)
    expect(error.message).to.equal('The store returned a record that cannot be read')
  })
})
