import { sessionStoreCases, testSessionStore, type SessionStoreHarness } from '@wechat-auth/store-conformance'
import { RedisSessionStore } from '@wechat-auth/store-redis'
import { connect, type DriverName, type RedisClient } from '../helpers/redis.js'
import { startRedis, startRedisCluster } from '../services/redis.js'
import type { Server } from '../services/server.js'

interface Backend {
  servers: readonly Server[]
  stop: () => Promise<void>
}

/** Time passes on a cluster as it does elsewhere, and takes as long. */
const isAboutTime = /lifetime has ended|lifetime from the rotation|extend a session when it is/

const setups: {
  driver: DriverName
  resp: 2 | 3
  where: string
  start: (context: Mocha.Context) => Promise<Backend>
  isCluster?: true
}[] = [
  {
    driver: 'node-redis 5',
    resp: 2,
    where: 'one server, RESP 2',
    start: async (context) => {
      const server = await startRedis(context)
      return { servers: [server], stop: () => server.stop() }
    },
  },
  {
    driver: 'node-redis 6',
    resp: 3,
    where: 'cluster of three nodes, RESP 3',
    isCluster: true,
    start: async (context) => {
      const redis = await startRedisCluster(context)
      return { servers: redis.nodes, stop: () => redis.stop() }
    },
  },
]

describe('RedisSessionStore', () => {
  for (const { driver, resp, where, start, isCluster } of setups) {
    describe(`${driver}, ${where}`, () => {
      const prefix = 'conformance:'
      let backend: Backend
      let client: RedisClient
      let other: RedisClient
      const endings: (() => unknown)[] = []

      before(async function () {
        backend = await start(this)
        endings.push(() => backend.stop())
        const address = { driver, resp, urls: backend.servers.map(({ url }) => url) }
        client = await connect(address)
        endings.push(() => client.destroy())
        other = await connect(address)
        endings.push(() => other.destroy())
      })

      after(async () => {
        for (const end of endings.reverse()) await end()
      })

      // Less than the default: a server that is down is waited for as long.
      const storeOn = (connection: RedisClient): RedisSessionStore =>
        new RedisSessionStore({ client: connection, prefix, timeout: 1000 })
      const harness: SessionStoreHarness = {
        create: () => storeOn(client),
        second: () => storeOn(other),
        corrupt: (hash) => client.set(`${prefix}hash:${hash}`, '{').then(() => undefined),
      }

      if (isCluster) {
        const tried: SessionStoreHarness = { ...harness, without: { outages: 'tried with one server' } }
        for (const testCase of sessionStoreCases) {
          if (!testCase.needs.includes('outages') && !isAboutTime.test(testCase.name))
            it(testCase.name, () => testCase.run(tried))
        }
        return
      }

      testSessionStore('against a real server', {
        ...harness,
        outages: [
          {
            name: 'killed',
            begin: () => backend.servers[0]?.kill(),
            end: () => backend.servers[0]?.restart(),
          },
        ],
      })
    })
  }
})
