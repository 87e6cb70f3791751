import { readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { root, run, runOrThrow } from '../helpers/run.js'
import { sharedMongo } from '../services/mongo.js'
import { project } from './packed.js'

const consumer = `
import mongoose from 'mongoose'
import { MongoTokenStore, tokenSchema } from '@wechat-auth/store-mongo'

const connection = await mongoose.createConnection(process.env.MONGO_URL!).asPromise()
const collection = process.env.COLLECTION!
const store: MongoTokenStore = new MongoTokenStore({ connection, collection })
new MongoTokenStore({ connection: mongoose.connection })
await store.init()
await store.saveToken('o', { openid: 'o', access_token: 'a', create_at: 1 })

const Token = connection.model('Token', tokenSchema, collection)
const document = await Token.findOne({ openid: 'o' }).lean()
const token: string | undefined = document?.access_token
await Token.deleteOne({ openid: 'o' })
console.log(mongoose.version.split('.')[0], tokenSchema instanceof mongoose.Schema, token, await store.getToken('o'))
await connection.close()
`

for (const mongoose of ['mongoose@8', 'mongoose@9']) {
  describe(`an application that installs the packed store-mongo with ${mongoose}`, function () {
    this.timeout(180_000)

    let folder: string
    before(async function () {
      folder = await project(this, ['wechat-oauth', 'store-mongo'], [mongoose])
      await writeFile(join(folder, 'consumer.mts'), consumer)
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({
        compilerOptions: { module: 'nodenext', target: 'es2022', strict: true, types: ['node'], typeRoots: [join(root, 'node_modules/@types')] },
        files: ['consumer.mts'],
      }))
    })

    it('gets no driver of another database', () => {
      const installed = readdirSync(join(folder, 'node_modules'))
      expect(installed).to.include.members(['mongoose', 'mongodb'])
      for (const driver of ['redis', '@redis', 'mysql2', 'libsql', 'better-sqlite3']) expect(installed).to.not.include(driver)
    })

    it('compiles', async () => {
      const { code, stdout } = await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--project', folder], { cwd: folder })
      expect(stdout).to.equal('')
      expect(code).to.equal(0)
    })

    it('keeps tokens, and has a model of its own', async function () {
      const { url } = await sharedMongo(this)
      const env = { MONGO_URL: url, COLLECTION: `dist_test_${mongoose.replace('@', '_')}` }
      expect(await runOrThrow(process.execPath, ['consumer.mjs'], { cwd: folder, env })).to.equal(`${mongoose.slice('mongoose@'.length)} true a null\n`)
    })
  })
}
