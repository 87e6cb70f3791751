import { expect } from 'chai'
import { setTimeout as sleep } from 'node:timers/promises'
import { StoreError, type WechatToken } from '@wechat-auth/wechat-oauth'
import { RedisTokenStore } from '@wechat-auth/store-redis'
import { rejection } from '../../helpers/rejection.js'
import { connect, driverNames, type RedisClient } from '../../helpers/redis.js'
import { startRedis, startRedisCluster } from '../../services/redis.js'
import type { Server } from '../../services/server.js'
import { inTime } from '../../helpers/pace.js'
import { isNewest, variants } from '../../helpers/long.js'

const timeout = 1000
/** Extra time for a busy machine. */

function makeToken(openid: string): WechatToken {
  return {
    openid,
    access_token: `token of ${openid}`,
    refresh_token: 'r',
    expires_in: 7200,
    create_at: 1_763_000_000_123,
  }
}

interface Backend {
  nodes: readonly Server[]
  settled?: () => Promise<void>
}

const kinds: { kind: string; start: (context: Mocha.Context) => Promise<Backend> }[] = [
  { kind: 'a server', start: async (context) => ({ nodes: [await startRedis(context, { durable: true })] }) },
  { kind: 'a cluster', start: startRedisCluster },
]

for (const { kind, start } of kinds) {
  describe(`RedisTokenStore on ${kind} that fails`, function () {
    this.timeout(60_000)
    let servers: readonly Server[]
    let settled: () => Promise<void>
    const endings: (() => unknown)[] = []

    before(async function () {
      const backend = await start(this)
      servers = backend.nodes
      settled = async () => backend.settled?.()
      endings.push(() => Promise.all(servers.map((server) => server.stop())))
    })

    after(async () => {
      for (const end of endings.reverse()) await end()
    })

    async function open(
      ...[driver, options]: [Parameters<typeof connect>[0]['driver'], Parameters<typeof connect>[1]?]
    ): Promise<RedisClient> {
      const client = await connect({ driver, urls: servers.map(({ url }) => url) }, options)
      endings.push(() => client.isOpen && client.destroy())
      return client
    }

    // In `npm test` the older driver has the server, and the newer one the cluster.
    for (const driver of variants(
      driverNames,
      (name, index, all) => isNewest(name, index, all) === (kind === 'a cluster'),
    )) {
      describe(driver, () => {
        const keys = Array.from({ length: 20 }, (_, index) => `o${index} ${driver}`)

        it('rejects while it is down, works again afterwards, and runs nothing that it rejected', async () => {
          const store = new RedisTokenStore({ client: await open(driver), timeout })
          await Promise.all(keys.map((key) => store.saveToken(key, makeToken(key))))
          await Promise.all(servers.map((server) => server.kill()))
          await Promise.all(
            keys.map(async (key) => {
              const started = performance.now()
              await rejection(store.saveToken(key, makeToken('while it was down')), StoreError)
              await rejection(store.deleteToken(key), StoreError)
              await rejection(store.getToken(key), StoreError)
              expect(performance.now() - started).to.be.lessThan(inTime(3 * timeout))
            }),
          )
          await Promise.all(servers.map((server) => server.restart()))
          await settled()
          await untilItWorks(store)
          // What was still in a queue would be carried out before this is answered.
          for (const key of keys) {
            const read = await store.getToken(key)
            // A cluster of the tests keeps nothing on the disk.
            if (kind === 'a cluster') expect(read).to.equal(null)
            else expect(read).to.deep.equal(makeToken(key))
          }
        })

        it('rejects within its timeout when no answer comes', async () => {
          const store = new RedisTokenStore({ client: await open(driver), timeout })
          await store.saveToken('o', makeToken('o'))
          await Promise.all(servers.map((server) => server.freeze()))
          try {
            const started = performance.now()
            const error = await rejection(store.getToken('o'), StoreError)
            expect(performance.now() - started).to.be.within(timeout - 20, inTime(timeout))
            expect(error.message).to.equal(`The store failed to read within ${timeout} ms`)
            await rejection(
              store.withLock('refresh:o', () => expect.fail('the task must not run'), { wait: 100 }),
              StoreError,
            )
          } finally {
            await Promise.all(servers.map((server) => server.thaw()))
            await settled()
          }
          await untilItWorks(store)
        })

        it('returns the result of a task even if its lock cannot be released', async () => {
          const store = new RedisTokenStore({ client: await open(driver), timeout })
          const result = await store.withLock(`refresh:${driver}`, async () => {
            await Promise.all(servers.map((server) => server.kill()))
            return 'of the task'
          })
          expect(result).to.equal('of the task')
          await Promise.all(servers.map((server) => server.restart()))
          await settled()
          await untilItWorks(store)
        })
      })
    }
  })
}

async function untilItWorks(store: RedisTokenStore): Promise<void> {
  const deadline = performance.now() + 10_000
  for (;;) {
    try {
      // As a cluster has several servers, several keys.
      await Promise.all(
        Array.from({ length: 20 }, (_, index) => store.saveToken(`o${index}`, makeToken(`o${index}`))),
      )
      return
    } catch (error) {
      if (performance.now() > deadline) throw error
      await sleep(50)
    }
  }
}

describe('RedisTokenStore with a client that does not queue or reconnect', () => {
  let server: Server
  const endings: (() => unknown)[] = []

  before(async function () {
    server = await startRedis(this)
    endings.push(() => server.stop())
  })

  after(async () => {
    for (const end of endings.reverse()) await end()
  })

  for (const driver of variants(driverNames, isNewest)) {
    for (const [what, options] of Object.entries({
      'no queue': { disableOfflineQueue: true },
      'no reconnection': { socket: { reconnectStrategy: false } },
    } as const)) {
      it(`rejects at once (${driver}, ${what})`, async () => {
        const client = await connect({ driver, urls: [server.url] }, options)
        endings.push(() => client.isOpen && client.destroy())
        const store = new RedisTokenStore({ client })
        await store.saveToken('o', makeToken('o'))
        await server.kill()
        try {
          await rejection(store.getToken('o'), StoreError)
          const started = performance.now()
          const error = await rejection(store.getToken('o'), StoreError)
          expect(performance.now() - started).to.be.lessThan(inTime(0))
          expect(error.driver?.name).to.be.a('string')
        } finally {
          await server.restart()
        }
      })
    }
  }
})
