import { SqliteTokenStore, type SqliteDatabase } from '@wechat-auth/store-sqlite'
import { StoreError } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import { rejection } from '../../helpers/rejection.js'

/** Begins no transaction as long as there are failures. */
function failingDatabase(failures: Error[]): SqliteDatabase {
  return {
    exec: (sql) => {
      if (sql !== 'BEGIN IMMEDIATE') return
      const failure = failures.shift()
      if (failure) throw failure
    },
    prepare: () => ({ get: () => ({ value: 1 }), run: () => ({ changes: 1 }) }),
  }
}

const token = { openid: 'o1', create_at: 1 }

describe('SqliteTokenStore on a database that is briefly in use', () => {
  const passing: Record<string, object> = {
    'better-sqlite3, busy': { code: 'SQLITE_BUSY' },
    'better-sqlite3, being recovered after a crash': { code: 'SQLITE_BUSY_RECOVERY' },
    'better-sqlite3, locked by another connection with the same cache': { code: 'SQLITE_LOCKED_SHAREDCACHE' },
    'libsql, busy': { code: 'SQLITE_BUSY', rawCode: 5 },
    'libsql, being recovered after a crash': { code: 'SQLITE_BUSY_RECOVERY', rawCode: 261 },
    'node:sqlite, busy': { code: 'ERR_SQLITE_ERROR', errcode: 5 },
    'node:sqlite, being recovered after a crash': { code: 'ERR_SQLITE_ERROR', errcode: 261 },
    'node:sqlite, locked by another connection with the same cache': {
      code: 'ERR_SQLITE_ERROR',
      errcode: 262,
    },
  }
  for (const [what, facts] of Object.entries(passing)) {
    it(`waits (${what})`, async () => {
      const failures = [1, 2, 3].map(() => Object.assign(new Error('database is locked'), facts))
      await new SqliteTokenStore({ database: failingDatabase(failures) }).saveToken('o1', token)
      expect(failures).to.have.length(0)
    })
  }

  const lasting: Record<string, { facts: object; driver: object }> = {
    'better-sqlite3': { facts: { code: 'SQLITE_IOERR_WRITE' }, driver: { code: 'SQLITE_IOERR_WRITE' } },
    libsql: {
      facts: { code: 'SQLITE_IOERR_WRITE', rawCode: 778 },
      driver: { code: 'SQLITE_IOERR_WRITE', errno: 778 },
    },
    'node:sqlite': {
      facts: { code: 'ERR_SQLITE_ERROR', errcode: 778, errstr: 'disk I/O error' },
      driver: { code: 'ERR_SQLITE_ERROR', errno: 778 },
    },
  }
  for (const [what, { facts, driver }] of Object.entries(lasting)) {
    it(`rejects at once with the driver's facts if waiting does not help (${what})`, async () => {
      const failures = [1, 2].map(() => Object.assign(new Error('SECRET in a text'), facts))
      const error = await rejection(
        new SqliteTokenStore({ database: failingDatabase(failures) }).saveToken('o1', token),
        StoreError,
      )
      expect(failures).to.have.length(1)
      expect(error.message).to.equal('The store failed to save')
      expect(error.driver).to.deep.equal({ name: 'Error', ...driver })
    })
  }

  it('rejects with a StoreError whatever is thrown', async () => {
    for (const thrown of [undefined, null, 'SECRET', { code: 'x' }] as unknown as Error[]) {
      const database = {
        ...failingDatabase([]),
        exec: () => {
          throw thrown
        },
      }
      const error = await rejection(new SqliteTokenStore({ database }).saveToken('o1', token), StoreError)
      expect(error.message).to.equal('The store failed to save')
    }
  })

  it('rejects a record that cannot be serialized with a StoreError', async () => {
    const round: Record<string, unknown> = {}
    round.self = round
    const store = new SqliteTokenStore({ database: failingDatabase([]) })
    for (const value of [
      1n,
      round,
      {
        toJSON() {
          throw new Error('SECRET')
        },
      },
    ]) {
      const error = await rejection(store.saveToken('o1', { ...token, value }), StoreError)
      expect(error.message).to.equal('The store failed to save')
    }
  })
})
