/** What the stores write and look for. */
export type Value = string | number | null

export interface SqliteStatement {
  get(...values: Value[]): unknown
  run(...values: Value[]): { changes: number | bigint }
}

/**
 * What better-sqlite3, libsql and `node:sqlite` make. Described by what is used of it, so that it may come from any
 * version of these. They all work while the caller waits; databases that answer later are refused.
 */
export interface SqliteDatabase {
  exec(sql: string): unknown
  prepare(sql: string): SqliteStatement
  /** better-sqlite3 and libsql: whether it is open. (A method in `node:sqlite`.) */
  readonly open?: unknown
  /** `node:sqlite`: whether it is open. */
  readonly isOpen?: boolean
  /** better-sqlite3 and libsql: whether a transaction is open. */
  readonly inTransaction?: boolean
  /** `node:sqlite`: whether a transaction is open. */
  readonly isTransaction?: boolean
}

/** @throws TypeError when it is no database, or none that answers at once */
export function checkDatabase(database: unknown): asserts database is SqliteDatabase {
  const { exec, prepare } = (database ?? {}) as Partial<SqliteDatabase>
  if (
    typeof exec !== 'function' ||
    typeof prepare !== 'function' ||
    !answersAtOnce(database as SqliteDatabase)
  ) {
    throw new TypeError('database must be a database of better-sqlite3, libsql or node:sqlite')
  }
}

function answersAtOnce(database: SqliteDatabase): boolean {
  try {
    const statement = database.prepare('PRAGMA busy_timeout') as Partial<SqliteStatement>
    return (
      typeof statement.get === 'function' &&
      ['number', 'bigint'].includes(typeof firstColumn(statement.get()))
    )
  } catch {
    // It is closed, say: whoever uses the store will be told.
    return true
  }
}

/** Of a row, which the caller may have set to be an array; `undefined` where there is no row. */
export function firstColumn(row: unknown): unknown {
  return typeof row === 'object' && row !== null ? (Object.values(row) as unknown[])[0] : undefined
}
