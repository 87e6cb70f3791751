import { expect } from 'chai'
import { TokenStoreError, type WechatToken } from '@wechat-auth/wechat-oauth'
import { MysqlTokenStore } from '@wechat-auth/store-mysql'
import { endPool, openPool, openPromisePool } from '../../helpers/mysql.js'
import { startMariadb } from '../../services/mariadb.js'
import { oldTable, tokenOf } from './setting.js'

const writes = 2000
const writers = 50

describe('MysqlTokenStore on a server that is killed', function () {
  this.timeout(120_000)

  for (const [kind, open] of Object.entries({ callbacks: openPool, promises: openPromisePool })) {
    for (const make of ['ours', 'of the older packages']) {
      it(`has every write that was acknowledged when that happens amid ${writes} of them, and works on (pool of ${kind}, table ${make})`, async function () {
        const server = await startMariadb(this)
        const pool = open(server.url)
        try {
          const store = new MysqlTokenStore({ pool, timeout: 2000 })
          if (make === 'ours') await store.createTable()
          else for (const statement of oldTable) await ('pool' in pool ? pool : pool.promise()).query(statement.replaceAll('$', 'token'))
          const acknowledged = new Map<string, WechatToken>()
          const rejected: unknown[] = []
          let next = 0
          let outage: Promise<void> | undefined

          const write = async (): Promise<void> => {
            while (next < writes) {
              const openid = `o${next}`
              next += 1
              const token = tokenOf(openid, { access_token: `token ${next}`, create_at: 1_763_000_000_000 + next })
              try {
                await store.saveToken(openid, token)
                acknowledged.set(openid, token)
              } catch (error) {
                rejected.push(error)
                // Else all that are left would fail before it is up again.
                await outage
              }
              if (acknowledged.size >= writes / 4) outage ??= server.kill().then(() => server.restart())
            }
          }
          await Promise.all(Array.from({ length: writers }, write))
          await outage

          expect(acknowledged.size + rejected.length).to.equal(writes)
          expect(rejected).to.not.be.empty
          for (const error of rejected) expect(error).to.be.an.instanceOf(TokenStoreError)
          expect(acknowledged.size).to.be.greaterThan(writes / 2)
          for (const [openid, token] of acknowledged) expect(await store.getToken(openid)).to.deep.equal(token)
        } finally {
          await endPool(pool)
          await server.stop()
        }
      })
    }
  }
})
