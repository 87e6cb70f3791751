import { randomBytes } from 'node:crypto'
import { createConnection } from 'mysql2/promise'
import { testTokenStore } from '@wechat-auth/store-conformance'
import { encryptedTokenStore, type TokenStore } from '@wechat-auth/wechat-oauth'
import { MysqlTokenStore, type MysqlPool } from '@wechat-auth/store-mysql'
import { ClusterWorker } from '../helpers/cluster/cluster.js'
import { variants } from '../helpers/long.js'
import { endPool, hostileOptions, lenientSession, openPool, openPromisePool } from '../helpers/mysql.js'
import { inTime } from '../helpers/pace.js'
import { startMariadb } from '../services/mariadb.js'
import type { Server } from '../services/server.js'

const keys = [{ id: 'k1', key: randomBytes(32) }]

interface Setup {
  name: string
  open: (url: string) => ReturnType<typeof openPool> | ReturnType<typeof openPromisePool>
  encrypt?: true
  /** Not a repetition of the others. */
  isEssential?: true
  /** What is done to the table. */
  change?: string
}

const setups: Setup[] = [
  { name: 'pool of callbacks', open: openPool },
  { name: 'pool of promises, encrypted', open: openPromisePool, encrypt: true },
  {
    name: 'pool with options, SQL modes and a character set of the application',
    open: (url) => openPool(url, { ...hostileOptions, session: lenientSession }),
    isEssential: true,
  },
  {
    name: 'table with columns of the application, and some of ours for text only',
    open: openPromisePool,
    change: `ADD COLUMN id INT NOT NULL AUTO_INCREMENT UNIQUE FIRST, ADD COLUMN remark VARCHAR(20) CHARACTER SET utf8mb4 NULL, ADD COLUMN changed TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
      MODIFY COLUMN expires_in VARCHAR(10) CHARACTER SET utf8 COLLATE utf8_bin NOT NULL, MODIFY COLUMN scope VARCHAR(50) CHARACTER SET utf8 COLLATE utf8_bin NOT NULL, DROP COLUMN unionid`,
  },
]

describe('MysqlTokenStore', () => {
  for (const { name, open, encrypt, change } of variants(setups, ({ isEssential }) => isEssential ?? false)) {
    describe(`mysql2, ${name}`, () => {
      const table = 'conformance'
      // Less than the default: outages are many, and each takes as long.
      const timeout = inTime(2000)
      let server: Server
      let pool: MysqlPool
      let other: MysqlPool
      const endings: (() => unknown)[] = []

      before(async function () {
        server = await startMariadb(this)
        endings.push(() => server.stop())
        const pools = [open(server.url), open(server.url)] as const
        endings.push(...pools.map((opened) => () => endPool(opened)))
        ;[pool, other] = pools
        await new MysqlTokenStore({ pool, table }).createTable()
        if (change !== undefined) await bySql(`ALTER TABLE ${table} ${change}`)
      })

      after(async () => {
        for (const end of endings.reverse()) await end()
      })

      async function bySql(...statements: string[]): Promise<void> {
        const connection = await createConnection(server.url)
        for (const statement of statements) await connection.query(statement)
        await connection.end()
      }

      const storeOn = (connections: MysqlPool): TokenStore => {
        const store = new MysqlTokenStore({ pool: connections, table, timeout })
        return encrypt ? encryptedTokenStore(store, { keys }) : store
      }

      testTokenStore('against a real server', {
        create: () => storeOn(pool),
        second: () => storeOn(other),
        corrupt: (key) =>
          bySql(
            'SET check_constraint_checks = 0',
            `UPDATE ${table} SET extra = '{' WHERE openid = X'${Buffer.from(key).toString('hex')}'`,
          ),
        outages: [
          { name: 'killed', begin: () => server.kill(), end: () => server.restart() },
          { name: 'frozen', begin: () => server.freeze(), end: () => server.thaw() },
        ],
        abandonLock: async (key, ttl) => {
          const worker = await ClusterWorker.start({
            store: 'mysql',
            address: JSON.stringify({ url: server.url, table }),
          })
          await worker.call('takeLock', key, ttl)
          await worker.kill()
        },
        without: { expiry: 'records stay until they are deleted' },
      })
    })
  }
})
