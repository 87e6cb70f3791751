import { attemptWithin, lockError, type LockBackend } from '@wechat-auth/wechat-oauth/store-kit'
import { hexOf } from './column-type.js'
import { errnoOf, type Database } from './database.js'
import { longestLockName } from './schema.js'

const duplicate = 1062
const missing = new Set([
  1146, // ER_NO_SUCH_TABLE
  1142, // ER_TABLEACCESS_DENIED_ERROR
])
/** Somebody else is at the same lock. */
const busy = new Set([1205, 1213])

// The clock is the server's, for all who ask; in UTC, since connections may be set to different time zones.
const expiry = 'UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND'

/** Locks as rows with an owner and an end: nobody holds a connection, and the lock of a process that died ends like any other. */
export class LockTable {
  readonly #database: Database
  readonly #table: string
  readonly #timeout: number

  /** @param table - quoted */
  constructor(database: Database, table: string, timeout: number) {
    this.#database = database
    this.#table = table
    this.#timeout = timeout
  }

  lock(key: string): LockBackend {
    const name = hexOf(key)
    return {
      acquire: async (owner, ttl) => {
        if (name.length > 2 * longestLockName) throw lockError('The name of the lock is too long.')
        return this.#within('lock', (signal) => this.#acquire(name, owner, ttl, signal))
      },
      release: async (owner) => {
        await this.#within('unlock', (signal) => this.#write(`DELETE FROM ${this.#table} WHERE name = UNHEX(?) AND owner = ?`, [name, owner], signal))
      },
    }
  }

  async #acquire(name: string, owner: string, ttl: number, signal: AbortSignal): Promise<boolean> {
    const microseconds = String(Math.ceil(ttl * 1000))
    try {
      await this.#write(`INSERT INTO ${this.#table} (name, owner, expires_at) VALUES (UNHEX(?), ?, ${expiry})`, [name, owner, microseconds], signal)
      return true
    } catch (error) {
      if (errnoOf(error) !== duplicate) throw error
    }
    const lapsed = `UPDATE ${this.#table} SET owner = ?, expires_at = ${expiry} WHERE name = UNHEX(?) AND expires_at <= UTC_TIMESTAMP(6)`
    return await this.#write(lapsed, [owner, microseconds, name], signal) > 0
  }

  async #write(sql: string, values: string[], signal: AbortSignal): Promise<number> {
    return (await this.#database.write({ sql, values }, signal)).affectedRows
  }

  async #within<T>(what: string, command: (signal: AbortSignal) => Promise<T>): Promise<T | false> {
    return attemptWithin(this.#timeout, what, async (signal) => {
      try {
        return await command(signal)
      } catch (error) {
        const errno = errnoOf(error) ?? 0
        if (busy.has(errno)) return false
        if (missing.has(errno)) throw lockError(`There is no table ${this.#table} for locks that may be used: createTable() makes it.`, error)
        throw error
      }
    })
  }
}
