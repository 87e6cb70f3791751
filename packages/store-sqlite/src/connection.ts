import { StoreError } from '@wechat-auth/wechat-oauth'
import { DatabaseInUse, isFinalized, isOccupied, translateError } from './driver-error.js'
import { firstColumn, type SqliteDatabase, type SqliteStatement, type Value } from './sqlite-database.js'

/** Statements of one transaction. */
export interface Transaction {
  /** Returns the first column of the first row, or `undefined` without a row. */
  read(this: void, sql: string, ...values: Value[]): unknown
  /** @returns the number of rows that were changed */
  write(this: void, sql: string, ...values: Value[]): number
}

/**
 * A database object of the caller, who configures it and also uses it between our operations.
 *
 * All methods are synchronous and never wait: they throw `DatabaseInUse` instead.
 */
export class Connection {
  readonly #database: SqliteDatabase
  readonly #statements = new Map<string, SqliteStatement>()
  readonly #transaction: Transaction = {
    read: (sql, ...values) => this.#withStatement(sql, (statement) => firstColumn(statement.get(...values))),
    write: (sql, ...values) =>
      this.#withStatement(sql, (statement) => Number(statement.run(...values).changes)),
  }

  #isWriteAheadLogged: boolean | undefined
  #impatientUntil = 0

  constructor(database: SqliteDatabase) {
    this.#database = database
  }

  /** Returns the first column of the first row, or `undefined` without a row. */
  read(sql: string, ...values: Value[]): unknown {
    return this.#attempt(() => {
      const get = (): unknown => this.#transaction.read(sql, ...values)
      try {
        return this.#hasWriteAheadLog() || this.#isInTransaction() ? get() : this.#reading(get)
      } catch (error) {
        // If the application is using this database object, it holds the lock already.
        if (isOccupied(error)) return get()
        throw error
      }
    })
  }

  /** @returns the number of rows that were changed */
  write(sql: string, ...values: Value[]): number {
    return this.transaction(({ write }) => write(sql, ...values))
  }

  /** Runs several statements, all or none, and excludes other writers. */
  transaction<T>(work: (transaction: Transaction) => T): T {
    return this.#writing(() => work(this.#transaction))
  }

  /** Runs several statements, all or none. */
  execute(statements: readonly string[]): void {
    this.#writing(() => {
      for (const sql of statements) this.#database.exec(sql)
    })
  }

  /**
   * Finds out whether the database is locked before it runs the prepared statement. After a prepared statement has met a lock, libsql
   * keeps locks and an old view of the data.
   */
  #reading<T>(work: () => T): T {
    return this.#withoutWaiting(() => {
      try {
        this.#database.exec('BEGIN; PRAGMA user_version')
      } catch (error) {
        // If BEGIN failed, an open transaction belongs to the application.
        if (!isOccupied(error)) this.#rollBack()
        throw error
      }
      return this.#committing(work)
    })
  }

  /** A write must not be part of the application's transaction, which may be rolled back after the write was acknowledged. */
  #writing<T>(work: () => T): T {
    return this.#attempt(() => {
      if (this.#isInTransaction()) throw DatabaseInUse.byTheApplication()
      return this.#withoutWaiting(() => {
        this.#database.exec('BEGIN IMMEDIATE')
        return this.#committing(work)
      })
    })
  }

  #committing<T>(work: () => T): T {
    try {
      const result = work()
      this.#database.exec('COMMIT')
      return result
    } catch (error) {
      this.#rollBack()
      throw error
    }
  }

  #attempt<T>(operation: () => T): T {
    const { open, isOpen } = this.#database
    // Statements of a closed libsql database still work, and asking it for its transaction state ends the process.
    if (open === false || isOpen === false) throw new StoreError('The database of the store is closed')
    try {
      return operation()
    } catch (error) {
      throw translateError(error)
    }
  }

  #rollBack(): void {
    try {
      this.#database.exec('ROLLBACK')
    } catch {
      // After some errors SQLite has rolled back already.
    }
  }

  /** While SQLite waits for a lock it blocks the whole process, for up to the `busy_timeout` that the application has set. */
  #withoutWaiting<T>(work: () => T): T {
    const started = performance.now()
    const allowed = started < this.#impatientUntil ? 0 : this.#busyTimeout()
    if (allowed !== 0) this.#database.exec('PRAGMA busy_timeout = 0')
    try {
      return work()
    } finally {
      if (allowed !== 0) this.#database.exec(`PRAGMA busy_timeout = ${allowed}`)
      this.#rememberPatience(allowed, started)
    }
  }

  /** Reading the setting costs as much as an operation, so a setting of 0 is remembered briefly, unless the operation was slow enough to have waited. */
  #rememberPatience(allowed: number, started: number): void {
    if (allowed !== 0 || performance.now() - started > 1) this.#impatientUntil = 0
    else if (started >= this.#impatientUntil) this.#impatientUntil = started + 100
  }

  #busyTimeout(): number {
    return Number(firstColumn(this.#database.prepare('PRAGMA busy_timeout').get()))
  }

  #withStatement<T>(sql: string, use: (statement: SqliteStatement) => T): T {
    const known = this.#statements.get(sql)
    if (!known) return use(this.#prepare(sql))
    try {
      return use(known)
    } catch (error) {
      if (!isFinalized(error)) throw error
      return use(this.#prepare(sql))
    }
  }

  #prepare(sql: string): SqliteStatement {
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  #isInTransaction(): boolean {
    const { inTransaction, isTransaction } = this.#database
    return inTransaction === true || isTransaction === true
  }

  /** Checked once: if the application turns it on later, reads are slower but still correct. */
  #hasWriteAheadLog(): boolean {
    this.#isWriteAheadLogged ??= this.#withoutWaiting(
      () => firstColumn(this.#database.prepare('PRAGMA journal_mode').get()) === 'wal',
    )
    return this.#isWriteAheadLogged
  }
}
