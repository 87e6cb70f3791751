import { StoreError } from '@wechat-auth/wechat-oauth'
import { DatabaseInUse, isFinalized, isOccupied, translateError } from './driver-error.js'
import { firstColumn, type SqliteDatabase, type SqliteStatement, type Value } from './sqlite-database.js'

/** Statements of one transaction. */
export interface Transaction {
  /** The first column of the first row; `undefined` where there is no row. */
  read(this: void, sql: string, ...values: Value[]): unknown
  /** @returns how many rows were changed */
  write(this: void, sql: string, ...values: Value[]): number
}

/**
 * A database object of the caller, who uses it for other things between our operations, and has set it up.
 *
 * All methods work while the caller waits, and never wait themselves: `DatabaseInUse` is thrown where they would have to.
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

  /** The first column of the first row; `undefined` where there is no row. */
  read(sql: string, ...values: Value[]): unknown {
    return this.#attempt(() => {
      const get = (): unknown => this.#transaction.read(sql, ...values)
      try {
        return this.#hasWriteAheadLog() || this.#isInTransaction() ? get() : this.#reading(get)
      } catch (error) {
        // Where the application is at work on it, it has the lock already.
        if (isOccupied(error)) return get()
        throw error
      }
    })
  }

  /** @returns how many rows were changed */
  write(sql: string, ...values: Value[]): number {
    return this.transaction(({ write }) => write(sql, ...values))
  }

  /** Several statements, all or none, while nobody else writes. */
  transaction<T>(work: (transaction: Transaction) => T): T {
    return this.#writing(() => work(this.#transaction))
  }

  /** Several statements, all or none. */
  execute(statements: readonly string[]): void {
    this.#writing(() => {
      for (const sql of statements) this.#database.exec(sql)
    })
  }

  /**
   * A lock is met before the prepared statement is run: libsql goes on holding locks, and an old view of the data, for a
   * prepared statement that has met one.
   */
  #reading<T>(work: () => T): T {
    return this.#withoutWaiting(() => {
      try {
        this.#database.exec('BEGIN; PRAGMA user_version')
      } catch (error) {
        // Else it has not begun, and a transaction that is open is the application's.
        if (!isOccupied(error)) this.#rollBack()
        throw error
      }
      return this.#committing(work)
    })
  }

  /** What is acknowledged must not depend on a transaction of the application, which may end in a rollback. */
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
    // The statements of libsql work on when it is closed, and asking it whether it is in a transaction ends the process.
    if (open === false || isOpen === false) throw new StoreError('The database of the store is closed.')
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
      // After some errors SQLite has done it already.
    }
  }

  /** SQLite waits for locks by putting the whole process to sleep, for as long as the application has allowed. */
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

  /** To ask costs as much as the rest: it is not asked again for a moment, unless something took so long that it may have waited. */
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

  /** Looked at once: whoever turns it on later has slower reads, and no wrong ones. */
  #hasWriteAheadLog(): boolean {
    this.#isWriteAheadLogged ??= this.#withoutWaiting(
      () => firstColumn(this.#database.prepare('PRAGMA journal_mode').get()) === 'wal',
    )
    return this.#isWriteAheadLogged
  }
}
