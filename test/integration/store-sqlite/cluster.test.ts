import { SqliteTokenStore } from '@wechat-auth/store-sqlite'
import { testCluster } from '../../helpers/cluster/suite.js'
import { Databases } from '../../helpers/sqlite.js'

describe('SqliteTokenStore, shared by several processes', () => {
  const databases = new Databases('libsql')

  before(async function () {
    await databases.find(this)
    const database = databases.open('cluster')
    database.exec('PRAGMA journal_mode = WAL')
    await new SqliteTokenStore({ database }).createTable()
  })

  after(() => databases.end())

  testCluster('on one file', { store: 'sqlite', address: () => JSON.stringify(databases.address('cluster')) })
})
