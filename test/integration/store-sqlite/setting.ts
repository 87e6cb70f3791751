import { SqliteTokenStore, type SqliteTokenStoreOptions } from '@wechat-auth/store-sqlite'
import type { WechatToken } from '@wechat-auth/wechat-oauth'
import { Databases, driverNames, type DriverName, type OpenDatabase } from '../../helpers/sqlite.js'

export const secrets = { access_token: 'SECRET-access-token', refresh_token: 'SECRET-refresh-token' }

export function makeToken(openid: string, fields: Partial<WechatToken> = {}): WechatToken {
  return {
    openid,
    ...secrets,
    expires_in: 7200,
    scope: 'snsapi_userinfo',
    create_at: 1_763_000_000_123,
    ...fields,
  }
}

/** Names that a table may have. */
export const hostileNames = [
  'token"; DROP TABLE bystander; --',
  "to'ken",
  'to`ken',
  '"',
  '[token]',
  'main.token',
  'to ken',
  'select',
  'order',
  '1',
  'token\n--',
  '表',
  '$1',
  '?',
  ':a',
]

/** Names of records that mean something to SQLite. */
export const hostileKeys = [
  "' OR '1'='1",
  "oOther'--",
  '"; DROP TABLE token; --',
  "'); DELETE FROM token; --",
  '%',
  '_',
  'oOther\0',
  '\0',
  'oOther\0x',
  'oOther\n',
  '?',
  '?1',
  ':openid',
  '@openid',
  '$openid',
  "x'6f'",
  '{"$ne":null}',
  '0',
  '00',
  '1e1',
  'NULL',
  'openid',
  '"openid"',
]

export interface Setting {
  driver: DriverName
  databases: Databases
  /** A new database with the tables, a store on it, and another connection on the same file. */
  pair: (options?: Partial<SqliteTokenStoreOptions> & PairSettings) => Promise<Pair>
}

export interface PairSettings {
  /** Default `wal`. */
  journal?: 'wal' | 'delete'
  /** Milliseconds of busy_timeout. Default the driver's. */
  patience?: number
}

export interface Pair {
  file: string
  database: OpenDatabase
  other: OpenDatabase
  store: SqliteTokenStore
}

/** A suite for each driver. */
export function withEachDriver(title: string, body: (setting: Setting) => void): void {
  for (const driver of driverNames) {
    describe(`${title} (${driver})`, () => {
      const databases = new Databases(driver)
      let count = 0

      before(function () {
        return databases.find(this)
      })

      after(() => databases.end())

      body({
        driver,
        databases,
        pair: async ({ journal = 'wal', patience, ...options } = {}) => {
          const file = `pair-${(count += 1)}.db`
          const database = databases.open(file)
          database.exec(`PRAGMA journal_mode = ${journal}`)
          if (patience !== undefined) database.exec(`PRAGMA busy_timeout = ${patience}`)
          const store = new SqliteTokenStore({ database, ...options })
          await store.createTable()
          return { file, database, other: databases.open(file), store }
        },
      })
    })
  }
}
