import { expect } from 'chai'
import mongoose from 'mongoose'
import { MongoTokenStore, tokenSchema } from '@wechat-auth/store-mongo'
import { rejection } from '../../helpers/rejection.js'
import { sharedMongo } from '../../services/mongo.js'
import { makeToken } from './setting.js'

describe('tokenSchema', () => {
  const collection = 'token_schema_test'
  let connection: mongoose.Connection
  let store: MongoTokenStore

  before(async function () {
    const { url } = await sharedMongo(this)
    connection = await mongoose.createConnection(url).asPromise()
    store = new MongoTokenStore({ connection, collection })
    await store.init()
  })

  afterEach(async () => {
    await connection.db!.collection(collection).deleteMany({})
    connection.deleteModel(/.*/)
  })

  after(() => connection.close())

  it('reads what the store writes', async () => {
    await store.saveToken('o', makeToken('o', { 'a.b': { c: 1 }, empty: {} }))
    const model = connection.model('Token', tokenSchema, collection)
    expect(await model.findOne({ openid: 'o' }).lean()).to.deep.include({
      ...makeToken('o'),
      'a%2Eb': { c: 1 },
      empty: {},
    })
    expect(await model.countDocuments({ create_at: { $lt: Date.now() } })).to.equal(1)
  })

  it('writes what the store reads', async () => {
    const model = connection.model('Token', tokenSchema, collection)
    await model.create(makeToken('o', { note: 'of the application', empty: {} }))
    expect(await store.getToken('o')).to.deep.equal(makeToken('o', { note: 'of the application', empty: {} }))
  })

  it('refuses a document without an openid', async () => {
    const model = connection.model('Token', tokenSchema, collection)
    const error = await rejection(new model({ access_token: 'x' }).validate(), mongoose.Error.ValidationError)
    expect(error.errors).to.have.property('openid')
  })

  it('declares the index that init() builds, and does not build it', async () => {
    expect(tokenSchema.indexes()).to.deep.equal([[{ openid: 1 }, { unique: true }]])
    expect([tokenSchema.get('autoIndex'), tokenSchema.get('autoCreate')]).to.deep.equal([false, false])
    await connection.model('Token', tokenSchema, collection).createIndexes()
    await store.init()
  })

  it('makes a model beside the store, whatever its name', async () => {
    connection.model('tokens', tokenSchema)
    await new MongoTokenStore({ connection, collection }).saveToken('o', makeToken('o'))
    expect(await store.getToken('o')).to.deep.equal(makeToken('o'))
  })
})
