import type { SessionStore, StoredSession } from '@wechat-auth/wechat-oauth'
import {
  checkLifetime,
  checkWellFormedName,
  decodeSession,
  encodeRecord,
} from '@wechat-auth/wechat-oauth/store-kit'
import type { Transaction } from './connection.js'
import { Operations } from './operations.js'
import { createSessionTable, toScript } from './schema.js'
import type { SqliteDatabase } from './sqlite-database.js'
import { checkTable, quoteName } from './table-name.js'
import { refuseOtherNames } from './wrong-names.js'

export interface SqliteSessionStoreOptions {
  /** A database of better-sqlite3, libsql, `node:sqlite` or `bun:sqlite`. The store never closes it. */
  database: SqliteDatabase
  /** The name of the table. Default `wechat_session`. */
  table?: string
  /** Milliseconds for which an operation waits while the database is in use, before it rejects. Default 5000, at most a day. */
  timeout?: number
}

/** A session as a row. */
interface Row {
  userId: string
  record: string
  end: number
}

/** Expired sessions that each new session removes: more than one, so that their number falls. */
const sweep = 10

/**
 * Keeps sessions in a table of an SQLite database, with the session as JSON and the hash of its token as the primary key.
 * Processes on one machine may share the file.
 *
 * Each operation is one transaction. Expired sessions are never found; each new session removes a few of them.
 */
export class SqliteSessionStore implements SessionStore {
  readonly #operations: Operations
  readonly #table: string
  readonly #select: string
  readonly #list: string
  readonly #upsert: string
  readonly #sweep: string
  readonly #end: string
  readonly #delete: string
  readonly #deleteByUser: string

  /** @throws TypeError that names the invalid option */
  constructor(options: SqliteSessionStoreOptions) {
    refuseOtherNames('SqliteSessionStore', options)
    const { database, table = 'wechat_session', timeout = 5000 } = options
    this.#operations = new Operations(database, timeout, 'sessions')
    checkTable(table)
    this.#table = table
    const sessions = quoteName(table)
    this.#select = `SELECT record FROM ${sessions} WHERE hash = ? AND expires_at > ?`
    this.#list = `SELECT json_group_array(record) FROM ${sessions} WHERE user_id = ? AND expires_at > ?`
    this.#upsert = `INSERT INTO ${sessions} (hash, user_id, record, expires_at) VALUES (?, ?, ?, ?)
      ON CONFLICT (hash) DO UPDATE SET user_id = excluded.user_id, record = excluded.record, expires_at = excluded.expires_at`
    this.#sweep = `DELETE FROM ${sessions} WHERE hash IN (SELECT hash FROM ${sessions} WHERE expires_at <= ? ORDER BY expires_at LIMIT ${sweep})`
    this.#end = `DELETE FROM ${sessions} WHERE hash = ? AND expires_at > ?`
    this.#delete = `DELETE FROM ${sessions} WHERE hash = ?`
    this.#deleteByUser = `DELETE FROM ${sessions} WHERE user_id = ?`
  }

  /**
   * Creates the table and its indexes if they do not exist.
   *
   * @throws StoreError
   */
  async createTable(): Promise<void> {
    await this.#operations.write('create its tables', (connection) =>
      connection.execute(createSessionTable(this.#table)),
    )
  }

  /** Returns the SQL that `createTable` runs. */
  createTableSQL(): string {
    return toScript(createSessionTable(this.#table))
  }

  /**
   * @param ttl - seconds from now
   * @throws StoreError if SQLite fails or the database is in use for longer than `timeout`; TypeError
   */
  async create(hash: string, session: StoredSession, ttl: number): Promise<void> {
    checkWellFormedName('hash', hash)
    const what = 'create a session'
    const row = toRow(session, ttl, what)
    await this.#operations.write(what, (connection) =>
      connection.transaction((transaction) => this.#insert(transaction, hash, row)),
    )
  }

  /**
   * @returns the session, or `null` if there is none or it has expired
   * @throws StoreError also if the database holds something that is not a session; TypeError
   */
  async get(hash: string): Promise<StoredSession | null> {
    checkWellFormedName('hash', hash)
    const record = await this.#operations.read('read a session', (connection) =>
      connection.read(this.#select, hash, Date.now()),
    )
    return record === undefined ? null : decodeSession(record)
  }

  /**
   * If several calls rotate one session at once, exactly one wins.
   *
   * @param ttl - seconds from now
   * @returns whether this call won; also `false` if there is no session `oldHash`
   * @throws StoreError; TypeError
   */
  async rotate(oldHash: string, newHash: string, session: StoredSession, ttl: number): Promise<boolean> {
    checkWellFormedName('oldHash', oldHash)
    checkWellFormedName('newHash', newHash)
    const what = 'rotate a session'
    const row = toRow(session, ttl, what)
    return this.#operations.write(what, (connection) =>
      connection.transaction((transaction) => {
        if (transaction.write(this.#end, oldHash, Date.now()) === 0) return false
        this.#insert(transaction, newHash, row)
        return true
      }),
    )
  }

  /** @throws StoreError; TypeError */
  async delete(hash: string): Promise<void> {
    checkWellFormedName('hash', hash)
    await this.#operations.write('end a session', (connection) => connection.write(this.#delete, hash))
  }

  /** @throws StoreError; TypeError */
  async deleteByUser(userId: string): Promise<void> {
    checkWellFormedName('userId', userId)
    await this.#operations.write('end the sessions of a user', (connection) =>
      connection.write(this.#deleteByUser, userId),
    )
  }

  /** @throws StoreError; TypeError */
  async listByUser(userId: string): Promise<StoredSession[]> {
    checkWellFormedName('userId', userId)
    const records = await this.#operations.read('list the sessions of a user', (connection) =>
      connection.read(this.#list, userId, Date.now()),
    )
    return (JSON.parse(String(records)) as unknown[]).map(decodeSession)
  }

  #insert(transaction: Transaction, hash: string, { userId, record, end }: Row): void {
    transaction.write(this.#sweep, Date.now())
    transaction.write(this.#upsert, hash, userId, record, end)
  }
}

function toRow(session: StoredSession, ttl: number, what: string): Row {
  checkLifetime(ttl)
  const { userId } = session
  checkWellFormedName('userId', userId)
  return {
    userId,
    record: encodeRecord(session, what),
    end: Math.min(Date.now() + Math.ceil(ttl * 1000), Number.MAX_SAFE_INTEGER),
  }
}
