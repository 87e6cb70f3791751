import {
  StoreError,
  type LockOptions,
  type TokenStore,
  type WechatToken,
} from '@wechat-auth/wechat-oauth'
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
  /** What `createPool` of `mysql2` or `mysql2/promise` made. It is never closed. */
  pool: MysqlPool
  /** Name of the table, or `database.name`. Default `token`. */
  table?: string
  /** Milliseconds after which an operation rejects that has no answer, time in the pool's queue included. Default 5000, at most a day. */
  timeout?: number
}

interface FoundTable {
  readonly table: Table
  readonly statements: Statements
}

const noSuchTable = 1146
const noSuchColumn = 1054

/**
 * Keeps tokens in a table of MySQL or MariaDB: one that `createTable` made, or that the README of `wechat-oauth` told
 * people to make, with or without columns of the application's own. One statement per operation.
 */
export class MysqlTokenStore implements TokenStore {
  readonly #operations: Operations
  readonly #names: TableNames
  readonly #locks: Locks
  #found: Promise<FoundTable> | undefined

  /** @throws TypeError that names the option which is wrong */
  constructor(options: MysqlTokenStoreOptions) {
    refuseOtherNames('MysqlTokenStore', options)
    const { pool, table = 'token', timeout = 5000 } = options
    checkTimeout(timeout)
    this.#operations = new Operations(pool, timeout)
    this.#names = parseTableName(table)
    this.#locks = new Locks(this.#operations, this.#names.locks)
  }

  /** The statements of `createTable`, for those who let nobody else make tables. */
  createTableSQL(): string {
    return createTableStatements(this.#names)
      .map((statement) => `${statement};\n`)
      .join('\n')
  }

  /**
   * Makes the table and `<table>_lock`, unless they are there. A table that is there is left as it is.
   *
   * @throws StoreError
   */
  async createTable(): Promise<void> {
    await this.#operations.execute('create its tables', async (statements) => {
      for (const statement of createTableStatements(this.#names)) await statements.query(statement)
    })
  }

  /**
   * @returns the record, or `null` where there is none
   * @throws StoreError when the server fails or does not answer within `timeout`, when the table cannot keep records,
   *   or holds something that is no record; TypeError
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
   * Replaces the record, and leaves columns of the application's own as they are that the record has no field for.
   *
   * Where the table has neither a column for `unionid` or `is_snapshotuser` nor one called `extra`, these are
   * left out, and the process is warned once.
   *
   * @throws StoreError; it says what to do when the table has no room for another field; TypeError
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
   * Runs `task` while nobody else holds the lock, in this process or another. No connection is held meanwhile.
   *
   * @throws StoreError `ERR_WECHAT_LOCK` when the lock is not had within `wait`, or the table for locks is missing; TypeError
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
        // The table is not what it was when it was looked at. Nothing was done.
        this.#found = undefined
        return command(await this.#table(), runner)
      }
    })
  }

  #cells(table: Table, openid: string, fields: readonly Field[]): Cells {
    try {
      return toCells(table, openid, fields)
    } catch (error) {
      // Somebody may do as it says, and is not to have to start the application again.
      this.#found = undefined
      throw error
    }
  }

  /** Looked at once, by whoever needs it first. */
  #table(): Promise<FoundTable> {
    if (this.#found) return this.#found
    const finding = this.#operations.execute('look at its table', (runner) => this.#find(runner))
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
      throw new StoreError(`There is no table ${this.#names.tokens}: createTable() makes it.`, { error })
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
