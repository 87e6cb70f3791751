import { randomBytes } from 'node:crypto'
import { testTokenStore, type Outage } from '@wechat-auth/store-conformance'
import { encryptedTokenStore, type TokenStore } from '@wechat-auth/wechat-oauth'
import { RedisTokenStore } from '@wechat-auth/store-redis'
import { ClusterWorker } from '../helpers/cluster/cluster.js'
import { variants } from '../helpers/long.js'
import { connect, driverNames, type RedisAddress, type RedisClient } from '../helpers/redis.js'
import { inTime } from '../helpers/pace.js'
import { startRedis, startRedisCluster } from '../services/redis.js'
import type { Server } from '../services/server.js'

const keys = [{ id: 'k1', key: randomBytes(32) }]

interface Backend {
  servers: readonly Server[]
  urls: readonly string[]
  settled?: () => Promise<void>
  stop: () => Promise<void>
}

const setups: {
  name: string
  resp: 2 | 3
  start: (context: Mocha.Context) => Promise<Backend>
  encrypt?: true
}[] = [
  { name: 'one server, RESP 2', resp: 2, start: single },
  { name: 'one server, RESP 3, encrypted', resp: 3, start: single, encrypt: true },
  { name: 'cluster of three nodes', resp: 3, start: cluster },
]

// Each driver and each protocol on one server. All of them, and the cluster, whose outages take long, in the long suite.
const combinations = variants(
  driverNames.flatMap((driver) => setups.map((setup) => ({ driver, ...setup }))),
  ({ driver, start, encrypt = false }) => start === single && encrypt === (driver === 'node-redis 6'),
)

describe('RedisTokenStore', () => {
  for (const { driver, name, resp, start, encrypt } of combinations) {
    describe(`${driver}, ${name}`, () => {
      const prefix = 'conformance:'
      // Less than the default: outages are many, and each takes as long.
      const timeout = inTime(2000)
      let backend: Backend
      let address: RedisAddress
      let client: RedisClient
      let other: RedisClient
      const endings: (() => unknown)[] = []

      before(async function () {
        backend = await start(this)
        endings.push(() => backend.stop())
        address = { driver, resp, urls: backend.urls }
        client = await connect(address)
        endings.push(() => client.destroy())
        other = await connect(address)
        endings.push(() => other.destroy())
      })

      after(async () => {
        for (const end of endings.reverse()) await end()
      })

      const storeOn = (connection: RedisClient, ttl?: number): TokenStore => {
        const store = new RedisTokenStore({
          client: connection,
          prefix,
          timeout,
          ...(ttl !== undefined && { ttl }),
        })
        return encrypt ? encryptedTokenStore(store, { keys }) : store
      }

      testTokenStore('against a real server', {
        create: () => storeOn(client),
        second: () => storeOn(other),
        corrupt: (key) => client.set(prefix + key, '{').then(() => undefined),
        outages: outages(() => backend),
        expiry: { create: (ttl) => storeOn(client, ttl) },
        abandonLock: async (key, ttl) => {
          const worker = await ClusterWorker.start({
            store: 'redis',
            address: JSON.stringify({ ...address, prefix }),
          })
          await worker.call('takeLock', key, ttl)
          await worker.kill()
        },
      })
    })
  }
})

async function single(context: Mocha.Context): Promise<Backend> {
  const server = await startRedis(context)
  return { servers: [server], urls: [server.url], stop: () => server.stop() }
}

async function cluster(context: Mocha.Context): Promise<Backend> {
  const redis = await startRedisCluster(context)
  return {
    servers: redis.nodes,
    urls: redis.nodes.map(({ url }) => url),
    settled: () => redis.settled(),
    stop: () => redis.stop(),
  }
}

function outages(backend: () => Backend): Outage[] {
  const all = (what: (server: Server) => Promise<void>) => async () => {
    await Promise.all(backend().servers.map(what))
  }
  const thenSettled = (end: () => Promise<void>) => async () => {
    await end()
    await backend().settled?.()
  }
  return [
    {
      name: 'killed',
      begin: all((server) => server.kill()),
      end: thenSettled(all((server) => server.restart())),
    },
    {
      name: 'frozen',
      begin: all((server) => server.freeze()),
      end: thenSettled(all((server) => server.thaw())),
    },
  ]
}
