import type { LockOptions, TokenStore, WechatToken } from '@wechat-auth/wechat-oauth'
import {
  checkWellFormedKey,
  decodeRecord,
  encodeRecord,
  runLocked,
} from '@wechat-auth/wechat-oauth/store-kit'
import { Locks } from './locks.js'
import { Operations } from './operations.js'
import { createTokenTables, tokenTables, type TokenTables, toScript } from './schema.js'
import type { SqliteDatabase } from './sqlite-database.js'
import { checkTable } from './table-name.js'
import { refuseOtherNames } from './wrong-names.js'

export interface SqliteTokenStoreOptions {
  /** A database of better-sqlite3, libsql, `node:sqlite` or `bun:sqlite`. The store never closes it. */
  database: SqliteDatabase
  /** The name of the table. Default `token`. */
  table?: string
  /** Milliseconds for which an operation waits while the database is in use, before it rejects. Default 5000, at most a day. */
  timeout?: number
}

/**
 * Keeps tokens in a table of an SQLite database, with the record as JSON and the openid as the primary key. Processes on one
 * machine may share the file.
 *
 * While another connection writes, operations wait without blocking the process, whatever the database's `busy_timeout`.
 * While the application has a transaction open on the same database object, writes wait until it ends.
 */
export class SqliteTokenStore implements TokenStore {
  readonly #operations: Operations
  readonly #locks: Locks
  readonly #tables: TokenTables
  readonly #select: string
  readonly #upsert: string
  readonly #delete: string

  /** @throws TypeError that names the invalid option */
  constructor(options: SqliteTokenStoreOptions) {
    refuseOtherNames('SqliteTokenStore', options)
    const { database, table = 'token', timeout = 5000 } = options
    this.#operations = new Operations(database, timeout, 'tokens')
    checkTable(table)
    this.#tables = tokenTables(table)
    const { tokens, locks } = this.#tables
    this.#locks = new Locks(this.#operations, locks)
    this.#select = `SELECT record FROM ${tokens} WHERE openid = ?`
    this.#upsert = `INSERT INTO ${tokens} (openid, record) VALUES (?, ?) ON CONFLICT (openid) DO UPDATE SET record = excluded.record`
    this.#delete = `DELETE FROM ${tokens} WHERE openid = ?`
  }

  /**
   * Creates the table and `<table>_lock` if they do not exist.
   *
   * @throws StoreError
   */
  async createTable(): Promise<void> {
    await this.#operations.write('create its tables', (connection) =>
      connection.execute(createTokenTables(this.#tables)),
    )
  }

  /** Returns the SQL that `createTable` runs. */
  createTableSQL(): string {
    return toScript(createTokenTables(this.#tables))
  }

  /**
   * @returns the record, or `null` if there is none
   * @throws StoreError if SQLite fails, the database is in use for longer than `timeout`, or it holds something that
   *   is not a record; TypeError
   */
  async getToken(openid: string): Promise<WechatToken | null> {
    checkWellFormedKey(openid)
    const text = await this.#operations.read('read', (connection) => connection.read(this.#select, openid))
    return text === undefined ? null : decodeRecord(text)
  }

  /**
   * Replaces the record. Columns that the application has added do not change.
   *
   * @throws StoreError; TypeError
   */
  async saveToken(openid: string, token: WechatToken): Promise<void> {
    checkWellFormedKey(openid)
    const record = encodeRecord(token, 'save')
    await this.#operations.write('save', (connection) => connection.write(this.#upsert, openid, record))
  }

  /** @throws StoreError; TypeError */
  async deleteToken(openid: string): Promise<void> {
    checkWellFormedKey(openid)
    await this.#operations.write('delete', (connection) => connection.write(this.#delete, openid))
  }

  /**
   * Runs `task` while it holds the lock, which excludes every other holder in any process on this machine. No transaction is
   * open meanwhile.
   *
   * @throws StoreError `ERR_WECHAT_LOCK` if the lock is not acquired within `wait`, or the table for locks is missing; TypeError
   */
  async withLock<T>(
    key: string,
    task: (signal: AbortSignal) => Promise<T>,
    options?: LockOptions,
  ): Promise<T> {
    checkWellFormedKey(key)
    return runLocked(this.#locks.lock(key), task, options)
  }
}
