import { expect } from 'chai'
import mongoose from 'mongoose'
import type { TokenStore } from '@wechat-auth/wechat-oauth'
import * as storeMongo from '@wechat-auth/store-mongo'
import { startMongo, type MongoServer } from '../../services/mongo.js'
import { blockOf, chinese, english, readmeOf, tableOf } from './markdown.js'
import { expectRecipeToEncrypt, listingOf } from './reencrypting.js'
import { runPart } from './running.js'
import { Source } from './sources.js'
import { expectOptions, keepToken } from './stores.js'

describe('the README of store-mongo', function () {
  this.timeout(30_000)

  const readme = readmeOf('packages/store-mongo', english)
  let mongo: MongoServer
  let connection: mongoose.Connection
  const endings: (() => unknown)[] = []

  before(async function () {
    mongo = await startMongo(this)
    endings.push(() => mongo.stop())
    connection = await mongoose.createConnection(mongo.url).asPromise()
    endings.push(() => connection.close())
  })

  after(async () => {
    for (const end of endings.reverse()) await end()
  })

  it('has a snippet that runs unchanged and keeps a token in MongoDB', async () => {
    const openid = await keepToken(
      readme,
      `
      console.log(openid)
      await mongoose.disconnect()`,
      { MONGO_URL: mongo.url },
    )
    const document = await connection.collection('tokens').findOne({ openid })
    expect(document?.access_token).to.be.a('string')
  })

  it('counts with a model of the application, and deletes whom WeChat has forgotten', async () => {
    const month = 30 * 24 * 3600 * 1000
    const store = new storeMongo.MongoTokenStore({ connection })
    await store.saveToken('oOld', {
      openid: 'oOld',
      refresh_token: 'r',
      create_at: Date.now() - month - 1000,
    })
    await store.saveToken('oMiniProgram', {
      openid: 'oMiniProgram',
      session_key: 's',
      create_at: Date.now() - month - 1000,
    })
    await store.saveToken('oNew', {
      openid: 'oNew',
      refresh_token: 'r',
      create_at: Date.now() - month + 60_000,
    })
    const scope = {
      mongoose: { connection, model: connection.model.bind(connection) },
      tokenSchema: storeMongo.tokenSchema,
    }
    const { stale } = await runPart(blockOf(readme, /^A model of your own$/), scope, ['stale'])
    expect(stale).to.equal(2)
    await runPart(blockOf(readme, /^Expiry$/), scope)
    expect(
      await Promise.all(
        ['oOld', 'oMiniProgram', 'oNew'].map(async (openid) => (await store.getToken(openid)) !== null),
      ),
    ).to.deep.equal([false, true, true])
  })

  it('lists keys in the form that the recipe for encrypting existing records needs', async () => {
    await connection.collection('tokens').deleteMany({})
    await expectRecipeToEncrypt(new storeMongo.MongoTokenStore({ connection }), async () => {
      const { found } = await runPart(
        `const found = await ${listingOf('MongoDB')[0]!}.toArray()`,
        { connection },
        ['found'],
      )
      return (found as { openid: unknown }[]).map(({ openid }) => openid)
    })
  })

  it('gives each app its own store', async () => {
    const { shop, blog } = (await runPart(
      blockOf(readme, /^Several applications$/),
      { connection, ...storeMongo },
      ['shop', 'blog'],
    )) as Record<string, TokenStore>
    await shop!.saveToken('o', { openid: 'o', create_at: 1 })
    expect(await blog!.getToken('o')).to.equal(null)
  })

  for (const file of [english, chinese]) {
    it(`names the options and their defaults: ${file}`, () => {
      expectOptions(tableOf(readmeOf('packages/store-mongo', file), /^(?:Options|选项)$/), {
        store: 'MongoTokenStore',
        path: 'store-mongo/src/mongo-token-store.ts',
        parameter: "{ connection, collection = 'tokens', timeout = 5000 }",
      })
    })

    it(`names the indexes that init() builds: ${file}`, () => {
      const built = blockOf(readmeOf('packages/store-mongo', file), /^(?:Permissions|权限)$/, 1)
      expect(built).to.contain('createIndex({ openid: 1 }, { unique: true })')
      expect(built).to.contain('createIndex({ expires_at: 1 }, { expireAfterSeconds: 3600 })')
      expect(new Source('store-mongo/src/mongo-token-store.ts').text).to.contain('const abandonedFor = 3600')
    })
  }
})
