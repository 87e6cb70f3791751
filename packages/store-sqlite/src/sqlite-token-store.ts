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
  /** A database of better-sqlite3, libsql or `node:sqlite`. It is never closed. */
  database: SqliteDatabase
  /** Name of the table. Default `token`. */
  table?: string
  /** Milliseconds for which an operation waits while others use the database, before it rejects. Default 5000, at most a day. */
  timeout?: number
}

/**
 * Keeps tokens in a table of an SQLite database: the record as JSON, the openid as the primary key. Processes on one
 * machine may share the file.
 *
 * While another connection writes, operations wait without holding up the process, whatever `busy_timeout` the database
 * has; while the application has a transaction open on the same database object, writes wait for its end.
 */
export class SqliteTokenStore implements TokenStore {
  readonly #operations: Operations
  readonly #locks: Locks
  readonly #tables: TokenTables
  readonly #select: string
  readonly #upsert: string
  readonly #delete: string

  /** @throws TypeError that names the option which is wrong */
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
   * Makes the table and `<table>_lock`, unless they are there.
   *
   * @throws StoreError
   */
  async createTable(): Promise<void> {
    await this.#operations.write('create its tables', (connection) =>
      connection.execute(createTokenTables(this.#tables)),
    )
  }

  /** What `createTable` runs. */
  createTableSQL(): string {
    return toScript(createTokenTables(this.#tables))
  }

  /**
   * @returns the record, or `null` where there is none
   * @throws StoreError when SQLite fails, the database is in use for longer than `timeout`, or what it holds is no
   *   record; TypeError
   */
  async getToken(openid: string): Promise<WechatToken | null> {
    checkWellFormedKey(openid)
    const text = await this.#operations.read('read', (connection) => connection.read(this.#select, openid))
    return text === undefined ? null : decodeRecord(text)
  }

  /**
   * Replaces the record. Columns that the application added stay as they are.
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
   * Runs `task` while nobody else holds the lock, in this process or another on this machine. No transaction is open
   * meanwhile.
   *
   * @throws StoreError `ERR_WECHAT_LOCK` when the lock is not had within `wait`, or the table for locks is missing; TypeError
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
