import { expect } from 'chai'
import { MysqlTokenStore } from '@wechat-auth/store-mysql'
import { expectEachToBeAnswered, killAmidWrites, writes } from '../../helpers/kill-amid-writes.js'
import { endPool, openPool, openPromisePool } from '../../helpers/mysql.js'
import { startMariadb } from '../../services/mariadb.js'
import { oldTable, makeToken } from './setting.js'

describe('MysqlTokenStore on a server that is killed', function () {
  this.timeout(120_000)

  for (const [kind, open] of Object.entries({ callbacks: openPool, promises: openPromisePool })) {
    for (const make of ['ours', 'of the older packages']) {
      it(`keeps every acknowledged write when killed during ${writes} writes, and keeps working (pool of ${kind}, table ${make})`, async function () {
        const server = await startMariadb(this)
        const pool = open(server.url)
        try {
          const store = new MysqlTokenStore({ pool, timeout: 2000 })
          if (make === 'ours') await store.createTable()
          else
            for (const statement of oldTable)
              await ('pool' in pool ? pool : pool.promise()).query(statement.replaceAll('$', 'token'))
          const aftermath = await killAmidWrites(server, store, { makeToken, waitAfterFailure: true })
          const acknowledged = new Map([...aftermath.before, ...aftermath.after])

          expectEachToBeAnswered(aftermath)
          expect(acknowledged.size).to.be.greaterThan(writes / 2)
          const patient = new MysqlTokenStore({ pool, timeout: 30_000 })
          for (const [openid, token] of acknowledged)
            expect(await patient.getToken(openid)).to.deep.equal(token)
        } finally {
          await endPool(pool)
          await server.stop()
        }
      })
    }
  }
})
