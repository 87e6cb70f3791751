import { type LockBackend, lockError } from '@wechat-auth/wechat-oauth/store-kit'
import { isMissingTable, readErrorFacts } from './driver-error.js'
import type { Operations } from './operations.js'

/** Locks as rows with an owner and an end. No transaction is open while a lock is held, and the lock of a process that died expires. */
export class Locks {
  readonly #operations: Operations
  readonly #acquire: string
  readonly #release: string

  /** @param table - quoted */
  constructor(operations: Operations, table: string) {
    this.#operations = operations
    this.#acquire = `INSERT INTO ${table} (name, owner, expires_at) VALUES (?, ?, ?)
      ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at WHERE expires_at <= ?`
    this.#release = `DELETE FROM ${table} WHERE name = ? AND owner = ?`
  }

  lock(name: string): LockBackend {
    return {
      acquire: (owner, ttl) =>
        this.#operations.write('lock', (connection) => {
          const now = Date.now()
          try {
            return connection.write(this.#acquire, name, owner, now + Math.ceil(ttl), now) > 0
          } catch (error) {
            throw isMissingTable(error)
              ? lockError('There is no table for locks. Call createTable() first', readErrorFacts(error))
              : error
          }
        }),
      release: async (owner) => {
        await this.#operations.write('unlock', (connection) => connection.write(this.#release, name, owner))
      },
    }
  }
}
