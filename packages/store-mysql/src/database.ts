import { StoreError } from '@wechat-auth/wechat-oauth'
import { attemptBefore, type Deadline } from '@wechat-auth/wechat-oauth/store-kit'

/** A pool of `mysql2` or `mysql2/promise`, described by what is used of it: so it may come from any version. */
export interface MysqlPool {
  getConnection(callback: (error: Error | null, connection: unknown) => void): unknown
  execute(...args: never[]): unknown
}

/** A parameter: bytes, or digits and other plain ASCII. */
export type Parameter = Buffer | string | null

export interface Statement {
  readonly sql: string
  readonly values: readonly Parameter[]
}

export interface WriteResult {
  readonly affectedRows: number
}

export type Row = readonly (Buffer | null)[]
export type TextRow = readonly (string | null)[]

type Callback = (error: Error | null, result: unknown) => void
type Send = (connection: Connection, callback: Callback) => void

/** The connection below those of promises. */
interface Connection {
  execute(sql: string, values: readonly Parameter[], callback: Callback): unknown
  execute(options: object, callback: Callback): unknown
  query(options: object, callback: Callback): unknown
  release(): void
  destroy(): void
  readonly stream?: { destroy?(): unknown }
  readonly config?: ConnectionConfig
}

interface ConnectionConfig {
  readonly typeCast?: unknown
  readonly nestTables?: unknown
}

interface PooledConnection extends Connection {
  /** What a connection of promises wraps. */
  readonly connection?: Connection
}

interface TypeCastField {
  string(): string | null
  buffer(): Buffer | null
}

// Whatever the pool was made with: options of a statement go before those of its connection.
const plain = { rowsAsArray: true, nestTables: false, namedPlaceholders: false }
const asTexts = { ...plain, typeCast: (field: TypeCastField) => field.string() }
const asBytes = { ...plain, typeCast: (field: TypeCastField) => field.buffer() }

/** A statement that was turned down for reasons that are over when it is sent again. */
const passing = new Set([
  1205, // ER_LOCK_WAIT_TIMEOUT
  1213, // ER_LOCK_DEADLOCK
  1243, // ER_UNKNOWN_STMT_HANDLER: behind a proxy, the connection is another one
  1615, // ER_NEED_REPREPARE
])

/** The connection is of no use for this any more: another may be. */
const spoiling = new Set([
  1243,
  1615,
  1290, // ER_OPTION_PREVENTS_STATEMENT, ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, ER_READ_ONLY_MODE: no longer the primary server
  1792,
  1836,
])

const inTransaction = 1

/** Runs single statements, each on a connection of the pool that is its own for no longer than that. */
export class Database {
  readonly #pool: MysqlPool
  readonly #timeout: number

  /**
   * @param timeout - milliseconds that an operation may take
   * @throws TypeError when it is no pool of mysql2
   */
  constructor(pool: unknown, timeout: number) {
    const { getConnection, execute } = (pool ?? {}) as Partial<MysqlPool>
    if (typeof getConnection !== 'function' || typeof execute !== 'function') {
      throw new TypeError(
        'pool must be a pool of mysql2 or mysql2/promise: on a single connection, the store would take part in transactions of the application',
      )
    }
    this.#pool = corePoolOf(pool as MysqlPool)
    this.#timeout = timeout
  }

  /**
   * Runs an operation of one or more statements for as long as it may take; then gives up the connection that waits for
   * an answer, if there is one, and no other statement is sent.
   *
   * @param what - completes "failed to …"
   */
  async run<T>(what: string, operation: (statements: StatementRunner) => Promise<T>): Promise<T> {
    let runner: StatementRunner | undefined
    try {
      return await attemptBefore(this.#timeout, what, (deadline) => {
        runner = new StatementRunner(this.#pool, deadline)
        return operation(runner)
      })
    } finally {
      runner?.giveUp()
    }
  }
}

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
      if (!passing.has(errnoOf(error) ?? 0)) throw error
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
    const connection = coreOf(pooled)
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
    if (problem instanceof StoreError || spoiling.has(errnoOf(problem) ?? 0)) discard(connection)
    else connection.release()
  }
}

/** Number of the server's error. */
export function errnoOf(error: unknown): number | undefined {
  const { errno } = (error ?? {}) as { errno?: unknown }
  return typeof errno === 'number' ? errno : undefined
}

/** Whether columns of bytes come as bytes, in objects or arrays, where the statement does not ask for it: no other option has a say in that. */
function handsOverBytes(config: ConnectionConfig | undefined): boolean {
  return config !== undefined && typeof config.typeCast !== 'function' && !config.nestTables
}

/** The pool below that of promises, which would wrap its connection each time it hands it out. */
function corePoolOf(pool: MysqlPool & { readonly pool?: MysqlPool }): MysqlPool {
  return typeof pool.pool?.getConnection === 'function' ? pool.pool : pool
}

function coreOf(connection: PooledConnection): Connection {
  return typeof connection.connection?.execute === 'function' ? connection.connection : connection
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
