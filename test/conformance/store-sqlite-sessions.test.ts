import sinon from 'sinon'
import { testSessionStore, type Outage } from '@wechat-auth/store-conformance'
import { SqliteSessionStore } from '@wechat-auth/store-sqlite'
import { Databases, driverNames, type OpenDatabase } from '../helpers/sqlite.js'

/** Locks are met in these tests, and each time that takes so long. */
const timeout = 1000

for (const driver of driverNames) {
  describe(`SqliteSessionStore with ${driver}`, () => {
    const databases = new Databases(driver)
    let database: OpenDatabase
    let other: OpenDatabase
    let clock: sinon.SinonFakeTimers | undefined

    before(function () {
      return databases.find(this)
    })

    after(() => databases.end())

    const tableGone: Outage = {
      name: 'table gone',
      begin: () => void other.exec('ALTER TABLE wechat_session RENAME TO gone'),
      end: () => void other.exec('ALTER TABLE gone RENAME TO wechat_session'),
    }
    const lockedOut: Outage = {
      name: 'locked',
      begin: () => void other.exec('BEGIN EXCLUSIVE'),
      end: () => void other.exec('ROLLBACK'),
    }

    // With a write-ahead log, others can read while one writes.
    for (const [journal, outages] of [
      ['wal', [tableGone]],
      ['delete', [tableGone, lockedOut]],
    ] as const) {
      describe(`a file, journal_mode=${journal}`, () => {
        before(async () => {
          database = databases.open(journal)
          database.exec(`PRAGMA journal_mode = ${journal}; PRAGMA synchronous = OFF`)
          other = databases.open(journal)
          await new SqliteSessionStore({ database }).createTable()
        })

        testSessionStore('with two connections', {
          create: () => new SqliteSessionStore({ database, timeout }),
          second: () => new SqliteSessionStore({ database: other, timeout }),
          corrupt: (hash) =>
            void database.prepare("UPDATE wechat_session SET record = '{' WHERE hash = ?").run(hash),
          outages,
          // The store reads the time from `Date`: no case waits.
          advance: (ms) => {
            clock ??= sinon.useFakeTimers({ now: Date.now(), toFake: ['Date'] })
            clock.tick(ms)
          },
          destroy: () => {
            clock?.restore()
            clock = undefined
          },
        })
      })
    }
  })
}
