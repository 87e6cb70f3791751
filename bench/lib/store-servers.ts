import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPool } from 'mysql2/promise'
import { MongoTokenStore } from '@wechat-auth/store-mongo'
import { MysqlTokenStore } from '@wechat-auth/store-mysql'
import { SqliteTokenStore } from '@wechat-auth/store-sqlite'
import type { Context } from 'mocha'
import { connect } from '../../test/helpers/mongo.js'
import { openDatabase } from '../../test/helpers/sqlite.js'
import { startMariadb } from '../../test/services/mariadb.js'
import { startMongo } from '../../test/services/mongo.js'
import { startRedis } from '../../test/services/redis.js'
import { libsql } from '../../test/services/sqlite.js'

/** A server of the kind that a store needs, with its tables made. */
export interface StoreServer {
  /** Name of the module in test/helpers/cluster/stores that opens the store, and of our package after `store-`. */
  readonly store: 'redis' | 'mysql' | 'mongo' | 'sqlite'
  /** The server or the driver, with its version. */
  readonly title: string
  /** What that module's `open` is given. */
  readonly address: string
  readonly url: string
  stop(): Promise<void>
}

// The services are made for tests, which are skipped where one is missing.
const context = { timeout: () => 0, currentTest: { title: '' }, skip: missing } as unknown as Context

export const storeServers: readonly (() => Promise<StoreServer>)[] = [redis, mysql, mongo, sqlite]

async function redis(): Promise<StoreServer> {
  const server = await startRedis(context)
  const address = { driver: 'node-redis 6', urls: [server.url], prefix: 'bench:' }
  return {
    store: 'redis',
    title: `Redis ${server.version}`,
    address: JSON.stringify(address),
    url: server.url,
    stop: async () => server.stop(),
  }
}

async function mysql(): Promise<StoreServer> {
  const server = await startMariadb(context)
  const pool = createPool({ uri: server.url })
  await new MysqlTokenStore({ pool }).createTable()
  await pool.end()
  const address = { url: server.url, table: 'token' }
  return {
    store: 'mysql',
    title: `MariaDB ${server.version.split('-', 1)[0] ?? ''}`,
    address: JSON.stringify(address),
    url: server.url,
    stop: async () => server.stop(),
  }
}

async function mongo(): Promise<StoreServer> {
  const server = await startMongo(context)
  const connection = await connect('mongoose 9', server.url)
  await new MongoTokenStore({ connection }).init()
  await connection.close()
  const address = { mongoose: 'mongoose 9', url: server.url, collection: 'tokens' }
  const title = server.isRealMongo ? `MongoDB ${server.version}` : `a stand-in for MongoDB, ${server.version}`
  return {
    store: 'mongo',
    title,
    address: JSON.stringify(address),
    url: server.url,
    stop: async () => server.stop(),
  }
}

async function sqlite(): Promise<StoreServer> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-sqlite-'))
  const address = { driver: 'libsql' as const, file: join(folder, 'tokens.db') }
  const database = await openDatabase(address)
  await new SqliteTokenStore({ database }).createTable()
  database.close()
  const { name, version } = libsql()
  return {
    store: 'sqlite',
    title: `SQLite, ${name} ${version}`,
    address: JSON.stringify(address),
    url: address.file,
    stop: async () => rm(folder, { recursive: true }),
  }
}

function missing(): never {
  throw new Error('A server is missing: CONTRIBUTING.md says where they come from')
}
