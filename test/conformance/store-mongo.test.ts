import { randomBytes } from 'node:crypto'
import { testTokenStore } from '@wechat-auth/store-conformance'
import { MongoTokenStore } from '@wechat-auth/store-mongo'
import { encryptedTokenStore, type TokenStore } from '@wechat-auth/wechat-oauth'
import { ClusterWorker } from '../helpers/cluster/cluster.js'
import { variants } from '../helpers/long.js'
import { connect, mongooseNames, type MongooseName, type OpenConnection } from '../helpers/mongo.js'
import { inTime } from '../helpers/pace.js'
import { startMongo, type MongoServer } from '../services/mongo.js'

const keys = [{ id: 'k1', key: randomBytes(32) }]

const setups: { mongoose: MongooseName; what: string; wrap: (store: TokenStore) => TokenStore }[] = [
  ...mongooseNames.map((mongoose) => ({ mongoose, what: mongoose, wrap: (store: TokenStore) => store })),
  {
    mongoose: 'mongoose 9',
    what: 'mongoose 9, encrypted',
    wrap: (store) => encryptedTokenStore(store, { keys }),
  },
]

describe('MongoTokenStore', () => {
  for (const { mongoose, what, wrap } of variants(setups, ({ what }) => what === 'mongoose 9, encrypted')) {
    describe(what, () => {
      const collection = 'conformance'
      // Less than the default: outages are many, and each takes as long.
      const timeout = inTime(2000)
      let server: MongoServer
      let connection: OpenConnection
      let other: OpenConnection
      const endings: (() => unknown)[] = []

      before(async function () {
        server = await startMongo(this)
        endings.push(() => server.stop())
        connection = await connect(mongoose, server.url)
        endings.push(() => connection.close())
        other = await connect(mongoose, server.url)
        endings.push(() => other.close())
        await buildIndexes()
      })

      after(async () => {
        for (const end of endings.reverse()) await end()
      })

      const buildIndexes = (): Promise<void> => new MongoTokenStore({ connection, collection }).init()

      testTokenStore('against a server', {
        create: () => wrap(new MongoTokenStore({ connection, collection, timeout })),
        second: () => wrap(new MongoTokenStore({ connection: other, collection, timeout })),
        corrupt: async (key) => {
          await connection.db
            .collection(collection)
            .updateOne({ openid: key }, { $set: { access_token: { not: 'a text' } } }, {})
        },
        outages: [
          {
            name: 'killed',
            begin: () => server.kill(),
            end: async () => {
              await server.restart()
              // The stand-in has forgotten everything.
              if (!server.isRealMongo) await buildIndexes()
            },
          },
          { name: 'frozen', begin: () => server.freeze(), end: () => server.thaw() },
        ],
        abandonLock: async (key, ttl) => {
          const worker = await ClusterWorker.start({
            store: 'mongo',
            address: JSON.stringify({ mongoose, url: server.url, collection }),
          })
          await worker.call('takeLock', key, ttl)
          await worker.kill()
        },
        without: { expiry: 'records stay until they are deleted' },
      })
    })
  }
})
