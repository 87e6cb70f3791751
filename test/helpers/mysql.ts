import { createPool, type Pool, type PoolOptions } from 'mysql2'
import { createPool as createPromisePool, type Pool as PromisePool } from 'mysql2/promise'

/** Options that an application may have set on its pool. None may affect the store. */
export const hostileOptions: PoolOptions = {
  rowsAsArray: false,
  nestTables: true,
  namedPlaceholders: true,
  typeCast: () => 'of the application',
  dateStrings: true,
  supportBigNumbers: true,
  bigNumberStrings: true,
  decimalNumbers: true,
  jsonStrings: true,
  stringifyObjects: true,
  multipleStatements: true,
  timezone: '+08:00',
  // It has neither emoji nor Chinese.
  charset: 'latin1_swedish_ci',
  flags: ['-FOUND_ROWS'],
  connectionLimit: 3,
  queryFormat: (sql: string) => sql.replaceAll('?', 'NULL'),
}

/** Settings of a session in which backslashes are literal, double quotes enclose names, and long values are cut off silently. */
export const lenientSession = `SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT', time_zone = '-07:00'`

export interface PoolSettings extends PoolOptions {
  /** Runs on each new connection. */
  session?: string
}

/** Creates a pool with callbacks. The caller ends it with `endPool`. */
export function openPool(url: string, { session, ...options }: PoolSettings = {}): Pool {
  const pool = createPool({ uri: url, ...options })
  if (session !== undefined) pool.on('connection', (connection) => connection.query(session))
  return pool
}

export function openPromisePool(url: string, options: PoolOptions = {}): PromisePool {
  return createPromisePool({ uri: url, ...options })
}

/** Ends a pool; also resolves if the server is dead. */
export async function endPool(pool: Pool | PromisePool): Promise<void> {
  const core = 'pool' in pool ? pool.pool : pool
  await new Promise<void>((resolve) => core.end(() => resolve()))
}
