/** A value that the stores write or search for. */
export type Value = string | number | null

export interface SqliteStatement {
  get(...values: Value[]): unknown
  run(...values: Value[]): { changes: number | bigint }
}

/**
 * A database of better-sqlite3, libsql, `node:sqlite` or `bun:sqlite`. The type has only the members that the stores use, so it accepts
 * any version. These drivers are synchronous; the stores refuse asynchronous ones.
 */
export interface SqliteDatabase {
  exec(sql: string): unknown
  prepare(sql: string): SqliteStatement
  /** better-sqlite3 and libsql: whether it is open. (A method in `node:sqlite`.) */
  readonly open?: unknown
  /** `node:sqlite`: whether it is open. */
  readonly isOpen?: boolean
  /** better-sqlite3, libsql and `bun:sqlite`: whether a transaction is open. */
  readonly inTransaction?: boolean
  /** `node:sqlite`: whether a transaction is open. */
  readonly isTransaction?: boolean
}

/** @throws TypeError if it is not a database of a synchronous driver */
export function checkDatabase(database: unknown): asserts database is SqliteDatabase {
  const { exec, prepare } = (database ?? {}) as Partial<SqliteDatabase>
  if (
    typeof exec !== 'function' ||
    typeof prepare !== 'function' ||
    !answersAtOnce(database as SqliteDatabase)
  ) {
    throw new TypeError('database must be a database of better-sqlite3, libsql, node:sqlite or bun:sqlite')
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
    // It may be closed: then the operations of the store report it.
    return true
  }
}

/** Returns the first column of a row, which may be an array if the caller has set that; `undefined` without a row. */
export function firstColumn(row: unknown): unknown {
  return typeof row === 'object' && row !== null ? (Object.values(row) as unknown[])[0] : undefined
}
