import { type LockBackend, lockError } from '@wechat-auth/wechat-oauth/store-kit'
import { readErrno } from './driver-error.js'
import type { Operations } from './operations.js'
import { longestLockName } from './schema.js'
import type { StatementRunner } from './statement-runner.js'

const duplicate = 1062
const missing = new Set([
  1146, // ER_NO_SUCH_TABLE
  1142, // ER_TABLEACCESS_DENIED_ERROR
])
/** Errors while another process works on the same lock. */
const busy = new Set([1205, 1213])

// The server's clock, which all processes share; in UTC, because connections may have different time zones.
const expiry = 'UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND'

/** Locks as rows with an owner and an end. No connection is held, and the lock of a process that died expires. */
export class Locks {
  readonly #operations: Operations
  readonly #table: string

  /** @param table - quoted */
  constructor(operations: Operations, table: string) {
    this.#operations = operations
    this.#table = table
  }

  lock(key: string): LockBackend {
    const name = Buffer.from(key)
    return {
      acquire: async (owner, ttl) => {
        if (name.length > longestLockName) throw lockError('The name of the lock is too long')
        return this.#execute('lock', (statements) => this.#acquire(statements, name, owner, ttl))
      },
      release: async (owner) => {
        const release = {
          sql: `DELETE FROM ${this.#table} WHERE name = ? AND owner = ?`,
          values: [name, owner],
        }
        await this.#execute('unlock', (statements) => statements.write(release))
      },
    }
  }

  async #acquire(statements: StatementRunner, name: Buffer, owner: string, ttl: number): Promise<boolean> {
    const microseconds = String(Math.ceil(ttl * 1000))
    const take = {
      sql: `INSERT INTO ${this.#table} (name, owner, expires_at) VALUES (?, ?, ${expiry})`,
      values: [name, owner, microseconds],
    }
    const takeOver = {
      sql: `UPDATE ${this.#table} SET owner = ?, expires_at = ${expiry} WHERE name = ? AND expires_at <= UTC_TIMESTAMP(6)`,
      values: [owner, microseconds, name],
    }
    try {
      await statements.write(take)
      return true
    } catch (error) {
      if (readErrno(error) !== duplicate) throw error
    }
    return (await statements.write(takeOver)).affectedRows > 0
  }

  async #execute<T>(
    what: string,
    operation: (statements: StatementRunner) => Promise<T>,
  ): Promise<T | false> {
    return this.#operations.execute(what, async (statements) => {
      try {
        return await operation(statements)
      } catch (error) {
        const errno = readErrno(error) ?? 0
        if (busy.has(errno)) return false
        if (missing.has(errno))
          throw lockError(
            `The table ${this.#table} for locks does not exist, or the database user may not use it. Call createTable() first`,
            error,
          )
        throw error
      }
    })
  }
}
