import {
  SqliteSessionStore,
  SqliteTokenStore,
  SqliteUserStore,
  type SqliteDatabase,
  type SqliteTokenStoreOptions,
} from '@wechat-auth/store-sqlite'
import { expect } from 'chai'
import { thrown } from '../../helpers/rejection.js'
import { libsql } from '../../services/sqlite.js'

/** Answers like a driver that needs no event loop. */
function fakeDatabase(row: unknown = { timeout: 0 }): SqliteDatabase {
  return { exec: () => undefined, prepare: () => ({ get: () => row, run: () => ({ changes: 1 }) }) }
}

function optionsError(options: unknown): unknown {
  return thrown(() => new SqliteTokenStore(options as SqliteTokenStoreOptions))
}

describe('options of SqliteTokenStore', () => {
  const statement = { get: async () => ({ timeout: 0 }), run: async () => ({ changes: 1 }) }
  const noDatabases: Record<string, unknown> = {
    nothing: undefined,
    null: null,
    'the name of a file': 'tokens.db',
    'an object without methods': {},
    'a client of @libsql/client': { execute: async () => ({}), batch: async () => [] },
    'libsql/promise, whose statements come later': {
      exec: async () => undefined,
      prepare: async () => statement,
    },
    'a driver whose rows come later': { exec: async () => undefined, prepare: () => statement },
    'sqlite3, whose rows come by callback': {
      exec() {
        return this
      },
      prepare: () => ({
        get() {
          return this
        },
        run() {
          return this
        },
      }),
    },
  }
  for (const [what, database] of Object.entries(noDatabases)) {
    it(`refuse as a database ${what}`, () => {
      const error = optionsError({ database })
      expect(error).to.be.an.instanceOf(TypeError)
      expect(error)
        .to.have.property('message')
        .that.matches(/^database must be/)
    })
  }

  it('accepts a database that returns rows as arrays or integers as bigints', () => {
    for (const row of [{ timeout: 0 }, [0], { timeout: 0n }])
      expect(new SqliteTokenStore({ database: fakeDatabase(row) })).to.be.an('object')
  })

  it('accept a closed database, which the operations then report', () => {
    const database = libsql().open(':memory:') as unknown as SqliteDatabase & { close(): void }
    database.close()
    expect(new SqliteTokenStore({ database })).to.be.an('object')
  })

  for (const table of ['', 'a\0b', 'sqlite_token', 'SQLite_x', 'a\ud800', 1, null, ['token'], {}]) {
    it(`refuse as a table ${JSON.stringify(table)}`, () => {
      const error = optionsError({ database: fakeDatabase(), table })
      expect(error).to.be.an.instanceOf(TypeError)
      expect(error)
        .to.have.property('message')
        .that.matches(/^table must be/)
    })
  }

  for (const timeout of [0, -1, NaN, Infinity, 24 * 3600 * 1000 + 1, '5000', null]) {
    it(`refuse as a timeout ${String(timeout)}`, () => {
      const error = optionsError({ database: fakeDatabase(), timeout })
      expect(error).to.be.an.instanceOf(TypeError)
      expect(error)
        .to.have.property('message')
        .that.matches(/^timeout must be/)
    })
  }
})

for (const Store of [SqliteSessionStore, SqliteUserStore]) {
  describe(`options of ${Store.name}`, () => {
    const wrong: [Partial<SqliteTokenStoreOptions>, RegExp][] = [
      [{ database: {} as SqliteDatabase }, /^database must be/],
      [{ table: '' }, /^table must be/],
      [{ table: 'sqlite_x' }, /^table must be/],
      [{ timeout: 0 }, /^timeout must be/],
    ]
    for (const [options, message] of wrong) {
      it(`refuse ${JSON.stringify(options)}`, () => {
        const error = thrown(() => new Store({ database: fakeDatabase(), ...options }))
        expect(error).to.be.an.instanceOf(TypeError)
        expect(error).to.have.property('message').that.matches(message)
      })
    }
  })
}
