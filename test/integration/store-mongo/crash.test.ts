import { expect } from 'chai'
import { TokenStoreError, type WechatToken } from '@wechat-auth/wechat-oauth'
import { MongoTokenStore } from '@wechat-auth/store-mongo'
import { connect, mongooseNames, type OpenConnection } from '../../helpers/mongo.js'
import { startMongo, type MongoServer } from '../../services/mongo.js'
import { onlyOnRealMongo, tokenOf } from './setting.js'

const writes = 2000
const writers = 50

interface Aftermath {
  /** What was acknowledged before the server was killed, and after it was up again. */
  before: Map<string, WechatToken>
  after: Map<string, WechatToken>
  rejected: unknown[]
}

describe('MongoTokenStore on a server that is killed', function () {
  this.timeout(120_000)

  for (const mongoose of mongooseNames) {
    describe(mongoose, () => {
      let server: MongoServer
      let connection: OpenConnection

      beforeEach(async function () {
        server = await startMongo(this)
        // Answers when a write is in the journal on the disk.
        connection = await connect(mongoose, server.url, server.isRealMongo ? { journal: true } : {})
      })

      afterEach(async () => {
        await connection.close()
        await server.stop()
      })

      async function killAmidWrites(): Promise<Aftermath> {
        const store = new MongoTokenStore({ connection, timeout: 2000 })
        await store.init()
        const [before, after] = [new Map<string, WechatToken>(), new Map<string, WechatToken>()]
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
              ;(outage ? after : before).set(openid, token)
            } catch (error) {
              rejected.push(error)
              // Else all that are left would fail before it is up again.
              await outage
            }
            if (before.size >= writes / 4) outage ??= server.kill().then(() => server.restart())
          }
        }
        await Promise.all(Array.from({ length: writers }, write))
        await outage
        return { before, after, rejected }
      }

      it(`rejects each write that fails amid ${writes} of them, and works on`, async () => {
        const { before, after, rejected } = await killAmidWrites()
        expect(before.size + after.size + rejected.length).to.equal(writes)
        expect(rejected).to.not.be.empty
        for (const error of rejected) expect(error).to.be.an.instanceOf(TokenStoreError)
        expect(after.size).to.be.greaterThan(writes / 2)
        const patient = new MongoTokenStore({ connection, timeout: 30_000 })
        for (const [openid, token] of [...after].slice(-100)) expect(await patient.getToken(openid)).to.deep.equal(token)
      })

      it(`has each write that was acknowledged amid ${writes} of them`, async function () {
        onlyOnRealMongo(this, server, 'the stand-in forgets everything when it is killed')
        const { before, after } = await killAmidWrites()
        const patient = new MongoTokenStore({ connection, timeout: 30_000 })
        for (const [openid, token] of [...before, ...after]) expect(await patient.getToken(openid)).to.deep.equal(token)
      })
    })
  }
})
