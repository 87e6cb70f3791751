import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Context } from 'mocha'
import { root, run, runOrThrow } from '../helpers/run.js'
import { sharedMariadb } from '../services/mariadb.js'
import { sharedMongo } from '../services/mongo.js'
import { sharedRedis } from '../services/redis.js'
import { installed, project } from './packed.js'

interface Store {
  folder: string
  /** What npm is told to install beside it. */
  driver: string
  /** What that brings along that is a driver too. */
  alsoAllowed?: RegExp
  /** Makes `store`, and `close`. */
  code: string
  environment?: (context: Context) => Promise<Record<string, string>>
}

const drivers =
  /^(redis|@redis\/.*|ioredis|mysql|mysql2|mongodb|mongoose|libsql|@libsql\/.*|better-sqlite3|sqlite3|pg)$/

const redis = (version: number): Store => ({
  folder: 'store-redis',
  driver: `redis@${version}`,
  alsoAllowed: /^@redis\//,
  environment: async (context) => ({ ADDRESS: (await sharedRedis(context)).url }),
  code: `
import { createClient } from 'redis'
import { RedisTokenStore } from '@wechat-auth/store-redis'

const client = createClient({ url: process.env.ADDRESS! })
client.on('error', () => undefined)
await client.connect()
const store = new RedisTokenStore({ client, prefix: \`\${process.env.NAME!}:\` })
const close = () => client.close()
`,
})

const mongoose = (version: number): Store => ({
  folder: 'store-mongo',
  driver: `mongoose@${version}`,
  alsoAllowed: /^mongodb$/,
  environment: async (context) => ({ ADDRESS: (await sharedMongo(context)).url }),
  code: `
import mongoose from 'mongoose'
import { MongoTokenStore, tokenSchema } from '@wechat-auth/store-mongo'

const connection = await mongoose.createConnection(process.env.ADDRESS!).asPromise()
const collection = process.env.NAME!
const store: MongoTokenStore = new MongoTokenStore({ connection, collection })
new MongoTokenStore({ connection: mongoose.connection })
await store.init()
await store.saveToken('o2', { openid: 'o2', access_token: 'a', create_at: 1 })
const Token = connection.model('Token', tokenSchema, collection)
const document = await Token.findOne({ openid: 'o2' }).lean()
const token: string | undefined = document?.access_token
if (token !== 'a' || !(tokenSchema instanceof mongoose.Schema)) throw new Error('not a separate model')
await Token.deleteOne({ openid: 'o2' })
const close = () => connection.close()
`,
})

const mysql: Store = {
  folder: 'store-mysql',
  driver: 'mysql2@3',
  environment: async (context) => ({ ADDRESS: (await sharedMariadb(context)).url }),
  code: `
import { createPool as createCallbackPool } from 'mysql2'
import { createPool } from 'mysql2/promise'
import { MysqlTokenStore } from '@wechat-auth/store-mysql'

const pool = createPool(process.env.ADDRESS!)
const store = new MysqlTokenStore({ pool, table: process.env.NAME! })
const unused = createCallbackPool(process.env.ADDRESS!)
new MysqlTokenStore({ pool: unused })
unused.end()
await store.createTable()
const close = () => pool.end()
`,
}

// The one whose installation runs no script.
const sqlite: Store = {
  folder: 'store-sqlite',
  driver: 'libsql@0.5',
  alsoAllowed: /^@libsql\//,
  code: `
import Database from 'libsql'
import { SqliteTokenStore } from '@wechat-auth/store-sqlite'

const database = new Database(':memory:')
const store = new SqliteTokenStore({ database })
await store.createTable()
const close = () => database.close()
`,
}

const use = `
import type { TokenStore } from '@wechat-auth/wechat-oauth'

const contract: TokenStore = store
await contract.saveToken('o', { openid: 'o', access_token: 'a', create_at: 1 })
console.log(await contract.getToken('o'), await contract.getToken('nobody'))
await close()
`

for (const { folder, driver, alsoAllowed, code, environment } of [
  redis(5),
  redis(6),
  mongoose(8),
  mongoose(9),
  mysql,
  sqlite,
]) {
  describe(`an application that installs the packed ${folder} with ${driver}`, function () {
    this.timeout(180_000)

    let application: string
    before(async function () {
      application = await project(this, ['wechat-oauth', folder], [driver])
      await writeFile(join(application, 'consumer.mts'), code + use)
      await writeFile(
        join(application, 'tsconfig.json'),
        JSON.stringify({
          compilerOptions: {
            module: 'nodenext',
            target: 'es2022',
            strict: true,
            types: ['node'],
            typeRoots: [join(root, 'node_modules/@types')],
            skipLibCheck: true,
          },
          files: ['consumer.mts'],
        }),
      )
    })

    it('gets no driver of another database', async () => {
      const own = driver.slice(0, driver.indexOf('@'))
      const names = Object.keys(await installed(application)).map((path) =>
        path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      )
      expect(names).to.include(own)
      expect(
        names.filter((name) => drivers.test(name) && name !== own && !alsoAllowed?.test(name)),
      ).to.deep.equal([])
    })

    it('compiles', async () => {
      const { code: exitCode, stdout } = await run(
        process.execPath,
        [join(root, 'node_modules/typescript/bin/tsc'), '--project', application],
        { cwd: application },
      )
      expect(stdout).to.equal('')
      expect(exitCode).to.equal(0)
    })

    it('keeps tokens', async function () {
      const env = { NAME: `dist_${driver.replace(/\W/g, '_')}`, ...(await environment?.(this)) }
      const printed = await runOrThrow(process.execPath, ['consumer.mjs'], { cwd: application, env })
      expect(printed).to.match(/^\{[^}]*access_token: 'a'[^}]*\} null\n$/)
    })
  })
}
