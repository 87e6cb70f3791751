/** A pool of `mysql2` or `mysql2/promise`. The type has only the members that the store uses, so it accepts any version. */
export interface MysqlPool {
  getConnection(callback: (error: Error | null, connection: unknown) => void): unknown
  execute(...args: never[]): unknown
}

/** A parameter of a statement: bytes, or digits and other plain ASCII. */
export type Parameter = Buffer | string | null

export type Callback = (error: Error | null, result: unknown) => void
/** A connection with callbacks, which a connection of `mysql2/promise` wraps. */
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
  /** The wrapped connection, if this is a connection of `mysql2/promise`. */
  readonly connection?: Connection
}

/** @throws TypeError if it is not a pool of mysql2 */
export function checkPool(pool: unknown): asserts pool is MysqlPool {
  const { getConnection, execute } = (pool ?? {}) as Partial<MysqlPool>
  if (typeof getConnection !== 'function' || typeof execute !== 'function') {
    throw new TypeError(
      "pool must be a pool of mysql2 or mysql2/promise. On a single connection, the store would take part in the application's transactions",
    )
  }
}

/** Returns the pool that a pool of `mysql2/promise` wraps, which saves wrapping each connection. */
export function unwrapPool(pool: MysqlPool & { readonly pool?: MysqlPool }): MysqlPool {
  return typeof pool.pool?.getConnection === 'function' ? pool.pool : pool
}

export function unwrapConnection(connection: PooledConnection): Connection {
  return typeof connection.connection?.execute === 'function' ? connection.connection : connection
}
