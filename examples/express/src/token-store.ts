import type { TokenStore } from '@wechat-auth/wechat-oauth'
import type { Env } from './real-wechat.js'

/** A token store and its open database. */
export interface OpenStore {
  tokenStore: TokenStore
  /** A description of the database, without the password. */
  place: string
  close: () => Promise<void>
}

// Loads only the chosen store, because an application installs one store and one driver.
const stores = {
  async redis(env: Env): Promise<OpenStore> {
    const { createClient } = await import('redis')
    const { RedisTokenStore } = await import('@wechat-auth/store-redis')
    const url = env.REDIS_URL ?? 'redis://127.0.0.1:6379'
    // Fails if the server is unreachable at the start; later, it reconnects.
    let isUp = false
    const client = createClient({
      url,
      socket: { reconnectStrategy: (retries) => isUp && Math.min(retries * 100, 2000) },
    })
    // Without a listener, a connection error would end the process. The store's operations reject anyway.
    client.on('error', () => undefined)
    await client.connect()
    isUp = true
    return {
      tokenStore: new RedisTokenStore({ client }),
      place: placeOf(url),
      close: async () => client.close(),
    }
  },

  async mysql(env: Env): Promise<OpenStore> {
    const { createPool } = await import('mysql2/promise')
    const { MysqlTokenStore } = await import('@wechat-auth/store-mysql')
    const url = env.MYSQL_URL ?? 'mysql://root@127.0.0.1:3306/test'
    const pool = createPool(url)
    const tokenStore = new MysqlTokenStore({ pool })
    await orClose(tokenStore.createTable(), () => pool.end())
    return { tokenStore, place: placeOf(url), close: () => pool.end() }
  },

  async mongo(env: Env): Promise<OpenStore> {
    const { default: mongoose } = await import('mongoose')
    const { MongoTokenStore } = await import('@wechat-auth/store-mongo')
    const url = env.MONGO_URL ?? 'mongodb://127.0.0.1:27017/test'
    const connection = mongoose.createConnection(url, { serverSelectionTimeoutMS: 5000 })
    const tokenStore = new MongoTokenStore({ connection })
    await orClose(
      connection.asPromise().then(() => tokenStore.init()),
      () => connection.close(),
    )
    return { tokenStore, place: placeOf(url), close: () => connection.close() }
  },

  async sqlite(env: Env): Promise<OpenStore> {
    const { default: Database } = await import('libsql')
    const { SqliteTokenStore } = await import('@wechat-auth/store-sqlite')
    const file = env.SQLITE_FILE ?? 'wechat-demo.sqlite'
    const database = new Database(file)
    const tokenStore = new SqliteTokenStore({ database })
    await tokenStore.createTable()
    return {
      tokenStore,
      place: file,
      close: async () => {
        database.close()
        return Promise.resolve()
      },
    }
  },
}

export type StoreName = keyof typeof stores

export const storeNames = Object.keys(stores) as StoreName[]

/** The environment variable with the address of each store's database, and its default. */
export const storeVariables: Record<StoreName, string> = {
  redis: 'REDIS_URL',
  mysql: 'MYSQL_URL',
  mongo: 'MONGO_URL',
  sqlite: 'SQLITE_FILE',
}

/** Opens a database and its token store. If the database is unreachable, rejects with an error that does not contain the address. */
export async function openStore(name: StoreName, env: Env): Promise<OpenStore> {
  try {
    return await stores[name](env)
  } catch (error) {
    const { code } = error as { code?: unknown }
    const reason = typeof code === 'string' ? ` (${code})` : ''
    throw new Error(
      `The database for --store ${name} could not be opened${reason}: is it running, and is ${storeVariables[name]} right?`,
      { cause: error },
    )
  }
}

// An open connection would keep the process alive.
async function orClose(start: Promise<unknown>, close: () => Promise<unknown>): Promise<void> {
  try {
    await start
  } catch (error) {
    await close()
    throw error
  }
}

function placeOf(address: string): string {
  if (!URL.canParse(address)) return 'the address in the environment'
  const { protocol, host, pathname } = new URL(address)
  return `${protocol}//${host}${pathname}`
}
