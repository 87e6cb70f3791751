import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { createPool } from 'mysql2/promise'
import { MongoTokenStore } from '@wechat-auth/store-mongo'
import { MysqlTokenStore } from '@wechat-auth/store-mysql'
import { RedisTokenStore } from '@wechat-auth/store-redis'
import { SqliteTokenStore } from '@wechat-auth/store-sqlite'
import type { TokenStore, WechatToken } from '@wechat-auth/wechat-oauth'
import mongoose from 'mongoose'
import { createClient } from 'redis'
import { openDatabase } from '../../test/helpers/sqlite.js'
import { token } from './token.js'

/** A way to keep a token. */
export interface Way {
  read(): Promise<unknown>
  save(): Promise<unknown>
}

export interface Ways {
  ours: Way
  /** The driver alone, with the same work on JSON. */
  bare: Way
  /** The one that wechat-oauth's README recommends; or why that does not run. */
  recipe?: Way | string
}

const { openid } = token

/** By the name of our package after `store-`, for a server, each with its own connections. */
export const waysOf: Record<string, (url: string) => Promise<Ways>> = { redis, mysql, mongo, sqlite }

function through(store: TokenStore): Way {
  return { read: async () => store.getToken(openid), save: async () => store.saveToken(openid, token) }
}

async function redis(url: string): Promise<Ways> {
  const client = createClient({ url })
  client.on('error', () => undefined)
  await client.connect()
  const key = `bare:${openid}`
  return {
    ours: through(new RedisTokenStore({ client })),
    bare: {
      read: async () => JSON.parse((await client.get(key)) ?? '') as WechatToken,
      save: async () =>
        client.set(key, JSON.stringify(token), { expiration: { type: 'EX', value: 2_592_000 } }),
    },
  }
}

async function mysql(url: string): Promise<Ways> {
  const pool = createPool({ uri: url })
  await pool.query('DROP TABLE IF EXISTS bare, ours, recipe')
  const store = new MysqlTokenStore({ pool, table: 'ours' })
  await store.createTable()
  await pool.query('CREATE TABLE bare LIKE ours')
  const columns = [
    'access_token',
    'expires_in',
    'refresh_token',
    'scope',
    'create_at',
    'unionid',
    'session_key',
    'is_snapshotuser',
    'extra',
  ]
  const select = `SELECT ${columns.join(', ')} FROM bare WHERE openid = ?`
  const replace = `REPLACE INTO bare (openid, ${columns.join(', ')}) VALUES (?${', ?'.repeat(columns.length)})`
  return {
    ours: through(store),
    bare: {
      read: async () => {
        const [[row]] = (await pool.execute(select, [openid])) as unknown as [[Record<string, unknown>]]
        const { extra, ...fields } = row
        const read: Record<string, unknown> = {
          openid,
          ...fields,
          ...(typeof extra === 'string' ? (JSON.parse(extra) as object) : {}),
        }
        for (const name in read) if (read[name] === null) Reflect.deleteProperty(read, name)
        return read
      },
      save: async () => {
        const {
          access_token,
          expires_in,
          refresh_token,
          scope,
          create_at,
          unionid,
          session_key,
          is_snapshotuser,
          ...others
        }: WechatToken = token
        const extra = Object.keys(others).length > 1 ? JSON.stringify(others) : null
        const values = [
          openid,
          access_token,
          expires_in,
          refresh_token,
          scope,
          create_at,
          unionid,
          session_key,
          is_snapshotuser,
        ]
        return pool.execute(replace, [...values.map((value) => value ?? null), extra])
      },
    },
    recipe: await mysqlRecipe(url),
  }
}

interface OldPool {
  query(sql: string, values: readonly unknown[], done: (error: Error | null, rows: unknown[]) => void): void
}

/** The table, the statements and the driver of its README. */
async function mysqlRecipe(url: string): Promise<Way> {
  const require = createRequire(import.meta.url)
  const { createPool: createOldPool } = require('mysql') as { createPool: (url: string) => OldPool }
  const pool = createOldPool(url)
  const query = promisify(
    (sql: string, values: readonly unknown[], done: (error: Error | null, rows: unknown[]) => void) =>
      pool.query(sql, values, done),
  )
  await query(
    `CREATE TABLE recipe (access_token varchar(200) NOT NULL, expires_in varchar(10) NOT NULL, refresh_token varchar(200) NOT NULL,
    openid varchar(50) NOT NULL, scope varchar(50) NOT NULL, create_at varchar(20) NOT NULL, UNIQUE KEY openid (openid))
    ENGINE=InnoDB DEFAULT CHARSET=utf8 COLLATE=utf8_bin`,
    [],
  )
  const { access_token, expires_in, refresh_token, scope, create_at } = token
  const replace =
    'REPLACE INTO recipe(access_token, expires_in, refresh_token, openid, scope, create_at) VALUES(?, ?, ?, ?, ?, ?)'
  return {
    read: async () => (await query('SELECT * FROM recipe WHERE openid = ?', [openid]))[0],
    save: async () => query(replace, [access_token, expires_in, refresh_token, openid, scope, create_at]),
  }
}

async function mongo(url: string): Promise<Ways> {
  const connection = await mongoose.createConnection(url).asPromise()
  const store = new MongoTokenStore({ connection })
  await store.init()
  const bare = connection.collection('bare')
  await bare.createIndex({ openid: 1 }, { unique: true }, {})
  return {
    ours: through(store),
    bare: {
      read: async () => {
        const read = await bare.findOne({ openid })
        if (read) Reflect.deleteProperty(read, '_id')
        return read
      },
      save: async () => bare.replaceOne({ openid }, { ...token }, { upsert: true }),
    },
    recipe: mongooseRecipe(connection),
  }
}

/** Its last line, which makes the model that all else needs. */
function mongooseRecipe(connection: mongoose.Connection): string {
  try {
    connection.model('Token', 'TokenSchema' as unknown as mongoose.Schema)
    return 'not measured'
  } catch (error) {
    return `does not run: ${(error as Error).message.split(/[.:\n]/, 1)[0] ?? ''}`
  }
}

async function sqlite(file: string): Promise<Ways> {
  const database = await openDatabase({ driver: 'libsql', file })
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  const store = new SqliteTokenStore({ database })
  await store.createTable()
  database.exec('CREATE TABLE bare (openid TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID')
  const select = database.prepare('SELECT record FROM bare WHERE openid = ?')
  const upsert = database.prepare(
    'INSERT INTO bare (openid, record) VALUES (?, ?) ON CONFLICT (openid) DO UPDATE SET record = excluded.record',
  )
  return {
    ours: through(store),
    bare: {
      read: async () =>
        Promise.resolve(JSON.parse((select.get(openid) as { record: string }).record) as WechatToken),
      save: async () => Promise.resolve(upsert.run(openid, JSON.stringify(token))),
    },
  }
}
