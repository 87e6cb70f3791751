import { StoreError } from '@wechat-auth/wechat-oauth'
import { asStoreError, checkTimeout } from '@wechat-auth/wechat-oauth/store-kit'
import { Connection } from './connection.js'
import { DatabaseInUse, isMissingTable, readErrorFacts } from './driver-error.js'
import { checkDatabase, type SqliteDatabase } from './sqlite-database.js'
import { WaitingLine } from './waiting-line.js'

/** What is done with a connection while the caller waits. */
export type Operation<T> = (connection: Connection) => T

/** Operations as stores promise them: carried out in turn, given up after a while, failing with a `StoreError`. */
export class Operations {
  readonly #connection: Connection
  readonly #timeout: number
  readonly #kept: string
  readonly #reads = new WaitingLine()
  readonly #writes = new WaitingLine()

  /**
   * @param timeout - milliseconds for which an operation waits for a database that is in use
   * @param kept - what the tables are for, e.g. `tokens`
   * @throws TypeError that names the option which is wrong
   */
  constructor(database: SqliteDatabase, timeout: number, kept: string) {
    checkDatabase(database)
    checkTimeout(timeout)
    this.#connection = new Connection(database)
    this.#timeout = timeout
    this.#kept = kept
  }

  /** @param what - completes "failed to …" */
  read<T>(what: string, operation: Operation<T>): Promise<T> {
    return this.#execute(this.#reads, what, operation)
  }

  /** @param what - completes "failed to …" */
  write<T>(what: string, operation: Operation<T>): Promise<T> {
    return this.#execute(this.#writes, what, operation)
  }

  async #execute<T>(line: WaitingLine, what: string, operation: Operation<T>): Promise<T> {
    try {
      return await line.execute(this.#timeout, () => operation(this.#connection))
    } catch (error) {
      if (error instanceof StoreError) throw error
      if (error instanceof DatabaseInUse) {
        throw new StoreError(
          `The store failed to ${what} within ${this.#timeout} ms: ${error.message}.`,
          { error: readErrorFacts(error.driverError) },
        )
      }
      if (isMissingTable(error))
        throw new StoreError(`There is no table for ${this.#kept}: createTable() makes it.`, {
          error: readErrorFacts(error),
        })
      throw asStoreError(readErrorFacts(error), what)
    }
  }
}
