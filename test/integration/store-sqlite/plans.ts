import type { SqliteDatabase } from '@wechat-auth/store-sqlite'
import type { OpenDatabase } from '../../helpers/sqlite.js'

/** The same database, and how it goes about what is asked of it. */
export function planned(database: OpenDatabase): { watched: SqliteDatabase; plans: () => string[] } {
  const asked = new Set<string>()
  return {
    watched: {
      exec: (sql) => database.exec(sql),
      prepare: (sql) => {
        asked.add(sql)
        return database.prepare(sql)
      },
    },
    plans: () =>
      [...asked]
        .filter((sql) => !sql.startsWith('PRAGMA'))
        .flatMap((sql) => {
          const values = sql.match(/\?/g)?.map(() => 1) ?? []
          return database
            .prepare(`EXPLAIN QUERY PLAN ${sql}`)
            .all(...values)
            .map(({ detail }) => String(detail))
        }),
  }
}
