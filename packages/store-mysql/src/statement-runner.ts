import { StoreError } from '@wechat-auth/wechat-oauth'
import { isThenable, type Deadline } from '@wechat-auth/wechat-oauth/store-kit'
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

// The options of a statement override those of its pool.
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

  /** Discards a connection that still waits, because nothing may read its answer. */
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

  // The statement is prepared, so values are never part of it.
  #execute({ sql, values }: Statement): Promise<unknown> {
    return this.#send((connection, callback) => {
      // In the driver, options cost more time than everything that the store does for a statement.
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
      if (isThenable(returned))
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
    // It came too late: the operation has been rejected.
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

/** Whether the connection returns columns of bytes as bytes without options of the statement. No other option matters. */
function handsOverBytes(config: ConnectionConfig | undefined): boolean {
  return config !== undefined && typeof config.typeCast !== 'function' && !config.nestTables
}

function discard(connection: Connection): void {
  connection.destroy()
  // The driver waits for the server to close the connection, and a server that does not answer never does.
  connection.stream?.destroy?.()
}

/** Returns an error for a write that waits for a COMMIT, because nothing would commit it. */
function uncommitted(result: unknown): StoreError | undefined {
  const { serverStatus } = (result ?? {}) as { serverStatus?: number }
  return ((serverStatus ?? 0) & inTransaction) === 0 ? undefined : autocommitOff()
}

export function autocommitOff(): StoreError {
  return new StoreError(
    'The connections of the pool are in transactions. Turn on autocommit, which is the default of MySQL',
  )
}
