import { StoreError } from '@wechat-auth/wechat-oauth'
import type { Deadline } from '@wechat-auth/wechat-oauth/store-kit'
import { passing, readErrno, spoiling } from './driver-error.js'
import {
  unwrapConnection,
  type Callback,
  type Connection,
  type ConnectionConfig,
  type MysqlPool,
  type Parameter,
  type PooledConnection,
} from './mysql-pool.js'

export interface Statement {
  readonly sql: string
  readonly values: readonly Parameter[]
}

export interface WriteResult {
  readonly affectedRows: number
}

export type Row = readonly (Buffer | null)[]
export type TextRow = readonly (string | null)[]

type Send = (connection: Connection, callback: Callback) => void

interface TypeCastField {
  string(): string | null
  buffer(): Buffer | null
}

// Whatever the pool was made with: options of a statement go before those of its connection.
const plain = { rowsAsArray: true, nestTables: false, namedPlaceholders: false }
const asTexts = { ...plain, typeCast: (field: TypeCastField) => field.string() }
const asBytes = { ...plain, typeCast: (field: TypeCastField) => field.buffer() }

const inTransaction = 1

/** Sends the statements of one operation. */
export class StatementRunner {
  readonly #pool: MysqlPool
  readonly #deadline: Deadline
  #waiting: Connection | undefined

  constructor(pool: MysqlPool, deadline: Deadline) {
    this.#pool = pool
    this.#deadline = deadline
  }

  async read(statement: Statement): Promise<readonly Row[]> {
    const rows = (await this.#executeAgain(statement)) as (Row | Readonly<Record<string, Row[number]>>)[]
    return rows.map((row) => Object.values(row))
  }

  write(statement: Statement): Promise<WriteResult> {
    return this.#executeAgain(statement) as Promise<WriteResult>
  }

  /** For statements that cannot be prepared. */
  query(sql: string): Promise<readonly TextRow[]> {
    return this.#send((connection, callback) => connection.query({ ...asTexts, sql }, callback)) as Promise<
      readonly TextRow[]
    >
  }

  /** What comes over a connection that still waits is nobody's any more. */
  giveUp(): void {
    if (this.#waiting) discard(this.#waiting)
    this.#waiting = undefined
  }

  async #executeAgain(statement: Statement): Promise<unknown> {
    try {
      return await this.#execute(statement)
    } catch (error) {
      if (!passing.has(readErrno(error) ?? 0)) throw error
      return this.#execute(statement)
    }
  }

  // Prepared, so that values are never part of the statement.
  #execute({ sql, values }: Statement): Promise<unknown> {
    return this.#send((connection, callback) => {
      // For the driver, options take longer than everything that the store does for a statement.
      if (handsOverBytes(connection.config)) connection.execute(sql, values, callback)
      else connection.execute({ ...asBytes, sql, values }, callback)
    })
  }

  #send(send: Send): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const returned = this.#pool.getConnection((error, connection) => {
        if (error) reject(error)
        else this.#use(connection as PooledConnection, send, resolve, reject)
      })
      if (isPromise(returned))
        returned.then(
          (connection) => this.#use(connection as PooledConnection, send, resolve, reject),
          reject,
        )
    })
  }

  #use(
    pooled: PooledConnection,
    send: Send,
    resolve: (result: unknown) => void,
    reject: (error: Error) => void,
  ): void {
    // It came too late: whoever waited for it was told so.
    if (this.#deadline.isOver) {
      pooled.release()
      return
    }
    const connection = unwrapConnection(pooled)
    this.#waiting = connection
    try {
      send(connection, (error, result) => {
        if (this.#waiting !== connection) return
        const problem = error ?? uncommitted(result)
        this.#finish(connection, problem)
        if (problem) reject(problem)
        else resolve(result)
      })
    } catch (error) {
      this.#finish(connection, error)
      reject(error as Error)
    }
  }

  #finish(connection: Connection, problem: unknown): void {
    this.#waiting = undefined
    if (problem instanceof StoreError || spoiling.has(readErrno(problem) ?? 0)) discard(connection)
    else connection.release()
  }
}

/** Whether columns of bytes come as bytes, in objects or arrays, where the statement does not ask for it: no other option has a say in that. */
function handsOverBytes(config: ConnectionConfig | undefined): boolean {
  return config !== undefined && typeof config.typeCast !== 'function' && !config.nestTables
}

function discard(connection: Connection): void {
  connection.destroy()
  // The driver only says goodbye, and a server that does not answer never says it back.
  connection.stream?.destroy?.()
}

/** A write that waits for a COMMIT is not done, and nobody would commit it. */
function uncommitted(result: unknown): StoreError | undefined {
  const { serverStatus } = (result ?? {}) as { serverStatus?: number }
  return ((serverStatus ?? 0) & inTransaction) === 0 ? undefined : autocommitOff()
}

export function autocommitOff(): StoreError {
  return new StoreError(
    'The connections of the pool are in transactions: the token store needs autocommit, which is what MySQL begins with.',
  )
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function'
}
