import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import {
  encryptedTokenStore,
  isTokenValid,
  StoreError,
  WechatDecryptError,
  WechatOAuth,
  type WechatToken,
} from '@wechat-auth/wechat-oauth'
import { MongoTokenStore } from '@wechat-auth/store-mongo'
import { load, type Mongoose } from '../../helpers/mongo.js'
import { rejection } from '../../helpers/rejection.js'
import { describeMongo, secrets, makeToken } from './setting.js'

describeMongo('Documents of the MongoTokenStore', (setting) => {
  let mongo: Mongoose['mongo']

  before(async () => {
    ;({ mongo } = await load(setting.mongoose))
  })

  it('hold the fields of the token and nothing else', async () => {
    const { store, raw } = await setting.freshStore()
    await store.saveToken('o', makeToken('o'))
    const [document] = await raw.find({}).toArray()
    expect(document).to.have.all.keys('_id', ...Object.keys(makeToken('o')))
    expect(document).to.deep.include(makeToken('o'))
  })

  it('come back as plain objects, at every depth', async () => {
    const { store } = await setting.freshStore()
    await store.saveToken('o', makeToken('o', { nested: { list: [{ deep: 1 }] } }))
    const read = (await store.getToken('o'))! as WechatToken & { nested: { list: object[] } }
    for (const value of [read, read.nested, read.nested.list[0]])
      expect(Object.getPrototypeOf(value)).to.equal(Object.prototype)
    expect(Object.keys(read)).to.have.members([
      'openid',
      'access_token',
      'refresh_token',
      'expires_in',
      'scope',
      'create_at',
      'nested',
    ])
  })

  it('have the key as their openid, whatever the token says', async () => {
    const { store, raw } = await setting.freshStore()
    await store.saveToken('o', makeToken('another'))
    expect(await raw.find({}).toArray()).to.have.length(1)
    expect((await store.getToken('o'))?.openid).to.equal('o')
    expect(await store.getToken('another')).to.equal(null)
  })

  describe('names of fields', () => {
    it('that mean something to MongoDB are stored as %2E, %24 and %25, at every depth', async () => {
      const { store, raw } = await setting.freshStore()
      const named = { 'a.b': 1, $set: 2, '100%': 3, '%2E': 4, '$.%': { 'a.b': [{ $gt: 5 }] } }
      await store.saveToken('o', makeToken('o', { ...named, nested: named }))
      const [document] = await raw.find({}).toArray()
      const stored = {
        'a%2Eb': 1,
        '%24set': 2,
        '100%25': 3,
        '%252E': 4,
        '%24%2E%25': { 'a%2Eb': [{ '%24gt': 5 }] },
      }
      expect(document).to.deep.include({ ...stored, nested: stored })
      expect(await store.getToken('o')).to.deep.equal(makeToken('o', { ...named, nested: named }))
    })

    it('with a special meaning in MongoDB, mongoose or the driver come back', async () => {
      const { store, raw } = await setting.freshStore()
      const named = {
        _id: 'of the application',
        __v: 7,
        _bsontype: 'ObjectId',
        'a\0b': 1,
        _idea: 2,
        __vv: 3,
        x_id: 4,
        '%5Fid': 5,
        constructor: 6,
        toJSON: 7,
        '': 8,
      }
      await store.saveToken('o', makeToken('o', { ...named, nested: named }))
      expect(await store.getToken('o')).to.deep.equal(makeToken('o', { ...named, nested: named }))
      const [document] = await raw.find({}).toArray()
      expect(document!._id).to.not.equal('of the application')
      await store.saveToken('o', makeToken('o', { ...named, _id: 'changed' }))
      expect(await store.getToken('o')).to.deep.equal(makeToken('o', { ...named, _id: 'changed' }))
    })

    it('that are not escapes are read unchanged', async () => {
      const { store, raw } = await setting.freshStore()
      await raw.insertOne({ ...makeToken('o'), '100%': 1, '%zz': 2, '%2e': 3 })
      expect(await store.getToken('o')).to.deep.equal(makeToken('o', { '100%': 1, '%zz': 2, '%2e': 3 }))
    })
  })

  describe('values', () => {
    it('of numbers come back as numbers, however MongoDB keeps them', async () => {
      const { store, raw } = await setting.freshStore()
      await raw.insertOne({
        ...makeToken('o'),
        create_at: mongo.Long.fromString('1763000000123'),
        expires_in: mongo.Decimal128.fromString('7200'),
        int: new mongo.Int32(5),
        double: new mongo.Double(1.5),
        huge: mongo.Long.fromString('9223372036854775807'),
        list: [{ price: mongo.Decimal128.fromString('12.34') }],
      })
      expect(await store.getToken('o')).to.deep.equal(
        makeToken('o', { int: 5, double: 1.5, huge: 2 ** 63, list: [{ price: 12.34 }] }),
      )
    })

    it('keep what JSON could not', async () => {
      const { store } = await setting.freshStore()
      const id = new mongo.ObjectId()
      const fields = {
        date: new Date(1_763_000_000_123),
        bytes: Buffer.from([0, 255]),
        user: id,
        infinite: Infinity,
        nan: NaN,
        minusZero: -0,
        null: null,
        sparse: [undefined, 1],
      }
      await store.saveToken('o', makeToken('o', fields))
      const read = (await store.getToken('o'))!
      expect(read).to.deep.include({
        date: fields.date,
        infinite: Infinity,
        nan: NaN,
        null: null,
        sparse: [null, 1],
      })
      expect(Object.is(read.minusZero, -0)).to.equal(true)
      expect([...(read.bytes as Buffer)]).to.deep.equal([0, 255])
      expect((read.user as typeof id).toHexString()).to.equal(id.toHexString())
    })

    it('of a class are kept as JSON would', async () => {
      const { store } = await setting.freshStore()
      await store.saveToken(
        'o',
        makeToken('o', {
          url: new URL('https://example.com/a'),
          map: new Map([['a', 1]]),
          nested: { toJSON: () => ({ 'a.b': 1 }) },
        }),
      )
      expect(await store.getToken('o')).to.deep.equal(
        makeToken('o', { url: 'https://example.com/a', map: {}, nested: { 'a.b': 1 } }),
      )
    })

    it("that only look like the driver's own stay what they are", async () => {
      const { store } = await setting.freshStore()
      const hostile = {
        id: { _bsontype: 'ObjectId', id: 'x'.repeat(12) },
        code: { _bsontype: 'Code', code: 'while (true) {}' },
        long: { _bsontype: 'Long', low: 1, high: 0 },
        reference: { $ref: 'users', $id: 1, $db: 'admin' },
        operator: { $where: 'sleep(1000)' },
        number: { $numberLong: '5' },
      }
      await store.saveToken('o', makeToken('o', hostile))
      expect(await store.getToken('o')).to.deep.equal(makeToken('o', hostile))
    })

    it('are copied before the first command', async () => {
      const { store } = await setting.freshStore()
      const date = new Date(0)
      const bytes = Buffer.from([1])
      const saving = store.saveToken('o', makeToken('o', { date, bytes }))
      date.setTime(1)
      bytes[0] = 2
      await saving
      const read = (await store.getToken('o'))!
      expect(read.date).to.deep.equal(new Date(0))
      expect([...(read.bytes as Buffer)]).to.deep.equal([1])
    })

    it('may be nested as deep as MongoDB allows, and no deeper', async () => {
      const { store } = await setting.freshStore()
      const nested = (levels: number): object => (levels === 0 ? { end: true } : { a: nested(levels - 1) })
      await store.saveToken('o', makeToken('o', { nested: nested(98) }))
      expect(await store.getToken('o')).to.deep.equal(makeToken('o', { nested: nested(98) }))
      await rejection(store.saveToken('o', makeToken('o', { nested: nested(99) })), TypeError)
    })
  })

  describe('that are not tokens', () => {
    const broken: Record<string, object> = {
      'a list of openids': { openid: ['o', 'another'] },
      'an access_token that is not a string': { access_token: { a: 1 } },
      'a refresh_token that is not a string': { refresh_token: 5 },
      'a create_at that is not a number': { create_at: 'yesterday' },
      'an expires_in that is not a number': { expires_in: [7200] },
    }
    for (const [what, fields] of Object.entries(broken)) {
      it(`reject with a StoreError and without their values: ${what}`, async () => {
        const { store, raw } = await setting.freshStore()
        await raw.insertOne({ ...makeToken('o'), ...fields })
        const error = await rejection(store.getToken('o'), StoreError)
        expect(error.message).to.equal('The store holds something that is not a record')
        await store.saveToken('o', makeToken('o'))
        expect(await store.getToken('o')).to.deep.equal(makeToken('o'))
      })
    }

    it('reject if a name would become __proto__', async () => {
      const { store, raw } = await setting.freshStore()
      await raw.insertOne({ ...makeToken('o'), nested: JSON.parse('{"__proto__":{"admin":true}}') as object })
      await rejection(store.getToken('o'), StoreError)
    })
  })

  describe('of the README of wechat-oauth', () => {
    const openid = 'oOldUser'
    const appId = 'wx1234567890abcdef'
    const old = (createAt: number): object => ({
      openid,
      ...secrets,
      expires_in: 7200,
      scope: 'snsapi_userinfo',
      create_at: String(createAt),
      __v: 0,
    })

    it('are read with the types of a token', async () => {
      const { store, raw } = await setting.freshStore()
      await raw.insertOne(old(1_463_000_000_123))
      expect(await store.getToken(openid)).to.deep.equal({
        openid,
        ...secrets,
        expires_in: 7200,
        scope: 'snsapi_userinfo',
        create_at: 1_463_000_000_123,
      })
    })

    it('are read if expires_in is text too', async () => {
      const { store, raw } = await setting.freshStore()
      await raw.insertOne({ ...old(1_463_000_000_123), expires_in: '7200' })
      expect((await store.getToken(openid))?.expires_in).to.equal(7200)
    })

    it('expire when they should', async () => {
      const { store, raw } = await setting.freshStore()
      await raw.insertOne(old(Date.now() - 7_100_000))
      expect(isTokenValid(await store.getToken(openid))).to.equal(7_100_000 + 60_000 < 7_200_000)
      await raw.updateOne({ openid }, { $set: { create_at: String(Date.now() - 7_300_000) } }, {})
      expect(isTokenValid(await store.getToken(openid))).to.equal(false)
    })

    it('are overwritten in place', async () => {
      const { store, raw } = await setting.freshStore()
      await raw.insertOne(old(1_463_000_000_123))
      const [before] = await raw.find({}).toArray()
      await store.saveToken(openid, makeToken(openid))
      const documents = await raw.find({}).toArray()
      expect(documents).to.have.length(1)
      expect(String(documents[0]!._id)).to.equal(String(before!._id))
      expect(documents[0]).to.not.have.property('__v')
      expect(documents[0]!.create_at).to.equal(1_763_000_000_123)
    })

    it('are refreshed by the client, as they have expired years ago', async () => {
      const { store, raw } = await setting.freshStore()
      await raw.insertOne(old(1_463_000_000_123))
      const asked: string[] = []
      const oauth = new WechatOAuth({
        appId,
        appSecret: 'x'.repeat(32),
        tokenStore: store,
        fetch: async (input) => {
          const { pathname } = new URL(input instanceof Request ? input.url : input)
          asked.push(pathname)
          return Response.json(
            pathname === '/sns/oauth2/refresh_token'
              ? {
                  openid,
                  access_token: 'new',
                  refresh_token: 'new',
                  expires_in: 7200,
                  scope: 'snsapi_userinfo',
                }
              : { openid, nickname: 'Alice' },
          )
        },
      })
      expect((await oauth.getUser(openid)).nickname).to.equal('Alice')
      expect(asked).to.deep.equal(['/sns/oauth2/refresh_token', '/sns/userinfo'])
      expect((await raw.find({}).toArray())[0]).to.include({ access_token: 'new', openid })
    })

    it('deletes every document of an openid if the unique index is missing', async () => {
      const name = setting.name()
      const store = new MongoTokenStore({ connection: setting.connection, collection: name })
      for (const createAt of [1, 2, 3]) await setting.raw(name).insertOne(old(createAt))
      await store.deleteToken(openid)
      expect(await store.getToken(openid)).to.equal(null)
    })
  })

  describe('whose create_at is not a number', () => {
    const forms: Record<string, (time: number) => unknown> = {
      'a date': (time) => new Date(time),
      'ISO 8601 text': (time) => new Date(time).toISOString(),
    }
    for (const [what, form] of Object.entries(forms)) {
      it(`are read if it is ${what}`, async () => {
        const { store, raw } = await setting.freshStore()
        await raw.insertOne({ ...makeToken('o'), create_at: form(1_763_000_000_123) })
        expect(await store.getToken('o')).to.deep.equal(makeToken('o', { create_at: 1_763_000_000_123 }))
      })

      it(`are replaced by a login if it is ${what}`, async () => {
        const { store, raw } = await setting.freshStore()
        await raw.insertOne({ ...makeToken('o'), create_at: form(1_763_000_000_123) })
        const reply = { ...makeToken('o'), access_token: 'new', refresh_token: 'new' }
        const oauth = new WechatOAuth({
          appId: 'wx1234567890abcdef',
          appSecret: 'x'.repeat(32),
          tokenStore: store,
          fetch: () => Promise.resolve(Response.json(reply)),
        })
        const { create_at } = await oauth.getAccessToken('code')
        const [document] = await raw.find({}).toArray()
        expect(document).to.deep.include({ ...reply, create_at })
      })
    }
  })

  it('hold no secret in clear text if the store is encrypted, and open for nobody else', async () => {
    const { store, raw } = await setting.freshStore()
    const encrypted = encryptedTokenStore(store, { keys: [{ id: 'k1', key: randomBytes(32) }] })
    const token = makeToken('o', { session_key: 'SECRET-session-key', 'a.b': { $c: 1 } })
    await encrypted.saveToken('o', token)
    expect(await encrypted.getToken('o')).to.deep.equal(token)
    expect(JSON.stringify(await raw.find({}).toArray())).to.not.include('SECRET')
    await store.saveToken('another', (await store.getToken('o'))!)
    await rejection(encrypted.getToken('another'), WechatDecryptError)
  })
})
