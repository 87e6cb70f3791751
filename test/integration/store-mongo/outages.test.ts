import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { StoreError } from '@wechat-auth/wechat-oauth'
import { MongoTokenStore } from '@wechat-auth/store-mongo'
import { connect, load, mongooseNames, type OpenConnection } from '../../helpers/mongo.js'
import { rejection } from '../../helpers/rejection.js'
import { startMongo, type MongoServer } from '../../services/mongo.js'
import { makeToken } from './setting.js'
import { WireTap } from './wire-tap.js'
import { inTime } from '../../helpers/pace.js'
import { isNewest, variants } from '../../helpers/long.js'

const timeout = 1000
/** Extra time for a busy machine. */
const collection = 'outages'

describe('MongoTokenStore on a server that fails', function () {
  this.timeout(60_000)
  let server: MongoServer

  before(async function () {
    server = await startMongo(this)
  })

  after(() => server.stop())

  for (const mongoose of variants(mongooseNames, isNewest)) {
    describe(mongoose, () => {
      const openids = Array.from({ length: 20 }, (_, index) => `o${index} ${mongoose}`)
      let connection: OpenConnection
      let store: MongoTokenStore

      beforeEach(async () => {
        connection = await connect(mongoose, server.url)
        store = new MongoTokenStore({ connection, collection, timeout })
        await store.init()
      })

      afterEach(() => connection.close())

      async function untilItWorks(): Promise<void> {
        const deadline = performance.now() + 10_000
        for (;;) {
          try {
            await store.saveToken(`probe ${mongoose}`, makeToken('probe'))
            return
          } catch (error) {
            if (performance.now() > deadline) throw error
            await sleep(50)
          }
        }
      }

      it('rejects while it is down, works again afterwards, and runs nothing that it rejected', async () => {
        await Promise.all(openids.map((openid) => store.saveToken(openid, makeToken(openid))))
        await server.kill()
        // From here on the driver knows, and commands wait for a server.
        await Promise.all(openids.map((openid) => rejection(store.getToken(openid), StoreError)))
        await Promise.all(
          openids.map(async (openid, index) => {
            const started = performance.now()
            await rejection(
              index % 2 === 0
                ? store.saveToken(openid, makeToken(openid, { note: 'while it was down' }))
                : store.deleteToken(openid),
              StoreError,
            )
            await rejection(store.getToken(openid), StoreError)
            await rejection(
              store.withLock(`refresh:${openid}`, () => expect.fail('the task must not run'), { wait: 100 }),
              StoreError,
            )
            expect(performance.now() - started).to.be.lessThan(inTime(3 * timeout))
          }),
        )
        await server.restart()
        await untilItWorks()
        // The driver looks for a server for much longer: had it kept what was given up, it would have sent it by now.
        for (const openid of openids) {
          // The stand-in has forgotten everything.
          expect(await store.getToken(openid)).to.deep.equal(server.isRealMongo ? makeToken(openid) : null)
          expect(
            await store.withLock(`refresh:${openid}`, () => Promise.resolve('free'), { wait: 0 }),
          ).to.equal('free')
        }
      })

      it('rejects within its timeout when no answer comes', async () => {
        await freeze()
        try {
          const calls = {
            read: () => store.getToken('o'),
            save: () => store.saveToken('o', makeToken('o')),
            delete: () => store.deleteToken('o'),
            'build its indexes': () => store.init(),
          }
          for (const [what, call] of Object.entries(calls)) {
            const started = performance.now()
            const error = await rejection(call(), StoreError)
            expect(performance.now() - started).to.be.within(timeout - 20, inTime(timeout))
            expect(error.message).to.equal(`The store failed to ${what} within ${timeout} ms`)
          }
        } finally {
          await server.thaw()
        }
        await untilItWorks()
      })

      it('does not let a write that timed out overwrite a later one from another connection', async () => {
        const tap = await WireTap.open(server.url)
        const tapped = await connect(mongoose, tap.url)
        try {
          const slow = new MongoTokenStore({ connection: tapped, collection, timeout })
          for (const [command, giveUp] of [
            ['update', () => slow.saveToken('o', makeToken('o', { note: 'given up' }))],
            ['delete', () => slow.deleteToken('o')],
          ] as const) {
            const { caught, release } = tap.hold(command)
            const givenUp = rejection(giveUp(), StoreError)
            await caught
            await givenUp
            const later = slow.saveToken('o', makeToken('o', { note: 'later' }))
            await slow.saveToken('another', makeToken('another'))
            release()
            await later
            expect((await slow.getToken('o'))?.note).to.equal('later')
          }
        } finally {
          await tapped.close()
          await tap.close()
        }
      })

      /** Resolves when the server really answers nothing any more. */
      async function freeze(): Promise<void> {
        const hasty = new MongoTokenStore({ connection, collection, timeout: 100 })
        await server.freeze()
        while (
          await hasty.getToken('o').then(
            () => true,
            () => false,
          )
        );
      }

      it('rejects when all connections are in use, and does not run the statement later', async () => {
        const narrow = await connect(mongoose, server.url, { maxPoolSize: 1 })
        try {
          const waiting = new MongoTokenStore({ connection: narrow, collection, timeout })
          await waiting.saveToken('o', makeToken('o'))
          await freeze()
          // This one has the connection.
          const first = rejection(waiting.getToken('o'), StoreError)
          const others = openids.map((openid) =>
            rejection(waiting.saveToken(openid, makeToken(openid, { note: 'too late' })), StoreError),
          )
          await Promise.all([first, ...others])
          await server.thaw()
          await untilItWorks()
          await waiting.saveToken('o', makeToken('o'))
          for (const openid of openids) expect((await store.getToken(openid))?.note).to.not.equal('too late')
        } finally {
          await server.thaw()
          await narrow.close()
        }
      })

      it('returns the result of a task even if its lock cannot be released', async () => {
        const result = await store.withLock('refresh:o', async () => {
          await server.kill()
          return 'of the task'
        })
        expect(result).to.equal('of the task')
        await server.restart()
        await untilItWorks()
      })

      it('does not run a command later that it rejected before the connection opened', async () => {
        await server.kill()
        const late = (await load(mongoose)).createConnection(server.url)
        const early = new MongoTokenStore({ connection: late, collection, timeout: 200 })
        await rejection(early.saveToken('oEarly', makeToken('oEarly')), StoreError)
        await server.restart()
        await late.asPromise()
        try {
          await early.saveToken('o', makeToken('o'))
          expect(await early.getToken('oEarly')).to.equal(null)
        } finally {
          await late.close()
        }
        await untilItWorks()
      })
    })
  }
})
