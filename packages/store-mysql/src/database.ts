import { TokenStoreError } from '@wechat-auth/wechat-oauth'

/** A pool of `mysql2` or `mysql2/promise`, described by what is used of it: so it may come from any version. */
export interface MysqlPool {
  getConnection(callback: (error: Error | null, connection: unknown) => void): unknown
  execute(...args: never[]): unknown
}

/** A parameter: plain digits or hexadecimal ones, whatever the value was. */
export type Parameter = string | null

export interface Statement {
  readonly sql: string
  readonly values: readonly Parameter[]
}

export interface WriteResult {
  readonly affectedRows: number
}

type Row = (Buffer | null)[]
type TextRow = (string | null)[]
type Callback = (error: Error | null, result: unknown) => void

/** The connection below those of promises. */
interface Connection {
  execute(options: object, callback: Callback): unknown
  query(options: object, callback: Callback): unknown
  release(): void
  destroy(): void
  readonly stream?: { destroy?(): unknown }
}

interface TypeCastField {
  string(): string | null
  buffer(): Buffer | null
}

// Whatever the pool was made with: options of a statement go before those of its connection.
const plain = { rowsAsArray: true, nestTables: false, namedPlaceholders: false }
const asBytes = Object.freeze({ ...plain, typeCast: (field: TypeCastField) => field.buffer() })
const asTexts = Object.freeze({ ...plain, typeCast: (field: TypeCastField) => field.string() })

/** A statement that was turned down for reasons that are over when it is sent again. */
const passing = new Set([
  1205, // ER_LOCK_WAIT_TIMEOUT
  1213, // ER_LOCK_DEADLOCK
  1243, // ER_UNKNOWN_STMT_HANDLER: the connection is a new one behind a proxy
  1615, // ER_NEED_REPREPARE
])

/** The connection is no longer, or no more, of use: another may be. */
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

  /** @throws TypeError when it is no pool of mysql2 */
  constructor(pool: unknown) {
    const { getConnection, execute } = (pool ?? {}) as Partial<MysqlPool>
    if (typeof getConnection !== 'function' || typeof execute !== 'function') {
      throw new TypeError('pool must be a pool of mysql2 or mysql2/promise: on a single connection, the store would take part in transactions of the application')
    }
    this.#pool = pool as MysqlPool
  }

  async read(statement: Statement, signal: AbortSignal): Promise<Row[]> {
    return await this.#executeAgain(statement, signal) as Row[]
  }

  async write(statement: Statement, signal: AbortSignal): Promise<WriteResult> {
    return await this.#executeAgain(statement, signal) as WriteResult
  }

  /** For statements that cannot be prepared. */
  async query(sql: string, signal: AbortSignal): Promise<TextRow[]> {
    return await this.#run(signal, (connection, callback) => connection.query({ ...asTexts, sql }, callback)) as TextRow[]
  }

  async #executeAgain(statement: Statement, signal: AbortSignal): Promise<unknown> {
    try {
      return await this.#execute(statement, signal)
    } catch (error) {
      if (!passing.has(errnoOf(error) ?? 0)) throw error
      return this.#execute(statement, signal)
    }
  }

  // Prepared, so that values are never part of the statement.
  async #execute(statement: Statement, signal: AbortSignal): Promise<unknown> {
    return this.#run(signal, (connection, callback) => connection.execute({ ...asBytes, ...statement }, callback))
  }

  /** When the signal fires, the connection that waits for an answer is given up: what comes over it is nobody's any more. */
  async #run(signal: AbortSignal, send: (connection: Connection, callback: Callback) => void): Promise<unknown> {
    const connection = await this.#connection(signal)
    const giveUp = (): void => discard(connection)
    signal.addEventListener('abort', giveUp, { once: true })
    try {
      const result = await new Promise<unknown>((resolve, reject) => {
        send(connection, (error, answer) => {
          if (error) reject(error)
          else resolve(answer)
        })
      })
      checkCommitted(result)
      connection.release()
      return result
    } catch (error) {
      if (error instanceof TokenStoreError || spoiling.has(errnoOf(error) ?? 0)) discard(connection)
      else connection.release()
      throw error
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  async #connection(signal: AbortSignal): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const take = (connection: PooledConnection): void => {
        // It came too late: whoever waited for it was told so, and nothing may be sent any more.
        if (signal.aborted) connection.release()
        else resolve(coreOf(connection))
      }
      const returned = this.#pool.getConnection((error, connection) => {
        if (error) reject(error)
        else take(connection as PooledConnection)
      })
      if (isPromise(returned)) returned.then((connection) => take(connection as PooledConnection), reject)
    })
  }
}

/** Number of the server's error. */
export function errnoOf(error: unknown): number | undefined {
  const { errno } = (error ?? {}) as { errno?: unknown }
  return typeof errno === 'number' ? errno : undefined
}

interface PooledConnection extends Connection {
  /** What a connection of promises wraps. */
  readonly connection?: Connection
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
function checkCommitted(result: unknown): void {
  const { serverStatus } = result as { serverStatus?: number }
  if (((serverStatus ?? 0) & inTransaction) !== 0) throw autocommitOff()
}

export function autocommitOff(): TokenStoreError {
  return new TokenStoreError('The connections of the pool are in transactions: the token store needs autocommit, which is what MySQL begins with.')
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function'
}
