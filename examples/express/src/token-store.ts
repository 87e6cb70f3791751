import type { TokenStore } from '@wechat-auth/wechat-oauth'
import type { Env } from './real-wechat.js'

/** A token store on a database that was opened for it. */
export interface OpenStore {
  tokenStore: TokenStore
  /** The database, in words; the address without a password. */
  place: string
  close: () => Promise<void>
}

// Only what is chosen is loaded: an application installs one store and one driver.
const stores = {
  async redis(env: Env): Promise<OpenStore> {
    const { createClient } = await import('redis')
    const { RedisTokenStore } = await import('@wechat-auth/store-redis')
    const url = env.REDIS_URL ?? 'redis://127.0.0.1:6379'
    // At the start a server that is not there is an error; later it is waited for.
    let isUp = false
    const client = createClient({
      url,
      socket: { reconnectStrategy: (retries) => isUp && Math.min(retries * 100, 2000) },
    })
    // Without a listener an error of the connection would end the process; the store's operations reject by themselves.
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

/** Which variable of the environment names a store's database, and what is taken without it. */
export const storeVariables: Record<StoreName, string> = {
  redis: 'REDIS_URL',
  mysql: 'MYSQL_URL',
  mongo: 'MONGO_URL',
  sqlite: 'SQLITE_FILE',
}

/** Opens a database and the token store on it. Rejects, without an address, when the database is not to be reached. */
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

// What stays open would keep the process alive.
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
