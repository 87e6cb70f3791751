import { createPool, type Pool, type PoolOptions } from 'mysql2'
import { createPool as createPromisePool, type Pool as PromisePool } from 'mysql2/promise'

/** What an application may have set on its pool: none of it may reach the store. */
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
  // Neither emoji nor Chinese.
  charset: 'latin1_swedish_ci',
  flags: ['-FOUND_ROWS'],
  connectionLimit: 3,
  queryFormat: (sql: string) => sql.replaceAll('?', 'NULL'),
}

/** Settings of a session in which backslashes mean nothing, double quotes mean names, and what does not fit is cut off without a word. */
export const lenientSession = `SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT', time_zone = '-07:00'`

export interface PoolSettings extends PoolOptions {
  /** Run on each new connection. */
  session?: string
}

/** A pool of callbacks. The caller ends it, with `endPool`. */
export function openPool(url: string, { session, ...options }: PoolSettings = {}): Pool {
  const pool = createPool({ uri: url, ...options })
  if (session !== undefined) pool.on('connection', (connection) => connection.query(session))
  return pool
}

export function openPromisePool(url: string, options: PoolOptions = {}): PromisePool {
  return createPromisePool({ uri: url, ...options })
}

/** Resolves though the server may be dead. */
export async function endPool(pool: Pool | PromisePool): Promise<void> {
  const core = 'pool' in pool ? pool.pool : pool
  await new Promise<void>((resolve) => core.end(() => resolve()))
}
