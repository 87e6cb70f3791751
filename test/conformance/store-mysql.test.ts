import { testTokenStore } from '@wechat-auth/store-conformance'
import { MysqlTokenStore, type MysqlPool } from '@wechat-auth/store-mysql'
import { createConnection } from 'mysql2/promise'
import { ClusterWorker } from '../helpers/cluster/cluster.js'
import { endPool, hostileOptions, lenientSession, openPool, openPromisePool } from '../helpers/mysql.js'
import { startMariadb } from '../services/mariadb.js'
import type { Server } from '../services/server.js'

const setups: { name: string, open: (url: string) => ReturnType<typeof openPool> | ReturnType<typeof openPromisePool> }[] = [
  { name: 'pool of callbacks', open: (url) => openPool(url) },
  { name: 'pool of promises', open: (url) => openPromisePool(url) },
  { name: 'pool with options, SQL modes and a character set of the application', open: (url) => openPool(url, { ...hostileOptions, session: lenientSession }) },
]

describe('MysqlTokenStore', () => {
  for (const { name, open } of setups) {
    describe(`mysql2, ${name}`, () => {
      const table = 'conformance'
      // Less than the default: outages are many, and each takes as long.
      const timeout = 2000
      let server: Server
      let pool: MysqlPool
      let other: MysqlPool
      const endings: (() => unknown)[] = []

      before(async function () {
        server = await startMariadb(this)
        endings.push(() => server.stop())
        const pools = [open(server.url), open(server.url)] as const
        endings.push(...pools.map((opened) => () => endPool(opened)));
        [pool, other] = pools
        await new MysqlTokenStore({ pool, table }).createTable()
      })

      after(async () => {
        for (const end of endings.reverse()) await end()
      })

      testTokenStore('against a real server', {
        create: () => new MysqlTokenStore({ pool, table, timeout }),
        second: () => new MysqlTokenStore({ pool: other, table, timeout }),
        corrupt: async (key) => {
          const connection = await createConnection(server.url)
          await connection.query('SET check_constraint_checks = 0')
          await connection.query(`UPDATE ${table} SET extra = '{' WHERE openid = ?`, [Buffer.from(key)])
          await connection.end()
        },
        outages: [
          { name: 'killed', begin: () => server.kill(), end: () => server.restart() },
          { name: 'frozen', begin: () => server.freeze(), end: () => server.thaw() },
        ],
        abandonLock: async (key, ttl) => {
          const worker = await ClusterWorker.start({ store: 'mysql', address: JSON.stringify({ url: server.url, table }) })
          await worker.call('takeLock', key, ttl)
          await worker.kill()
        },
        without: { expiry: 'records stay until they are deleted' },
      })
    })
  }
})
