import { StoreError, type LockOptions, type TokenStore, type WechatToken } from '@wechat-auth/wechat-oauth'
import { asStoreError, checkKey, checkTimeout, runLocked } from '@wechat-auth/wechat-oauth/store-kit'
import { readErrno } from './driver-error.js'
import { type Field, toFields } from './fields.js'
import { Locks } from './locks.js'
import type { MysqlPool } from './mysql-pool.js'
import { Operations } from './operations.js'
import { type Cells, toCells, toKeyCell, toRecord } from './record.js'
import { createTableStatements } from './schema.js'
import type { StatementRunner } from './statement-runner.js'
import { createStatements, type Statements } from './statements.js'
import { findTable, type Table } from './table.js'
import { parseTableName, type TableNames } from './table-name.js'
import { refuseOtherNames } from './wrong-names.js'

export interface MysqlTokenStoreOptions {
  /** A pool from `createPool` of `mysql2` or `mysql2/promise`. The store never closes it. */
  pool: MysqlPool
  /** The name of the table, or `database.name`. Default `token`. */
  table?: string
  /** Milliseconds after which an operation without an answer rejects, including the time in the pool's queue. Default 5000, at most a day. */
  timeout?: number
}

interface FoundTable {
  readonly table: Table
  readonly statements: Statements
}

const noSuchTable = 1146
const noSuchColumn = 1054

/**
 * Keeps tokens in a table of MySQL or MariaDB. The table may come from `createTable` or from the README of `wechat-oauth`,
 * and may have more columns of the application. Each operation is one statement.
 */
export class MysqlTokenStore implements TokenStore {
  readonly #operations: Operations
  readonly #names: TableNames
  readonly #locks: Locks
  #found: Promise<FoundTable> | undefined

  /** @throws TypeError that names the invalid option */
  constructor(options: MysqlTokenStoreOptions) {
    refuseOtherNames('MysqlTokenStore', options)
    const { pool, table = 'token', timeout = 5000 } = options
    checkTimeout(timeout)
    this.#operations = new Operations(pool, timeout)
    this.#names = parseTableName(table)
    this.#locks = new Locks(this.#operations, this.#names.locks)
  }

  /** Returns the statements of `createTable`, for databases in which the store may not create tables. */
  createTableSQL(): string {
    return createTableStatements(this.#names)
      .map((statement) => `${statement};\n`)
      .join('\n')
  }

  /**
   * Creates the table and `<table>_lock` if they do not exist. It does not change existing tables.
   *
   * @throws StoreError
   */
  async createTable(): Promise<void> {
    await this.#operations.execute('create its tables', async (statements) => {
      for (const statement of createTableStatements(this.#names)) await statements.query(statement)
    })
  }

  /**
   * @returns the record, or `null` if there is none
   * @throws StoreError if the server fails or does not answer within `timeout`, or if the table cannot keep records
   *   or holds something that is not a record; TypeError
   */
  async getToken(openid: string): Promise<WechatToken | null> {
    checkKey(openid)
    return this.#onTable('read', async ({ table, statements }, runner) => {
      const key = toKeyCell(table, openid)
      if (key === undefined) return null
      const [row] = await runner.read(statements.read(key))
      return row ? toRecord(table, openid, row) : null
    })
  }

  /**
   * Replaces the record. Columns of the application that the record has no field for do not change.
   *
   * If the table has neither a column for `unionid` or `is_snapshotuser` nor one called `extra`, these fields are
   * left out, and the process is warned once.
   *
   * @throws StoreError, with the remedy if the table has no room for another field; TypeError
   */
  async saveToken(openid: string, token: WechatToken): Promise<void> {
    checkKey(openid)
    const fields = copyFields(token)
    await this.#onTable('save', ({ table, statements }, runner) =>
      runner.write(statements.save(this.#cells(table, openid, fields))),
    )
  }

  /** @throws StoreError; TypeError */
  async deleteToken(openid: string): Promise<void> {
    checkKey(openid)
    await this.#onTable('delete', async ({ table, statements }, runner) => {
      const key = toKeyCell(table, openid)
      if (key !== undefined) await runner.write(statements.delete(key))
    })
  }

  /**
   * Runs `task` while it holds the lock, which excludes every other holder in any process. It holds no connection meanwhile.
   *
   * @throws StoreError `ERR_WECHAT_LOCK` if the lock is not acquired within `wait`, or the table for locks is missing; TypeError
   */
  async withLock<T>(
    key: string,
    task: (signal: AbortSignal) => Promise<T>,
    options?: LockOptions,
  ): Promise<T> {
    checkKey(key)
    return runLocked(this.#locks.lock(key), task, options)
  }

  async #onTable<T>(
    what: string,
    command: (found: FoundTable, runner: StatementRunner) => Promise<T>,
  ): Promise<T> {
    return this.#operations.execute(what, async (runner) => {
      try {
        return await command(await this.#table(), runner)
      } catch (error) {
        const errno = readErrno(error)
        if (errno !== noSuchColumn && errno !== noSuchTable) throw error
        // The table has changed since its columns were read. Nothing was written.
        this.#found = undefined
        return command(await this.#table(), runner)
      }
    })
  }

  #cells(table: Table, openid: string, fields: readonly Field[]): Cells {
    try {
      return toCells(table, openid, fields)
    } catch (error) {
      // After the table is changed as the error says, saving must work without a restart.
      this.#found = undefined
      throw error
    }
  }

  /** Reads the table's columns once, at the first use. */
  #table(): Promise<FoundTable> {
    if (this.#found) return this.#found
    const finding = this.#operations.execute('inspect its table', (runner) => this.#find(runner))
    this.#found = finding
    finding.catch(() => {
      if (this.#found === finding) this.#found = undefined
    })
    return finding
  }

  async #find(runner: StatementRunner): Promise<FoundTable> {
    try {
      const table = await findTable(runner, this.#names.tokens)
      return { table, statements: createStatements(table) }
    } catch (error) {
      if (readErrno(error) !== noSuchTable) throw error
      throw new StoreError(`There is no table ${this.#names.tokens}. Call createTable() first`, {
        error,
      })
    }
  }
}

function copyFields(token: WechatToken): readonly Field[] {
  try {
    return toFields(token)
  } catch (error) {
    throw asStoreError(error, 'save')
  }
}
