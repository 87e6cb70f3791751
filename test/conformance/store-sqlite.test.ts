import { testTokenStore, type Outage, type TokenStoreHarness } from '@wechat-auth/store-conformance'
import { SqliteTokenStore } from '@wechat-auth/store-sqlite'
import { encryptedTokenStore, type TokenStore } from '@wechat-auth/wechat-oauth'
import { ClusterWorker } from '../helpers/cluster/cluster.js'
import { Databases, driverNames, type OpenDatabase, type SqliteAddress } from '../helpers/sqlite.js'
import { isLongRun, variants } from '../helpers/long.js'

const noExpiry = 'records stay until they are deleted'
const key = Buffer.alloc(32, 7)

/** Its locks are often met in these tests, and each time that takes so long. */
const timeout = 1000

function encrypted(store: TokenStore): TokenStore {
  return encryptedTokenStore(store, { keys: [{ id: 'k1', key }] })
}

/** Somebody has taken the tables away. */
function tablesGone(database: () => OpenDatabase): Outage {
  const rename = (from: string, to: string): void => {
    for (const suffix of ['', '_lock'])
      database().exec(`ALTER TABLE ${from}${suffix} RENAME TO ${to}${suffix}`)
  }
  return { name: 'tables gone', begin: () => rename('token', 'gone'), end: () => rename('gone', 'token') }
}

/** Somebody else keeps the database to themselves. */
function lockedOut(other: () => OpenDatabase): Outage {
  return {
    name: 'locked',
    begin: () => void other().exec('BEGIN EXCLUSIVE'),
    end: () => void other().exec('ROLLBACK'),
  }
}

function corrupt(database: OpenDatabase, openid: string): void {
  database.prepare("UPDATE token SET record = '{' WHERE openid = ?").run(openid)
}

function abandonLock(address: SqliteAddress): NonNullable<TokenStoreHarness['abandonLock']> {
  return async (name, ttl) => {
    const worker = await ClusterWorker.start({ store: 'sqlite', address: JSON.stringify(address) })
    await worker.call('takeLock', name, ttl)
    await worker.kill()
  }
}

for (const driver of driverNames) {
  describe(`SqliteTokenStore with ${driver}`, () => {
    const databases = new Databases(driver)
    let database: OpenDatabase
    let other: OpenDatabase

    before(function () {
      return databases.find(this)
    })

    after(() => databases.end())

    for (const journal of variants(['wal', 'delete'] as const, (mode) => mode === 'delete')) {
      describe(`a file, journal_mode=${journal}`, () => {
        before(async () => {
          database = databases.open(journal)
          database.exec(`PRAGMA journal_mode = ${journal}`)
          other = databases.open(journal)
          await new SqliteTokenStore({ database }).createTable()
        })

        testTokenStore('with two connections', {
          create: () => new SqliteTokenStore({ database, timeout }),
          second: () => new SqliteTokenStore({ database: other, timeout }),
          corrupt: (openid) => corrupt(database, openid),
          // With a write-ahead log, others can read while one writes.
          outages: [tablesGone(() => other), ...(journal === 'delete' ? [lockedOut(() => other)] : [])],
          abandonLock: abandonLock(databases.address(journal)),
          without: { expiry: noExpiry },
        })
      })
    }

    describe('a file, encrypted', () => {
      before(async () => {
        database = databases.open('encrypted')
        other = databases.open('encrypted')
        await new SqliteTokenStore({ database }).createTable()
      })

      testTokenStore('with two connections', {
        create: () => encrypted(new SqliteTokenStore({ database, timeout })),
        second: () => encrypted(new SqliteTokenStore({ database: other, timeout })),
        corrupt: (openid) => corrupt(database, openid),
        outages: [tablesGone(() => other)],
        abandonLock: abandonLock(databases.address('encrypted')),
        without: { expiry: noExpiry },
      })
    })

    if (isLongRun)
      describe('in memory', () => {
        before(async () => {
          database = databases.open(':memory:')
          await new SqliteTokenStore({ database }).createTable()
        })

        testTokenStore('with one connection', {
          create: () => new SqliteTokenStore({ database, timeout }),
          corrupt: (openid) => corrupt(database, openid),
          outages: [tablesGone(() => database)],
          without: {
            second: 'no other connection sees a database in memory',
            abandonLock: 'it ends with its process',
            expiry: noExpiry,
          },
        })
      })
  })
}
