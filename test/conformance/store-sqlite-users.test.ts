import { testUserStore, type Outage } from '@wechat-auth/store-conformance'
import { SqliteUserStore } from '@wechat-auth/store-sqlite'
import { Databases, driverNames, type OpenDatabase } from '../helpers/sqlite.js'

/** Locks are met in these tests, and each time that takes so long. */
const timeout = 1000

for (const driver of driverNames) {
  describe(`SqliteUserStore with ${driver}`, () => {
    const databases = new Databases(driver)
    let database: OpenDatabase
    let other: OpenDatabase

    before(async function () {
      await databases.find(this)
      database = databases.open('users')
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF')
      other = databases.open('users')
      await new SqliteUserStore({ database }).createTable()
    })

    after(() => databases.end())

    const rename = (from: string, to: string): void => {
      other.exec(`ALTER TABLE ${from} RENAME TO ${to}`)
    }
    const outages: Outage[] = ['user', 'wechat_account'].map((table) => ({
      name: `table ${table} gone`,
      begin: () => rename(table, 'gone'),
      end: () => rename('gone', table),
    }))

    testUserStore('with two connections', {
      create: () => new SqliteUserStore({ database, timeout }),
      second: () => new SqliteUserStore({ database: other, timeout }),
      outages,
    })
  })
}
