import { inspect } from 'node:util'
import { expect } from 'chai'
import sinon from 'sinon'
import { StoreError, type WechatToken } from '@wechat-auth/wechat-oauth'
import { MongoTokenStore, type MongoTokenStoreOptions } from '@wechat-auth/store-mongo'
import { rejection, thrown } from '../../helpers/rejection.js'
import { FakeConnection, FakeDatabase, serverError } from './fake-connection.js'

const token: WechatToken = {
  openid: 'o',
  access_token: 'SECRET-access',
  refresh_token: 'SECRET-refresh',
  expires_in: 7200,
  create_at: 1_763_000_000_123,
}

describe('MongoTokenStore', () => {
  let connection: FakeConnection
  let database: FakeDatabase
  let store: MongoTokenStore

  beforeEach(() => {
    connection = new FakeConnection()
    database = connection.db!
    store = new MongoTokenStore({ connection })
  })

  afterEach(() => sinon.restore())

  describe('options', () => {
    const create = (options: object) => thrown(() => new MongoTokenStore(options as MongoTokenStoreOptions))

    for (const [what, value] of Object.entries({
      nothing: undefined,
      null: null,
      'a URL': 'mongodb://127.0.0.1/test',
      'mongoose itself': { connection: {}, connect: () => undefined },
      'a client of the driver': { db: () => ({}) },
    })) {
      it(`refuse ${what} as the connection`, () => {
        const error = create({ connection: value })
        expect(error).to.be.an.instanceOf(TypeError)
        expect(error).to.have.property('message').that.includes('connection')
      })
    }

    for (const name of [
      '',
      5,
      null,
      {},
      'a$b',
      '$where',
      'system.users',
      'a\0b',
      '.a',
      'a.',
      'a..b',
      ['tokens'],
    ]) {
      it(`refuse the collection ${inspect(name)}`, () => {
        const error = create({ connection, collection: name })
        expect(error).to.be.an.instanceOf(TypeError)
        expect(error).to.have.property('message').that.includes('collection')
      })
    }

    for (const name of ['tokens', 'wechat_tokens', 'app.tokens', 'a b', '令牌', 'systems']) {
      it(`take the collection ${name}`, async () => {
        await new MongoTokenStore({ connection, collection: name }).getToken('o')
        expect(connection.calls.map(({ collection }) => collection)).to.deep.equal([name])
      })
    }

    for (const timeout of [0, -1, NaN, Infinity, '5000', null, 24 * 3600 * 1000 + 1]) {
      it(`refuse the timeout ${inspect(timeout)}`, async () => {
        expect(create({ connection, timeout })).to.be.an.instanceOf(TypeError)
        await rejection(store.init({ timeout: timeout as number }), TypeError)
      })
    }

    it('default to the collection tokens', async () => {
      await store.getToken('o')
      expect(connection.calls[0]?.collection).to.equal('tokens')
    })
  })

  it('refuses a key that UTF-8 cannot encode', async () => {
    for (const key of ['o\ud800', '\udc00', 'o\ud83d x']) {
      await rejection(store.getToken(key), TypeError)
      await rejection(store.saveToken(key, token), TypeError)
      await rejection(store.deleteToken(key), TypeError)
      await rejection(
        store.withLock(key, () => expect.fail('the task must not run')),
        TypeError,
      )
    }
    expect(connection.calls).to.be.empty
  })

  describe('refuses to save, without asking the server,', () => {
    const cyclic: Record<string, unknown> = {}
    cyclic.self = cyclic
    const cases: Record<string, unknown> = {
      'an own field __proto__': JSON.parse(
        '{"openid":"o","create_at":1,"__proto__":{"admin":true}}',
      ) as unknown,
      'an own field __proto__ deep inside': {
        ...token,
        a: [{ b: JSON.parse('{"__proto__":1}') as unknown }],
      },
      'a bigint': { ...token, big: 1n },
      'a function': { ...token, deep: { f: () => 1 } },
      'a symbol': { ...token, list: [Symbol('s')] },
      'what contains itself': { ...token, cyclic },
      'an access_token that is not a string': { ...token, access_token: { $ne: null } },
      'a session_key that is not a string': { ...token, session_key: 5 },
      'a create_at that is not a number': { ...token, create_at: 'yesterday' },
      'an expires_in that is not a number': { ...token, expires_in: {} },
      'a list': [token],
      'a text': 'token',
      null: null,
    }
    for (const [what, value] of Object.entries(cases)) {
      it(what, async () => {
        const error = await rejection(store.saveToken('o', value as WechatToken), TypeError)
        expect(error.message).to.not.include('SECRET')
        expect(connection.calls).to.be.empty
      })
    }
  })

  describe('reads and writes', () => {
    it("from the primary, in JavaScript's own types, whatever the connection prefers", async () => {
      await store.getToken('o')
      for (const name of ['tokens', 'tokens_locks']) {
        expect(database.options[name]).to.deep.equal({
          readPreference: 'primary',
          promoteLongs: true,
          promoteValues: true,
          promoteBuffers: true,
          useBigInt64: false,
          raw: false,
        })
      }
    })

    it('with an answer, on a connection that does not wait for one', async () => {
      database.writeConcern = { w: 0 }
      await store.getToken('o')
      expect(database.options.tokens).to.have.deep.property('writeConcern', { w: 'majority' })
    })

    it('what was written last, on a connection that reads what a majority has', async () => {
      database.readConcern = { level: 'majority' }
      await store.getToken('o')
      expect(database.options.tokens).to.have.deep.property('readConcern', { level: 'local' })
    })

    it('by one command each', async () => {
      await store.getToken('o')
      await store.saveToken('o', token)
      await store.deleteToken('o')
      expect(connection.calls.map(({ method }) => method)).to.deep.equal([
        'findOne',
        'replaceOne',
        'deleteMany',
      ])
    })

    it('in the database that the connection has now', async () => {
      await store.saveToken('o', token)
      connection.db = new FakeDatabase()
      await store.saveToken('o', token)
      expect(database.calls).to.have.length(1)
      expect(connection.calls).to.have.length(1)
    })
  })

  describe('a write', () => {
    it('is bounded at the server too', async () => {
      await new MongoTokenStore({ connection, timeout: 1200.5 }).saveToken('o', token)
      expect(connection.calls[0]?.args[2]).to.include({ maxTimeMS: 1201 })
    })

    for (const [what, fail] of Object.entries({ succeeds: false, fails: true })) {
      it(`has its own session, which ends when it ${what}`, async () => {
        if (fail)
          database.answers.replaceOne = () => {
            throw serverError(1)
          }
        await store.saveToken('o', token).catch(() => undefined)
        expect(connection.sessions.map(({ options, hasEnded }) => ({ options, hasEnded }))).to.deep.equal([
          { options: { causalConsistency: false }, hasEnded: true },
        ])
        expect(connection.calls[0]?.args[2]).to.have.property('session', connection.sessions[0])
      })
    }

    it('ends its session when it times out', async () => {
      const clock = sinon.useFakeTimers()
      database.answers.replaceOne = () => new Promise(() => undefined)
      const rejected = rejection(store.saveToken('o', token), StoreError)
      await clock.tickAsync(4999)
      expect(connection.sessions).to.have.length(1)
      expect(connection.sessions[0]?.hasEnded).to.equal(false)
      await clock.tickAsync(1)
      expect((await rejected).message).to.equal('The store failed to save within 5000 ms')
      expect(connection.sessions[0]?.hasEnded).to.equal(true)
    })

    it('waits for an earlier write to the same key that timed out, and for no other', async () => {
      const clock = sinon.useFakeTimers()
      let settle: () => void = () => undefined
      database.answers.replaceOne = () =>
        new Promise<void>((resolve) => {
          settle = resolve
        })
      const rejected = rejection(store.saveToken('o', token), StoreError)
      await clock.tickAsync(5000)
      await rejected
      database.answers.replaceOne = () => undefined
      let isSaved = false
      const next = store.saveToken('o', token).then(() => {
        isSaved = true
      })
      await store.saveToken('another', token)
      await clock.tickAsync(1000)
      expect(isSaved).to.equal(false)
      settle()
      await next
      expect(connection.calls).to.have.length(3)
      await store.saveToken('o', token)
    })

    it('is not sent after it has waited until the timeout', async () => {
      const clock = sinon.useFakeTimers()
      let settle: () => void = () => undefined
      database.answers.deleteMany = () =>
        new Promise<void>((resolve) => {
          settle = resolve
        })
      const deleted = rejection(store.deleteToken('o'), StoreError)
      await clock.tickAsync(5000)
      await deleted
      const saved = rejection(store.saveToken('o', token), StoreError)
      await clock.tickAsync(5000)
      await saved
      settle()
      await clock.tickAsync(1000)
      expect(connection.calls.map(({ method }) => method)).to.deep.equal(['deleteMany'])
    })
  })

  describe('the race of two that create one record', () => {
    const duplicate = () => {
      throw serverError(11000)
    }

    it('is tried again, and then replaces', async () => {
      const answers = [duplicate, duplicate, () => undefined]
      database.answers.replaceOne = () => answers.shift()!()
      await store.saveToken('o', token)
      expect(connection.calls).to.have.length(3)
      for (const { args } of connection.calls)
        expect(args.slice(0, 2)).to.deep.equal([{ openid: 'o' }, token])
    })

    it('is given up after three times: it is another index then', async () => {
      database.answers.replaceOne = duplicate
      const error = await rejection(store.saveToken('o', token), StoreError)
      expect(error.driver).to.deep.equal({ name: 'MongoServerError', code: 11000 })
      expect(connection.calls).to.have.length(3)
    })
  })

  describe('a failure', () => {
    it('rejects with the error code of the driver and without values', async () => {
      for (const method of ['findOne', 'replaceOne', 'deleteMany', 'updateOne', 'createIndex'] as const)
        database.answers[method] = () => {
          throw serverError(13)
        }
      const calls = {
        read: () => store.getToken('o'),
        save: () => store.saveToken('o', token),
        delete: () => store.deleteToken('o'),
        lock: () => store.withLock('refresh:o', () => expect.fail('the task must not run')),
        'build its indexes': () => store.init(),
      }
      for (const [what, call] of Object.entries(calls)) {
        const error = await rejection(call(), StoreError)
        expect(error.message).to.equal(`The store failed to ${what}`)
        expect(error.driver).to.deep.equal({ name: 'MongoServerError', code: 13 })
        expect(inspect(error, { depth: Infinity, showHidden: true }) + JSON.stringify(error)).to.not.include(
          'SECRET',
        )
      }
    })

    it('of a release is not one of the task', async () => {
      database.answers.deleteOne = () => {
        throw serverError(1)
      }
      expect(await store.withLock('refresh:o', () => Promise.resolve('done'))).to.equal('done')
    })
  })

  describe('a connection that is not open', () => {
    beforeEach(() => {
      connection.db = undefined
    })

    it('is waited for', async () => {
      let open: () => void = () => undefined
      connection.opening = new Promise((resolve) => {
        open = resolve
      })
      const reading = store.getToken('o')
      const saving = store.saveToken('o', token)
      connection.db = database
      open()
      expect(await reading).to.equal(null)
      await saving
      expect(connection.calls.map(({ method }) => method)).to.have.members(['findOne', 'replaceOne'])
    })

    it('is waited for no longer than the timeout, and nothing happens if it opens later', async () => {
      const clock = sinon.useFakeTimers()
      let open: () => void = () => undefined
      connection.opening = new Promise((resolve) => {
        open = resolve
      })
      const rejected = [store.getToken('o'), store.saveToken('o', token), store.deleteToken('o')].map(
        (call) => rejection(call, StoreError),
      )
      await clock.tickAsync(5000)
      await Promise.all(rejected)
      connection.db = database
      open()
      await clock.tickAsync(1000)
      expect(connection.calls).to.be.empty
      expect(connection.sessions).to.be.empty
    })

    it('rejects at once if it is never opened', async () => {
      const error = await rejection(store.getToken('o'), StoreError)
      expect(error.message).to.equal('The connection to MongoDB is not open')
    })

    it('rejects when it cannot be opened', async () => {
      connection.opening = Promise.reject(
        Object.assign(new Error('mongodb://user:SECRET@host'), { name: 'MongooseServerSelectionError' }),
      )
      const error = await rejection(store.saveToken('o', token), StoreError)
      expect(error.driver).to.deep.equal({ name: 'MongooseServerSelectionError' })
      expect(inspect(error)).to.not.include('SECRET')
    })
  })

  describe('init', () => {
    it('builds a unique index on openid, and one that removes abandoned locks', async () => {
      await store.init()
      expect(
        connection.calls.map(({ collection, args: [keys, options] }) => [collection, keys, options]),
      ).to.deep.equal([
        ['tokens', { openid: 1 }, { unique: true, maxTimeMS: 5000, session: connection.sessions[0] }],
        [
          'tokens_locks',
          { expires_at: 1 },
          { expireAfterSeconds: 3600, maxTimeMS: 5000, session: connection.sessions[0] },
        ],
      ])
    })

    it('waits longer if it is told to', async () => {
      await store.init({ timeout: 600_000 })
      expect(connection.calls[0]?.args[1]).to.include({ maxTimeMS: 600_000 })
    })

    for (const [code, what] of [
      [11000, /same openid/],
      [85, /not unique/],
      [86, /not unique/],
    ] as const) {
      it(`says what to do about error ${code}`, async () => {
        database.answers.createIndex = () => {
          throw serverError(code)
        }
        const error = await rejection(store.init(), StoreError)
        expect(error.message).to.match(what)
        expect(error.message).to.not.include('SECRET')
        expect(error.driver?.code).to.equal(code)
      })
    }

    it('can be called again after a failure', async () => {
      database.answers.createIndex = () => {
        throw serverError(6)
      }
      await rejection(store.init(), StoreError)
      database.answers.createIndex = () => undefined
      await store.init()
    })
  })

  describe('the time of a lock', () => {
    const hour = 3600 * 1000

    async function readLockRequest(ttl: number): Promise<{ freeSince: number; expiresAt: number }> {
      await store.withLock('refresh:o', () => Promise.resolve(), { ttl })
      const [filter, update] = connection.calls.find(({ method }) => method === 'updateOne')!.args as [
        { expires_at: { $lte: Date } },
        { $set: { expires_at: Date } },
      ]
      return { freeSince: filter.expires_at.$lte.getTime(), expiresAt: update.$set.expires_at.getTime() }
    }

    for (const [what, offset] of Object.entries({ ahead: hour, behind: -hour })) {
      it(`is the server's, which is ${what}`, async () => {
        const serverNow = Date.now() + offset
        database.answers.command = () => ({ localTime: new Date(serverNow) })
        const { freeSince, expiresAt } = await readLockRequest(10_000)
        expect(freeSince).to.be.within(serverNow, serverNow + 1000)
        expect(expiresAt).to.be.within(serverNow + 10_000, serverNow + 11_000)
      })
    }

    it("is this machine's if the server does not report its own", async () => {
      const now = Date.now()
      const { freeSince, expiresAt } = await readLockRequest(10_000)
      expect(freeSince).to.be.within(now, now + 1000)
      expect(expiresAt).to.be.within(now + 10_000, now + 11_000)
    })

    it('allows for the time that the server takes to report it', async () => {
      const clock = sinon.useFakeTimers()
      database.answers.command = () => clock.tickAsync(3000).then(() => ({ localTime: new Date(hour) }))
      const { freeSince, expiresAt } = await readLockRequest(10_000)
      expect(freeSince).to.equal(hour)
      expect(expiresAt).to.equal(hour + 3000 + 10_000)
    })

    it('is asked for once for each lock, not each time that it is tried', async () => {
      let asked = 0
      database.answers.command = () => {
        asked += 1
        return { localTime: new Date() }
      }
      let tried = 0
      database.answers.updateOne = () => {
        tried += 1
        if (tried < 3) throw serverError(11000)
      }
      await store.withLock('refresh:o', () => Promise.resolve())
      expect([asked, tried]).to.deep.equal([1, 3])
    })
  })
})
