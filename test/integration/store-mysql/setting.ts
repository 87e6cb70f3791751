import { randomBytes } from 'node:crypto'
import type { Pool, RowDataPacket } from 'mysql2/promise'
import type { WechatToken } from '@wechat-auth/wechat-oauth'
import { MysqlTokenStore, type MysqlTokenStoreOptions } from '@wechat-auth/store-mysql'
import { endPool, openPromisePool } from '../../helpers/mysql.js'
import { sharedMariadb } from '../../services/mariadb.js'
import type { Service } from '../../services/server.js'

export const secrets = { access_token: 'SECRET-access-token', refresh_token: 'SECRET-refresh-token' }

/** The record of a user who logged in on a web page. */
export function makeToken(openid: string, fields: Record<string, unknown> = {}): WechatToken {
  return {
    openid,
    ...secrets,
    expires_in: 7200,
    scope: 'snsapi_userinfo',
    create_at: 1_763_000_000_123,
    ...fields,
  }
}

/** A server, a pool, and each test's own tables. */
export class Setting {
  service!: Service
  pool!: Pool
  #tables: string[] = []
  readonly #pools: Parameters<typeof endPool>[0][] = []

  async start(service: Service): Promise<void> {
    this.service = service
    this.pool = this.keep(openPromisePool(service.url))
    return Promise.resolve()
  }

  /** Has the pool ended in the end. */
  keep<P extends Parameters<typeof endPool>[0]>(pool: P): P {
    this.#pools.push(pool)
    return pool
  }

  /** A name that no other test has. Its table, and that of its locks, are removed after the test. */
  name(): string {
    const table = `t_${randomBytes(6).toString('hex')}`
    this.#tables.push(table)
    return table
  }

  /** A table made by these statements, in which `$` stands for its name. */
  async table(...statements: string[]): Promise<string> {
    const table = this.name()
    for (const statement of statements) await this.pool.query(statement.replaceAll('$', table))
    return table
  }

  store(options: Partial<MysqlTokenStoreOptions> = {}): MysqlTokenStore {
    return new MysqlTokenStore({ pool: this.pool, ...options })
  }

  /** A store on a table that it made. */
  async freshStore(
    options: Partial<MysqlTokenStoreOptions> = {},
  ): Promise<{ store: MysqlTokenStore; table: string }> {
    const table = this.name()
    await this.store({ table }).createTable()
    return { store: this.store({ table, ...options }), table }
  }

  async rows(sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    const [rows] = await this.pool.query<RowDataPacket[]>(sql, values)
    return rows
  }

  async clear(): Promise<void> {
    for (const table of this.#tables)
      await this.pool.query(`DROP TABLE IF EXISTS \`${table}\`, \`${table}_lock\``)
    this.#tables = []
  }

  async stop(): Promise<void> {
    for (const pool of this.#pools) await endPool(pool)
  }
}

/** The setting of a suite, on the server that all tests share. */
export function useMysql(): Setting {
  const setting = new Setting()
  before(async function () {
    await setting.start(await sharedMariadb(this))
  })
  afterEach(() => setting.clear())
  after(() => setting.stop())
  return setting
}

/** The table that the README of `wechat-oauth` told people to make. */
export const oldTable: readonly string[] = [
  `CREATE TABLE \`$\` (
    \`access_token\` varchar(200) COLLATE utf8_bin NOT NULL COMMENT '令牌',
    \`expires_in\` varchar(10) COLLATE utf8_bin NOT NULL COMMENT '有效期',
    \`refresh_token\` varchar(200) COLLATE utf8_bin NOT NULL COMMENT '刷新参数',
    \`openid\` varchar(50) COLLATE utf8_bin NOT NULL COMMENT '用户编号',
    \`scope\` varchar(50) COLLATE utf8_bin NOT NULL COMMENT '作用域',
    \`create_at\` varchar(20) COLLATE utf8_bin NOT NULL COMMENT '令牌建立时间'
  ) ENGINE=InnoDB DEFAULT CHARSET=utf8 COLLATE=utf8_bin COMMENT='微信令牌表'`,
  'ALTER TABLE `$` ADD UNIQUE KEY `openid` (`openid`)',
]

/** Does what an error says. */
export async function doAsTold(setting: Setting, error: Error): Promise<void> {
  const statement = /ALTER TABLE [^;]+/.exec(error.message)?.[0]
  if (statement === undefined) throw error
  await setting.pool.query(statement)
}
