import type {
  CreatedUser,
  RegisteredUser,
  UserProfile,
  UserStore,
  WechatAccount,
} from '@wechat-auth/wechat-oauth'
import { checkAccount, checkWellFormedName } from '@wechat-auth/wechat-oauth/store-kit'
import type { Transaction } from './connection.js'
import { Operations } from './operations.js'
import { createUserTables, toScript, userTables, type UserTables } from './schema.js'
import type { SqliteDatabase } from './sqlite-database.js'
import { checkTable } from './table-name.js'
import { UserTable } from './user-table.js'
import { refuseOtherNames } from './wrong-names.js'

export interface SqliteUserStoreOptions {
  /** A database of better-sqlite3, libsql, `node:sqlite` or `bun:sqlite`. The store never closes it. */
  database: SqliteDatabase
  /** The name of the table of users. Default `user`. The other two tables are `wechat_account` and `wechat_unionid`, prefixed with `<table>_` unless this is `user`. */
  table?: string
  /** Milliseconds for which an operation waits while the database is in use, before it rejects. Default 5000, at most a day. */
  timeout?: number
}

/**
 * Keeps users in the table `user(openId, city, country, gender, language, nickName, province)`; its first column is the
 * user's id. Two more tables assign accounts of apps and unionids to users.
 *
 * Users that mpauthx or the application has written into that table, and that have no account yet, are found by their id if it
 * equals the openid or unionid. Once an account is linked to such a row, the row belongs to that app.
 *
 * Each operation is one transaction, so parallel first logins create one user.
 */
export class SqliteUserStore implements UserStore {
  readonly #operations: Operations
  readonly #tables: UserTables
  readonly #table: UserTable

  /** @throws TypeError that names the invalid option */
  constructor(options: SqliteUserStoreOptions) {
    refuseOtherNames('SqliteUserStore', options)
    const { database, table = 'user', timeout = 5000 } = options
    this.#operations = new Operations(database, timeout, 'users')
    checkTable(table)
    this.#tables = userTables(table)
    this.#table = new UserTable(this.#tables)
  }

  /**
   * Creates the three tables if they do not exist. It does not change an existing table of users.
   *
   * @throws StoreError
   */
  async createTable(): Promise<void> {
    await this.#operations.write('create its tables', (connection) =>
      connection.execute(createUserTables(this.#tables)),
    )
  }

  /** Returns the SQL that `createTable` runs. */
  createTableSQL(): string {
    return toScript(createUserTables(this.#tables))
  }

  /** @throws StoreError if SQLite fails or the database is in use for longer than `timeout`; TypeError */
  async findByOpenid(appId: string, openid: string): Promise<RegisteredUser | null> {
    checkWellFormedName('appId', appId)
    checkWellFormedName('openid', openid)
    const account = { appId, openid }
    return this.#operations.read(
      'find a user',
      (connection) =>
        this.#table.findByAccount(connection, account) ??
        this.#table.findUnclaimed(connection, openid) ??
        null,
    )
  }

  /** @throws StoreError; TypeError */
  async findByUnionid(unionid: string): Promise<RegisteredUser | null> {
    checkWellFormedName('unionid', unionid)
    return this.#operations.read(
      'find a user',
      (connection) => this.#table.findByUnionid(connection, unionid) ?? null,
    )
  }

  /**
   * @param user.profile - the store keeps the fields that have columns
   * @throws StoreError; TypeError
   */
  async create(user: WechatAccount & { profile?: UserProfile }): Promise<CreatedUser> {
    const account = toAccount(user)
    const profile = { ...user.profile }
    return this.#operations.write('create a user', (connection) =>
      connection.transaction((transaction) => this.#create(transaction, account, profile)),
    )
  }

  /** @throws StoreError; TypeError */
  async link(userId: string, account: WechatAccount): Promise<void> {
    checkWellFormedName('userId', userId)
    const copy = toAccount(account)
    await this.#operations.write('link an account to a user', (connection) =>
      connection.transaction((transaction) => {
        if (this.#table.has(transaction, userId)) this.#table.attach(transaction, userId, copy)
      }),
    )
  }

  #create(transaction: Transaction, account: WechatAccount, profile: UserProfile): CreatedUser {
    const table = this.#table
    const { openid, unionid } = account
    const owner = table.findByAccount(transaction, account)
    if (owner) return { ...owner, isNew: false }
    const known =
      (unionid === undefined ? undefined : table.findByUnionid(transaction, unionid)) ??
      table.findUnclaimed(transaction, openid)
    const id = known?.id ?? chooseId(account, (taken) => table.has(transaction, taken))
    if (!known) table.insert(transaction, id, profile)
    table.attach(transaction, id, account)
    return { ...(table.findByAccount(transaction, account) ?? { id, openid }), isNew: !known }
  }
}

/** Checks and copies the fields that the contract defines. */
function toAccount(account: unknown): WechatAccount {
  checkAccount(account)
  const { appId, openid, unionid } = account
  for (const [name, value] of Object.entries({ appId, openid, ...(unionid !== undefined && { unionid }) }))
    checkWellFormedName(name, value)
  return { appId, openid, ...(unionid !== undefined && { unionid }) }
}

function chooseId({ appId, openid, unionid }: WechatAccount, isTaken: (id: string) => boolean): string {
  const id = unionid ?? openid
  if (!isTaken(id)) return id
  let other = `${appId}:${openid}`
  // Two pairs can give the same text if an appId or openid contains a colon.
  while (isTaken(other)) other = `${appId}:${other}`
  return other
}
