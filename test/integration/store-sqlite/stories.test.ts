import { SqliteSessionStore, SqliteUserStore } from '@wechat-auth/store-sqlite'
import { sessionStories } from '../../helpers/session-stories.js'
import { withEachDriver } from './setting.js'

withEachDriver('SqliteSessionStore and SqliteUserStore on one file', ({ databases }) => {
  sessionStories('SQLite', async () => {
    const database = databases.open('stories')
    const stores = {
      sessionStore: new SqliteSessionStore({ database }),
      userStore: new SqliteUserStore({ database }),
    }
    await stores.sessionStore.createTable()
    await stores.userStore.createTable()
    return stores
  })
})
