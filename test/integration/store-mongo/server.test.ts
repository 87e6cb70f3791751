import { expect } from 'chai'
import sinon from 'sinon'
import { StoreError } from '@wechat-auth/wechat-oauth'
import { MongoTokenStore, type MongoCollection, type MongooseConnection } from '@wechat-auth/store-mongo'
import { load, type Collection } from '../../helpers/mongo.js'
import { rejection, thrown } from '../../helpers/rejection.js'
import { describeMongo, onlyOnRealMongo, secrets, makeToken } from './setting.js'
import { WireTap } from './wire-tap.js'
import { inTime } from '../../helpers/pace.js'

describeMongo('MongoTokenStore on a server', (setting) => {
  it('sends one command for each operation, and three for a lock', async () => {
    const tap = await WireTap.open(setting.service.url)
    const connection = setting.keep(await setting.open({ directConnection: true }))
    const { collection } = await setting.freshStore({ connection })
    const tapped = setting.keep(await openAt(tap.url))
    try {
      const store = new MongoTokenStore({ connection: tapped, collection })
      const commandsDuring = async (task: () => Promise<unknown>): Promise<string[]> => {
        tap.commands.length = 0
        await task()
        return [...tap.commands]
      }
      expect(await commandsDuring(() => store.saveToken('o', makeToken('o')))).to.deep.equal(['update'])
      expect(
        await commandsDuring(() => store.saveToken('o', makeToken('o', { scope: 'snsapi_base' }))),
      ).to.deep.equal(['update'])
      expect(await commandsDuring(() => store.getToken('o'))).to.deep.equal(['find'])
      expect(await commandsDuring(() => store.getToken('nobody'))).to.deep.equal(['find'])
      expect(await commandsDuring(() => store.deleteToken('o'))).to.deep.equal(['delete'])
      // Before these it asks the server for its time, by `hello`.
      expect(await commandsDuring(() => store.withLock('refresh:o', () => Promise.resolve()))).to.deep.equal([
        'update',
        'delete',
      ])
    } finally {
      await tapped.close()
      await tap.close()
    }
  })

  async function openAt(url: string): ReturnType<typeof setting.open> {
    const mongoose = await load(setting.mongoose)
    const connection = mongoose.createConnection(url)
    await connection.asPromise()
    return connection
  }

  describe('init', () => {
    it('builds the indexes before it resolves', async () => {
      const { raw, collection } = await setting.freshStore()
      const indexes = [...(await raw.indexes()), ...(await setting.raw(`${collection}_locks`).indexes())]
      expect(indexes.map(({ key }) => key)).to.deep.include.members([{ openid: 1 }, { expires_at: 1 }])
      expect(indexes.find(({ key }) => 'openid' in key)?.unique).to.equal(true)
      await rejection(Promise.all([raw.insertOne(makeToken('o')), raw.insertOne(makeToken('o'))]))
    })

    it('can be called at every start, and by several processes at once', async () => {
      const { store, collection } = await setting.freshStore()
      await Promise.all(
        Array.from({ length: 5 }, () =>
          new MongoTokenStore({ connection: setting.connection, collection }).init(),
        ),
      )
      await store.init()
    })

    it('rejects with an explanation when an openid has several documents, and does not reveal it', async () => {
      const collection = setting.name()
      for (let times = 0; times < 2; times += 1) await setting.raw(collection).insertOne(makeToken('oSECRET'))
      const error = await rejection(
        new MongoTokenStore({ connection: setting.connection, collection }).init(),
        StoreError,
      )
      expect(error.message).to.match(/same openid/)
      expect(error.message).to.not.include('oSECRET')
    })

    it('rejects when an index on openid exists that is not unique', async function () {
      onlyOnRealMongo(this, setting.service, 'the stand-in treats it as the same index')
      const collection = setting.name()
      await setting.raw(collection).createIndex({ openid: 1 }, {})
      const error = await rejection(
        new MongoTokenStore({ connection: setting.connection, collection }).init(),
        StoreError,
      )
      expect(error.message).to.match(/not unique/)
    })
  })

  it('replaces a record that was created between its search and its insertion', async () => {
    const { raw, collection } = await setting.freshStore()
    // Its first replacement finds nothing; before it inserts, somebody else does.
    let inserted = 0
    const racing = intercept(setting.connection, (real: Collection): Partial<MongoCollection> => ({
      replaceOne: async (filter, document, options) => {
        if (inserted > 0) return real.replaceOne(filter, document, options)
        inserted += 1
        await raw.insertOne(makeToken('o', { access_token: 'of the other' }))
        return real.insertOne({ ...document })
      },
    }))
    await new MongoTokenStore({ connection: racing, collection }).saveToken(
      'o',
      makeToken('o', { access_token: 'mine' }),
    )
    expect(inserted).to.equal(1)
    const documents = await raw.find({}).toArray()
    expect(documents.map(({ access_token: token }) => token)).to.deep.equal(['mine'])
  })

  it('keeps one record when many logins create it at the same time', async () => {
    const { store, raw, collection } = await setting.freshStore()
    const others = await Promise.all(
      [1, 2, 3].map(async () => new MongoTokenStore({ connection: await setting.open(), collection })),
    )
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(
        [store, ...others].flatMap((each, index) =>
          [1, 2, 3].map((n) => each.saveToken(`o${round}`, makeToken(`o${round}`, { n: index * 3 + n }))),
        ),
      )
    }
    expect(await raw.find({}).toArray()).to.have.length(10)
  })

  describe('a lock, on machines whose clocks differ by an hour,', () => {
    const hour = 3600 * 1000
    const task = (): Promise<string> => Promise.resolve('acquired')

    afterEach(() => sinon.restore())

    async function between(
      first: number,
      second: number,
      onServer: (connection: MongooseConnection) => MongooseConnection,
    ): Promise<string> {
      const { collection } = await setting.freshStore()
      const store = new MongoTokenStore({ connection: onServer(setting.connection), collection })
      const now = Date.now()
      const clock = sinon.useFakeTimers({ now: now + first, toFake: ['Date'] })
      return store.withLock('refresh:o', async () => {
        clock.setSystemTime(now + second)
        return store
          .withLock('refresh:o', task, { wait: 0 })
          .catch((error: unknown) => (error as StoreError).code)
      })
    }

    for (const [what, [first, second]] of Object.entries<[number, number]>({
      ahead: [0, hour],
      behind: [hour, 0],
    })) {
      it(`is not acquired by a machine that is ${what} while another holds it`, async () => {
        const started = Date.now() - performance.now()
        const tellingTime = (connection: MongooseConnection): MongooseConnection =>
          intercept(
            connection,
            () => ({}),
            () => new Date(started + performance.now()),
          )
        expect(await between(first, second, tellingTime)).to.equal('ERR_WECHAT_LOCK')
      })

      it(`is not acquired by a machine that is ${what} while another holds it, by MongoDB's own clock`, async function () {
        onlyOnRealMongo(this, setting.service, 'the stand-in does not report its time')
        expect(await between(first, second, (connection) => connection)).to.equal('ERR_WECHAT_LOCK')
      })
    }

    it('is acquired too early by a machine that is ahead, if the server does not report its time', async () => {
      const silent = (connection: MongooseConnection): MongooseConnection =>
        intercept(
          connection,
          () => ({}),
          () => undefined,
        )
      expect(await between(0, hour, silent)).to.equal('acquired')
    })
  })

  describe('query operators in keys and values', () => {
    it('is refused as an openid', async () => {
      const { store, raw } = await setting.freshStore()
      await store.saveToken('o', makeToken('o'))
      for (const openid of [
        { $ne: null },
        { $gt: '' },
        { $regex: '.*' },
        ['o'],
        { toString: () => 'o' },
        /o/,
      ] as unknown as string[]) {
        await rejection(store.getToken(openid), TypeError)
        await rejection(store.saveToken(openid, makeToken('x')), TypeError)
        await rejection(store.deleteToken(openid), TypeError)
        await rejection(
          store.withLock(openid, () => expect.fail('the task must not run')),
          TypeError,
        )
      }
      expect(await raw.find({}).toArray()).to.have.length(1)
    })

    it('is a text as an openid that is a text', async () => {
      const { store } = await setting.freshStore()
      const openids = [
        '{"$ne":null}',
        '$where',
        '[object Object]',
        '.*',
        'o.access_token',
        'this.openid == 1 || true',
        "'; db.dropDatabase(); '",
      ]
      await store.saveToken('o', makeToken('o'))
      for (const openid of openids) {
        expect(await store.getToken(openid)).to.equal(null)
        await store.saveToken(openid, makeToken(openid))
        await store.withLock(openid, () => Promise.resolve())
      }
      for (const openid of openids) {
        expect(await store.getToken(openid)).to.deep.equal(makeToken(openid))
        await store.deleteToken(openid)
      }
      expect(await store.getToken('o')).to.deep.equal(makeToken('o'))
    })

    it('is kept as it is in a token', async () => {
      const { store } = await setting.freshStore()
      const hostile = makeToken('o', {
        $set: { openid: 'x' },
        $where: 'true',
        nickname: '$openid',
        list: [{ $each: [1] }],
        'profile.openid': 'x',
        $unset: { access_token: 1 },
      })
      await store.saveToken('o', hostile)
      expect(await store.getToken('o')).to.deep.equal(hostile)
    })

    it('is refused as the name of a collection', () => {
      for (const collection of [
        '$cmd',
        'admin.$cmd',
        'system.users',
        'a\0b',
        { $ne: 1 } as unknown as string,
      ]) {
        expect(
          thrown(() => new MongoTokenStore({ connection: setting.connection, collection })),
        ).to.be.an.instanceOf(TypeError)
      }
    })
  })

  describe('several applications', () => {
    it('have their own tokens and locks in their own collections', async () => {
      const [first, second] = [await setting.freshStore(), await setting.freshStore()]
      await first.store.saveToken('o', makeToken('o', { access_token: 'first' }))
      await second.store.saveToken('o', makeToken('o', { access_token: 'second' }))
      expect((await first.store.getToken('o'))?.access_token).to.equal('first')
      await first.store.withLock('refresh:o', async () => {
        expect(
          await second.store.withLock('refresh:o', () => Promise.resolve('acquired'), { wait: 0 }),
        ).to.equal('acquired')
      })
    })

    it('have them in their own databases, on one connection', async () => {
      const collection = setting.name()
      const stores = ['test_first', 'test_second'].map(
        (name) => new MongoTokenStore({ connection: setting.connection.useDb(name), collection }),
      )
      await stores[0]!.saveToken('o', makeToken('o', { access_token: 'first' }))
      try {
        expect(await stores[1]!.getToken('o')).to.equal(null)
        expect(await setting.raw(collection).find({}).toArray()).to.be.empty
      } finally {
        await stores[0]!.deleteToken('o')
      }
    })
  })

  describe("the caller's connection", () => {
    for (const [what, options] of Object.entries({
      'promotes no values': { promoteValues: false, promoteLongs: false },
      'reads integers as bigint': { useBigInt64: true },
      'reads raw bytes': { raw: true },
      'keeps undefined': { ignoreUndefined: false },
      'prefers secondaries': { readPreference: 'secondaryPreferred' },
      'does not buffer': { bufferCommands: false },
      'does not wait for its writes': { writeConcern: { w: 0 } },
      'retries nothing': { retryWrites: false, retryReads: false },
      'has one socket': { maxPoolSize: 1 },
    })) {
      it(`may be one that ${what}`, async () => {
        const { store } = await setting.freshStore({ connection: await setting.open(options) })
        const token = makeToken('o', {
          big: 1_763_000_000_123,
          fraction: 1.5,
          none: null,
          absent: undefined,
          nested: { list: [2 ** 40] },
        })
        await store.saveToken('o', token)
        const { absent, ...kept } = token
        expect(absent).to.equal(undefined)
        expect(await store.getToken('o')).to.deep.equal(kept)
        expect(await store.withLock('refresh:o', () => store.getToken('o'))).to.deep.equal(kept)
      })
    }

    it('is neither closed nor listened to, and gets no model', async () => {
      const listeners = (): object =>
        Object.fromEntries(
          [setting.connection, setting.connection.client].flatMap((emitter, index) =>
            emitter.eventNames().map((event) => [`${index} ${String(event)}`, emitter.listenerCount(event)]),
          ),
        )
      const { models } = await load(setting.mongoose)
      // Other files of this process may have registered models.
      const [before, modelsBefore] = [listeners(), Object.keys(models)]
      const { store } = await setting.freshStore()
      await store.saveToken('o', makeToken('o'))
      await store.withLock('refresh:o', () => store.getToken('o'))
      await store.deleteToken('o')
      expect(listeners()).to.deep.equal(before)
      expect(setting.connection.readyState).to.equal(1)
      expect(setting.connection.models).to.deep.equal({})
      expect(Object.keys(models)).to.deep.equal(modelsBefore)
    })

    it("may be mongoose's own, but not mongoose", async () => {
      const mongoose = await load(setting.mongoose)
      expect(
        thrown(() => new MongoTokenStore({ connection: mongoose as unknown as MongooseConnection })),
      ).to.be.an.instanceOf(TypeError)
      const store = new MongoTokenStore({ connection: mongoose.connection })
      const error = await rejection(store.getToken('o'), StoreError)
      expect(error.message).to.equal('The connection to MongoDB is not open')
    })

    it('may still be opening', async () => {
      const mongoose = await load(setting.mongoose)
      const connection = setting.keep(mongoose.createConnection(setting.service.url))
      const store = new MongoTokenStore({ connection, collection: setting.name() })
      await store.saveToken('o', makeToken('o'))
      expect(await store.getToken('o')).to.deep.equal(makeToken('o'))
    })

    it('rejects when it was closed', async () => {
      const connection = await setting.open()
      const { store } = await setting.freshStore({ connection })
      await connection.close()
      const started = performance.now()
      await rejection(store.getToken('o'), StoreError)
      await rejection(store.saveToken('o', makeToken('o')), StoreError)
      expect(performance.now() - started).to.be.lessThan(inTime(1000))
    })

    it("does not show tokens to mongoose's debug mode, nor to plugins of the application", async () => {
      const mongoose = await load(setting.mongoose)
      const seen: unknown[] = []
      mongoose.set('debug', (...what: unknown[]) => seen.push(what))
      mongoose.plugin((schema) =>
        schema.pre(/.*/, () => {
          seen.push('hook')
        }),
      )
      try {
        const { store } = await setting.freshStore()
        await store.saveToken('o', makeToken('o'))
        await store.getToken('o')
        await store.deleteToken('o')
        expect(seen).to.deep.equal([])
      } finally {
        mongoose.set('debug', false)
      }
    })
  })

  it('does not reveal a record that the server refuses', async () => {
    const { store } = await setting.freshStore()
    const error = await rejection(
      store.saveToken('o', makeToken('o', { huge: 'x'.repeat(17 * 1024 * 1024) })),
      StoreError,
    )
    for (const secret of Object.values(secrets))
      expect(JSON.stringify(error) + error.message + String(error.stack)).to.not.include(secret)
  })
})

/** The connection, with some methods of its collections replaced, or with a server that reports this time. */
function intercept(
  connection: MongooseConnection,
  replace: (real: Collection) => Partial<MongoCollection>,
  localTime?: () => Date | undefined,
): MongooseConnection {
  const database = connection.db!
  return {
    asPromise: () => connection.asPromise(),
    getClient: () => connection.getClient(),
    db: {
      command: async (command, options) => ({
        ...(await database.command(command, options)),
        ...(localTime && { localTime: localTime() }),
      }),
      collection: (name, options) => {
        const real = database.collection(name, options)
        const replaced = replace(real as Collection)
        return new Proxy(real, {
          get: (target, property) =>
            (Reflect.get(replaced, property) as unknown) ??
            (Reflect.get(target, property) as () => unknown).bind(target),
        })
      },
    },
  }
}
