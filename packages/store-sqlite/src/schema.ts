import { quoteName } from './table-name.js'

/** SQLite compares this text byte by byte. */
const text = 'TEXT COLLATE BINARY NOT NULL'

/** The names of the tables, quoted for use in statements. */
export interface TokenTables {
  readonly tokens: string
  readonly locks: string
}

export function tokenTables(table: string): TokenTables {
  return { tokens: quoteName(table), locks: quoteName(`${table}_lock`) }
}

export function createTokenTables({ tokens, locks }: TokenTables): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${tokens} (openid ${text} PRIMARY KEY, record TEXT NOT NULL)`,
    `CREATE TABLE IF NOT EXISTS ${locks} (name ${text} PRIMARY KEY, owner ${text}, expires_at INTEGER NOT NULL)`,
  ]
}

export function createSessionTable(table: string): string[] {
  const sessions = quoteName(table)
  return [
    `CREATE TABLE IF NOT EXISTS ${sessions} (hash ${text} PRIMARY KEY, user_id ${text}, record TEXT NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID`,
    `CREATE INDEX IF NOT EXISTS ${quoteName(`${table}_by_user`)} ON ${sessions} (user_id)`,
    `CREATE INDEX IF NOT EXISTS ${quoteName(`${table}_by_end`)} ON ${sessions} (expires_at)`,
  ]
}

export interface UserTables {
  readonly users: string
  readonly accounts: string
  readonly accountsByUser: string
  readonly unionids: string
}

export function userTables(table: string): UserTables {
  const own = table === 'user' ? '' : `${table}_`
  return {
    users: quoteName(table),
    accounts: quoteName(`${own}wechat_account`),
    accountsByUser: quoteName(`${own}wechat_account_by_user`),
    unionids: quoteName(`${own}wechat_unionid`),
  }
}

export function createUserTables({ users, accounts, accountsByUser, unionids }: UserTables): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${users} (openId TEXT PRIMARY KEY NOT NULL, city TEXT, country TEXT, gender INTEGER, language TEXT, nickName TEXT, province TEXT)`,
    `CREATE TABLE IF NOT EXISTS ${accounts} (appid ${text}, openid ${text}, user_id ${text}, PRIMARY KEY (appid, openid))`,
    `CREATE INDEX IF NOT EXISTS ${accountsByUser} ON ${accounts} (user_id)`,
    `CREATE TABLE IF NOT EXISTS ${unionids} (unionid ${text} PRIMARY KEY, user_id ${text} UNIQUE) WITHOUT ROWID`,
  ]
}

/** Joins the statements into one script, for applications that create the tables themselves. */
export function toScript(statements: readonly string[]): string {
  return `${statements.join(';\n')};\n`
}
