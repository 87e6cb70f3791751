/** A pool of `mysql2` or `mysql2/promise`, described by what is used of it: so it may come from any version. */
export interface MysqlPool {
  getConnection(callback: (error: Error | null, connection: unknown) => void): unknown
  execute(...args: never[]): unknown
}

/** A parameter: bytes, or digits and other plain ASCII. */
export type Parameter = Buffer | string | null

export type Callback = (error: Error | null, result: unknown) => void
/** The connection below those of promises. */
export interface Connection {
  execute(sql: string, values: readonly Parameter[], callback: Callback): unknown
  execute(options: object, callback: Callback): unknown
  query(options: object, callback: Callback): unknown
  release(): void
  destroy(): void
  readonly stream?: { destroy?(): unknown }
  readonly config?: ConnectionConfig
}

export interface ConnectionConfig {
  readonly typeCast?: unknown
  readonly nestTables?: unknown
}

export interface PooledConnection extends Connection {
  /** What a connection of promises wraps. */
  readonly connection?: Connection
}

/** @throws TypeError when it is no pool of mysql2 */
export function checkPool(pool: unknown): asserts pool is MysqlPool {
  const { getConnection, execute } = (pool ?? {}) as Partial<MysqlPool>
  if (typeof getConnection !== 'function' || typeof execute !== 'function') {
    throw new TypeError(
      'pool must be a pool of mysql2 or mysql2/promise: on a single connection, the store would take part in transactions of the application',
    )
  }
}

/** The pool below that of promises, which would wrap its connection each time it hands it out. */
export function unwrapPool(pool: MysqlPool & { readonly pool?: MysqlPool }): MysqlPool {
  return typeof pool.pool?.getConnection === 'function' ? pool.pool : pool
}

export function unwrapConnection(connection: PooledConnection): Connection {
  return typeof connection.connection?.execute === 'function' ? connection.connection : connection
}
