import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { encryptedTokenStore, StoreError, type WechatToken } from '@wechat-auth/wechat-oauth'
import { RedisTokenStore } from '@wechat-auth/store-redis'
import { rejection } from '../../helpers/rejection.js'
import { commandsDuring, connect, driverNames, drivers, type RedisClient } from '../../helpers/redis.js'
import { startRedis, startRedisCluster, type RedisCluster } from '../../services/redis.js'
import type { Server } from '../../services/server.js'

const secrets = { access_token: 'SECRET-access-token', refresh_token: 'SECRET-refresh-token' }

function makeToken(openid: string, fields: Partial<WechatToken> = {}): WechatToken {
  return {
    openid,
    ...secrets,
    expires_in: 7200,
    scope: 'snsapi_userinfo',
    create_at: 1_763_000_000_123,
    ...fields,
  }
}

describe('RedisTokenStore on a server', () => {
  let redis: Server
  const endings: (() => unknown)[] = []

  before(async function () {
    redis = await startRedis(this)
    endings.push(() => redis.stop())
  })

  after(async () => {
    for (const end of endings.reverse()) await end()
  })

  for (const driver of driverNames) {
    describe(driver, () => {
      const prefix = `${driver.replace(' ', '-')}:`
      let client: RedisClient
      let store: RedisTokenStore

      before(async () => {
        client = await open()
        store = new RedisTokenStore({ client, prefix })
      })

      async function open(options: Parameters<typeof connect>[1] = {}): Promise<RedisClient> {
        const connection = await connect({ driver, urls: [redis.url] }, options)
        endings.push(() => connection.isOpen && connection.destroy())
        return connection
      }

      it('sends one command for each operation', async () => {
        expect(await commandsDuring(client, () => store.saveToken('o1', makeToken('o1')))).to.deep.equal({
          set: 1,
        })
        expect(await commandsDuring(client, () => store.getToken('o1'))).to.deep.equal({ get: 1 })
        expect(await commandsDuring(client, () => store.deleteToken('o1'))).to.deep.equal({ del: 1 })
      })

      it('writes JSON under the prefix and the key as given', async () => {
        const token = makeToken('oA b:{c}*')
        await store.saveToken(token.openid, token)
        expect(JSON.parse(String(await client.get(`${prefix}oA b:{c}*`)))).to.deep.equal(token)
      })

      it('needs no prefix', async () => {
        const bare = new RedisTokenStore({ client, prefix: '' })
        const token = makeToken(`bare ${driver}`)
        await bare.saveToken(token.openid, token)
        expect(JSON.parse(String(await client.get(token.openid)))).to.deep.equal(token)
      })

      it('uses the prefix wechat:token: unless told otherwise', async () => {
        await new RedisTokenStore({ client }).saveToken(`o ${driver}`, makeToken(`o ${driver}`))
        expect(await client.get(`wechat:token:o ${driver}`)).to.be.a('string')
      })

      it('separates applications with different prefixes', async () => {
        const [first, second] = ['wx1:', 'wx2:'].map(
          (app) => new RedisTokenStore({ client, prefix: prefix + app }),
        )
        await first!.saveToken('oSame', makeToken('oSame', { access_token: 'first' }))
        await second!.saveToken('oSame', makeToken('oSame', { access_token: 'second' }))
        expect((await first!.getToken('oSame'))?.access_token).to.equal('first')
      })

      describe('lifetime', () => {
        const day = 24 * 3600
        const withoutRefreshToken: WechatToken = {
          openid: 'o',
          session_key: 'HyVFkGl5F5OQWJZZaNzBBg==',
          create_at: 1_763_000_000_123,
        }
        const credential = (key: string, expiresIn: number): WechatToken => ({
          openid: key,
          access_token: 'x',
          expires_in: expiresIn,
          create_at: 1,
        })
        const never = -1
        const cases: { what: string; key: string; token: WechatToken; ttl?: number; expected: number }[] = [
          {
            what: 'a record with a refresh_token for 30 days',
            key: 'o',
            token: makeToken('o'),
            expected: 30 * day,
          },
          { what: 'a record without one for ever', key: 'o', token: withoutRefreshToken, expected: never },
          {
            what: 'a client credential for its expires_in',
            key: 'client:wx1',
            token: credential('client:wx1', 7200),
            expected: 7200,
          },
          {
            what: 'a ticket for its expires_in',
            key: 'ticket:jsapi:wx1',
            token: credential('ticket:jsapi:wx1', 1800),
            expected: 1800,
          },
          {
            what: 'a record with a refresh_token for ttl',
            key: 'o',
            token: makeToken('o'),
            ttl: 90 * day,
            expected: 90 * day,
          },
          {
            what: 'a record without one for ttl',
            key: 'o',
            token: withoutRefreshToken,
            ttl: 90 * day,
            expected: 90 * day,
          },
          {
            what: 'a client credential for its expires_in, whatever ttl',
            key: 'client:wx1',
            token: credential('client:wx1', 7200),
            ttl: 90 * day,
            expected: 7200,
          },
          {
            what: 'every record of a user for ever where ttl is Infinity',
            key: 'o',
            token: makeToken('o'),
            ttl: Infinity,
            expected: never,
          },
          {
            what: 'whole seconds',
            key: 'ticket:jsapi:wx1',
            token: credential('ticket:jsapi:wx1', 1800.9),
            expected: 1800,
          },
          {
            what: 'a second at least (0)',
            key: 'client:wx1',
            token: credential('client:wx1', 0),
            expected: 1,
          },
          {
            what: 'a second at least (-5)',
            key: 'client:wx1',
            token: credential('client:wx1', -5),
            expected: 1,
          },
          { what: 'a second at least (0.2)', key: 'o', token: makeToken('o'), ttl: 0.2, expected: 1 },
          {
            what: 'no longer than Redis can count',
            key: 'client:wx1',
            token: credential('client:wx1', 1e21),
            expected: 2 ** 31 - 1,
          },
        ]
        for (const { what, key, token, ttl, expected } of cases) {
          it(`keeps ${what}, by the command that writes it`, async () => {
            const timed = new RedisTokenStore({ client, prefix, ...(ttl !== undefined && { ttl }) })
            expect(await commandsDuring(client, () => timed.saveToken(key, token))).to.deep.equal({ set: 1 })
            const left = Number(await client.ttl(prefix + key))
            expect(left).to.be.within(expected < 2 ? expected : expected - 5, expected)
          })
        }

        it('is that of the record that was saved last', async () => {
          await store.saveToken('oChanging', makeToken('oChanging'))
          await store.saveToken('oChanging', withoutRefreshToken)
          expect(await client.ttl(`${prefix}oChanging`)).to.equal(never)
        })
      })

      it('keeps encrypted records as long as others, and nothing of their tokens in clear text', async () => {
        const encrypted = encryptedTokenStore(store, { keys: [{ id: 'k1', key: randomBytes(32) }] })
        await encrypted.saveToken('oEncrypted', makeToken('oEncrypted'))
        expect(await encrypted.getToken('oEncrypted')).to.deep.equal(makeToken('oEncrypted'))
        const raw = String(await client.get(`${prefix}oEncrypted`))
        for (const secret of Object.values(secrets)) expect(raw).not.to.include(secret)
        expect(await client.ttl(`${prefix}oEncrypted`)).to.be.within(30 * 24 * 3600 - 5, 30 * 24 * 3600)
      })

      describe("settings of the caller's client", () => {
        it('do not change what is read, if replies are buffers', async () => {
          const { RESP_TYPES } = drivers[driver]
          for (const resp of [2, 3] as const) {
            const buffers = await open({
              RESP: resp,
              commandOptions: {
                typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.SIMPLE_STRING]: Buffer },
              },
            })
            const onBuffers = new RedisTokenStore({ client: buffers, prefix })
            const token = makeToken('o爱丽丝🐼', { nickname: '爱丽丝🐼' })
            await onBuffers.saveToken(token.openid, token)
            expect(await buffers.get(prefix + token.openid)).to.be.an.instanceOf(Buffer)
            expect(await onBuffers.getToken(token.openid)).to.deep.equal(token)
            expect(await onBuffers.getToken('oUnknown')).to.equal(null)
            expect(await onBuffers.withLock(`buffers ${resp}`, async () => 'ran')).to.equal('ran')
          }
        })

        it('do not let its own cache answer', async () => {
          const caching = await open({
            RESP: 3,
            clientSideCache: { ttl: 0, maxEntries: 0, evictPolicy: 'LRU' },
          })
          const cached = new RedisTokenStore({ client: caching, prefix })
          await store.saveToken('oCached', makeToken('oCached'))
          expect(
            await commandsDuring(client, async () => {
              await cached.getToken('oCached')
              await cached.getToken('oCached')
            }),
          ).to.deep.equal({ get: 2 })
        })
      })

      it('does not close the client or add a listener', async () => {
        const listeners = (): number[] => client.eventNames().map((name) => client.listenerCount(name))
        const before = listeners()
        await store.withLock('listeners', () => store.saveToken('o', makeToken('o')))
        expect(listeners()).to.deep.equal(before)
        expect(client.isOpen).to.equal(true)
      })

      it('takes keys literally', async () => {
        const other = makeToken('oOther')
        await store.saveToken('oOther', other)
        for (const key of [
          '*',
          'o*',
          'oOther\r\nDEL x',
          '\r\n*1\r\n$8\r\nFLUSHALL\r\n',
          'oOther\0',
          "']); redis.call('FLUSHALL')--",
          '{oOther}',
          '"oOther"',
        ]) {
          expect(await store.getToken(key)).to.equal(null)
          await store.saveToken(key, makeToken(key))
          expect(await store.getToken(key)).to.deep.equal(makeToken(key))
          await store.withLock(key, async () => undefined)
          await store.deleteToken(key)
          expect(await store.getToken('oOther')).to.deep.equal(other)
        }
      })

      it('takes values literally', async () => {
        for (const value of ['\r\n*1\r\n$8\r\nFLUSHALL\r\n', 'x EX 1', "' .. redis.call('FLUSHALL') .. '"]) {
          const token = makeToken('oValues', { access_token: value, [value]: value })
          await store.saveToken('oValues', token)
          expect(await store.getToken('oValues')).to.deep.equal(token)
        }
      })

      it('removes the lock when the task has ended', async () => {
        await store.withLock(
          'refresh:o1',
          async () => {
            expect(await client.ttl(`${prefix}lock:refresh:o1`)).to.be.within(1, 20)
          },
          { ttl: 20_000 },
        )
        expect(await client.get(`${prefix}lock:refresh:o1`)).to.equal(null)
      })

      it('accepts a fractional lifetime of a lock', async () => {
        expect(await store.withLock('fraction', async () => 'ran', { ttl: 999.5 })).to.equal('ran')
      })

      describe('rejects with the error code and without values', () => {
        function expectNoValues(error: StoreError): void {
          const shown = [
            error.message,
            String(error.stack),
            JSON.stringify(error),
            JSON.stringify(error.driver),
          ].join()
          for (const secret of [...Object.values(secrets), 'oFailing', prefix])
            expect(shown).not.to.include(secret)
          expect(error.cause).to.equal(undefined)
          expect(error.code).to.equal('ERR_WECHAT_STORE')
        }

        it('where the key holds something of another type', async () => {
          await client.sendCommand(['LPUSH', `${prefix}oFailing`, secrets.access_token])
          const error = await rejection(store.getToken('oFailing'), StoreError)
          expectNoValues(error)
          expect(error.reason).to.equal('record')
          await store.saveToken('oFailing', makeToken('oFailing'))
          expect(await store.getToken('oFailing')).to.deep.equal(makeToken('oFailing'))
        })

        for (const [what, text] of Object.entries({
          'no JSON': `{"access_token":"${secrets.access_token}`,
          'a list': '[1]',
          null: 'null',
          'a number': '1',
          nothing: '',
        })) {
          it(`where the key holds ${what}`, async () => {
            await client.set(`${prefix}oFailing`, text)
            const error = await rejection(store.getToken('oFailing'), StoreError)
            expectNoValues(error)
            expect(error.reason).to.equal('record')
          })
        }

        it('where the memory is full', async () => {
          await client.sendCommand(['CONFIG', 'SET', 'maxmemory', '1'])
          try {
            expectNoValues(await rejection(store.saveToken('oFailing', makeToken('oFailing')), StoreError))
          } finally {
            await client.sendCommand(['CONFIG', 'SET', 'maxmemory', '0'])
          }
        })

        it('where the record cannot be written as JSON', async () => {
          const circular: Record<string, unknown> = { secret: secrets.access_token }
          circular.itself = circular
          expectNoValues(
            await rejection(store.saveToken('oFailing', makeToken('oFailing', { circular })), StoreError),
          )
          expectNoValues(
            await rejection(store.saveToken('oFailing', makeToken('oFailing', { big: 1n })), StoreError),
          )
        })

        it('where the client was closed', async () => {
          const closed = await open()
          closed.destroy()
          const onClosed = new RedisTokenStore({ client: closed, prefix })
          const error = await rejection(onClosed.getToken('oFailing'), StoreError)
          expectNoValues(error)
          expect(error.reason).to.equal(undefined)
        })
      })

      it('needs no more permissions than its README says', async () => {
        await client.sendCommand([
          'ACL',
          'SETUSER',
          'tokens',
          'reset',
          'on',
          '>password',
          `~${prefix}*`,
          '+get',
          '+set',
          '+del',
          '+eval',
        ])
        const url = new URL(redis.url)
        url.username = 'tokens'
        url.password = 'password'
        const limited = await open({ url: url.href })
        const permitted = new RedisTokenStore({ client: limited, prefix })
        await permitted.withLock('acl', () => permitted.saveToken('oAcl', makeToken('oAcl')))
        expect(await client.get(`${prefix}lock:acl`)).to.equal(null)
        expect(await permitted.getToken('oAcl')).to.deep.equal(makeToken('oAcl'))
        await permitted.deleteToken('oAcl')
        await rejection(
          new RedisTokenStore({ client: limited, prefix: 'elsewhere:' }).getToken('oAcl'),
          StoreError,
        )
      })
    })
  }
})

describe('RedisTokenStore on a cluster', () => {
  let cluster: RedisCluster
  let stop = async (): Promise<void> => undefined

  before(async function () {
    cluster = await startRedisCluster(this)
    stop = () => cluster.stop()
  })

  after(() => stop())

  for (const driver of driverNames) {
    it(`spreads records and locks over the nodes, also with braces in openids (${driver})`, async () => {
      const client = await connect({ driver, urls: cluster.nodes.map(({ url }) => url) })
      try {
        const store = new RedisTokenStore({ client, prefix: `${driver}:` })
        const openids = Array.from({ length: 30 }, (_, index) => `o{${index}}`)
        await Promise.all(
          openids.map((openid) => store.withLock(openid, () => store.saveToken(openid, makeToken(openid)))),
        )
        const sizes = await Promise.all(
          cluster.nodes.map(async ({ url }) => {
            const node = await connect({ driver, urls: [url] })
            try {
              return Number(await node.sendCommand(['DBSIZE']))
            } finally {
              node.destroy()
            }
          }),
        )
        expect(Math.min(...sizes)).to.be.greaterThan(0)
        for (const openid of openids) expect(await store.getToken(openid)).to.deep.equal(makeToken(openid))
        for (const openid of openids) await store.deleteToken(openid)
        for (const openid of openids) expect(await store.getToken(openid)).to.equal(null)
      } finally {
        client.destroy()
      }
    })
  }
})
