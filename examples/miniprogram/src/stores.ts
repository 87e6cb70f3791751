import { SqliteSessionStore, SqliteUserStore } from '@wechat-auth/store-sqlite'
import Database from 'libsql'
import type { AppOptions } from './app.js'

export interface OpenStores extends Pick<AppOptions, 'sessionStore' | 'userStore'> {
  close: () => void
}

/** Sessions and users in one SQLite database. */
export async function openStores(file: string): Promise<OpenStores> {
  const database = new Database(file)
  try {
    const [sessionStore, userStore] = [
      new SqliteSessionStore({ database }),
      new SqliteUserStore({ database }),
    ]
    await sessionStore.createTable()
    await userStore.createTable()
    return { sessionStore, userStore, close: () => void database.close() }
  } catch (error) {
    database.close()
    throw error
  }
}
