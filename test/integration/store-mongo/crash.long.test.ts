import { expect } from 'chai'
import { MongoTokenStore } from '@wechat-auth/store-mongo'
import {
  expectEachToBeAnswered,
  killAmidWrites,
  writes,
  type Aftermath,
} from '../../helpers/kill-amid-writes.js'
import { connect, mongooseNames, type OpenConnection } from '../../helpers/mongo.js'
import { startMongo, type MongoServer } from '../../services/mongo.js'
import { onlyOnRealMongo, makeToken } from './setting.js'
import { isNewest, variants } from '../../helpers/long.js'

describe('MongoTokenStore on a server that is killed', function () {
  this.timeout(120_000)

  for (const mongoose of variants(mongooseNames, isNewest)) {
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

      async function kill(): Promise<Aftermath> {
        const store = new MongoTokenStore({ connection, timeout: 2000 })
        await store.init()
        return killAmidWrites(server, store, { makeToken, waitAfterFailure: true })
      }

      it(`rejects each write that fails amid ${writes} of them, and works on`, async () => {
        const aftermath = await kill()
        const { after } = aftermath
        expectEachToBeAnswered(aftermath)
        expect(after.size).to.be.greaterThan(writes / 20)
        const patient = new MongoTokenStore({ connection, timeout: 30_000 })
        for (const [openid, token] of [...after].slice(-100))
          expect(await patient.getToken(openid)).to.deep.equal(token)
      })

      it(`has each write that was acknowledged amid ${writes} of them`, async function () {
        onlyOnRealMongo(this, server, 'the stand-in loses all data when it is killed')
        const { before, after } = await kill()
        const patient = new MongoTokenStore({ connection, timeout: 30_000 })
        for (const [openid, token] of [...before, ...after])
          expect(await patient.getToken(openid)).to.deep.equal(token)
      })
    })
  }
})
