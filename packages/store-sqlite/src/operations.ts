import { StoreError } from '@wechat-auth/wechat-oauth'
import { asStoreError, checkTimeout } from '@wechat-auth/wechat-oauth/store-kit'
import { Connection } from './connection.js'
import { DatabaseInUse, isMissingTable, readErrorFacts } from './driver-error.js'
import { checkDatabase, type SqliteDatabase } from './sqlite-database.js'
import { WaitingLine } from './waiting-line.js'

/** A synchronous operation on a connection. */
export type Operation<T> = (connection: Connection) => T

/** Runs the operations of a store: in order, up to a timeout, and with a `StoreError` for each failure. */
export class Operations {
  readonly #connection: Connection
  readonly #timeout: number
  readonly #kept: string
  readonly #reads = new WaitingLine()
  readonly #writes = new WaitingLine()

  /**
   * @param timeout - milliseconds for which an operation waits while the database is in use
   * @param kept - the contents of the tables, e.g. `tokens`
   * @throws TypeError that names the invalid option
   */
  constructor(database: SqliteDatabase, timeout: number, kept: string) {
    checkDatabase(database)
    checkTimeout(timeout)
    this.#connection = new Connection(database)
    this.#timeout = timeout
    this.#kept = kept
  }

  /** @param what - the purpose of the operation, which completes "failed to …" */
  read<T>(what: string, operation: Operation<T>): Promise<T> {
    return this.#execute(this.#reads, what, operation)
  }

  /** @param what - the purpose of the operation, which completes "failed to …" */
  write<T>(what: string, operation: Operation<T>): Promise<T> {
    return this.#execute(this.#writes, what, operation)
  }

  async #execute<T>(line: WaitingLine, what: string, operation: Operation<T>): Promise<T> {
    try {
      return await line.execute(this.#timeout, () => operation(this.#connection))
    } catch (error) {
      if (error instanceof StoreError) throw error
      if (error instanceof DatabaseInUse) {
        throw new StoreError(`The store failed to ${what} within ${this.#timeout} ms: ${error.message}`, {
          error: readErrorFacts(error.driverError),
        })
      }
      if (isMissingTable(error))
        throw new StoreError(`There is no table for ${this.#kept}. Call createTable() first`, {
          error: readErrorFacts(error),
        })
      throw asStoreError(readErrorFacts(error), what)
    }
  }
}
