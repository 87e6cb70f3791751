import { RedisSessionStore } from '@wechat-auth/store-redis'
import { SqliteUserStore } from '@wechat-auth/store-sqlite'
import { connect, type RedisClient } from '../../helpers/redis.js'
import { sessionStories } from '../../helpers/session-stories.js'
import { Databases } from '../../helpers/sqlite.js'
import { startRedis } from '../../services/redis.js'
import type { Server } from '../../services/server.js'

describe('RedisSessionStore, with users in SQLite', () => {
  const databases = new Databases('libsql')
  const clients: RedisClient[] = []
  let server: Server

  before(async function () {
    await databases.find(this)
    server = await startRedis(this)
  })

  after(async () => {
    for (const client of clients) client.destroy()
    databases.end()
    await server.stop()
  })

  sessionStories('Redis and SQLite', async () => {
    const client = await connect({ driver: 'node-redis 6', urls: [server.url] })
    clients.push(client)
    const userStore = new SqliteUserStore({ database: databases.open('users') })
    await userStore.createTable()
    return { sessionStore: new RedisSessionStore({ client }), userStore }
  })
})
