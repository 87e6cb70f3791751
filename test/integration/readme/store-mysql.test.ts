import { expect } from 'chai'
import type { Pool } from 'mysql2/promise'
import type { TokenStore, WechatToken } from '@wechat-auth/wechat-oauth'
import * as storeMysql from '@wechat-auth/store-mysql'
import { endPool, openPromisePool } from '../../helpers/mysql.js'
import { startMariadb } from '../../services/mariadb.js'
import type { Server } from '../../services/server.js'
import { oldTable } from '../store-mysql/setting.js'
import { blockOf, chinese, codeIn, english, readmeOf, tableOf } from './markdown.js'
import { expectRecipeToEncrypt, listingOf } from './reencrypting.js'
import { runPart } from './running.js'
import { expectOptions, keepToken } from './stores.js'

const month = 30 * 24 * 3600 * 1000

describe('the README of store-mysql', function () {
  this.timeout(30_000)

  const readme = readmeOf('packages/store-mysql', english)
  let server: Server
  let pool: Pool
  const endings: (() => unknown)[] = []

  before(async function () {
    server = await startMariadb(this)
    endings.push(() => server.stop())
    pool = openPromisePool(server.url)
    endings.push(() => endPool(pool))
  })

  afterEach(() => pool.query('DROP TABLE IF EXISTS token, token_lock, token_shop, token_blog'))

  after(async () => {
    for (const end of endings.reverse()) await end()
  })

  /** The statements below a heading. */
  function sql(heading: RegExp): string[] {
    const blocks = readme.blocks.filter((block) => block.language === 'sql' && heading.test(block.heading))
    return blocks
      .flatMap(({ code }) => code.split(';'))
      .map((statement) => statement.trim())
      .filter((statement) => statement !== '')
  }

  it('has a snippet that runs unchanged and keeps a token in MySQL', async () => {
    const openid = await keepToken(
      readme,
      `
      console.log(openid)
      await pool.end()`,
      { MYSQL_URL: server.url },
    )
    const [rows] = await pool.query(
      'SELECT CONVERT(openid USING utf8mb4) AS openid FROM token WHERE openid = ?',
      [openid],
    )
    expect(rows).to.deep.equal([{ openid }])
  })

  it('makes room in the table of wechat-oauth, and keeps its records', async () => {
    for (const statement of oldTable) await pool.query(statement.replaceAll('$', 'token'))
    const old: WechatToken = {
      openid: 'oOld',
      access_token: 'a',
      refresh_token: 'r',
      expires_in: 7200,
      scope: 'snsapi_base',
      create_at: 1_763_000_000_123,
    }
    await new storeMysql.MysqlTokenStore({ pool }).saveToken('oOld', old)
    for (const statement of sql(/^Migrating/)) await pool.query(statement)
    const store = new storeMysql.MysqlTokenStore({ pool })
    expect(await store.getToken('oOld')).to.deep.equal(old)
    const token = {
      openid: 'o1😀'.padEnd(128, '😀'),
      access_token: 'a'.repeat(4096),
      session_key: 'k',
      unionid: 'u',
      create_at: 1,
      nickname: '爱丽丝🐼',
    }
    await store.saveToken(token.openid, token)
    expect(await store.getToken(token.openid)).to.deep.equal(token)
    const [altered] = await pool.query('SHOW CREATE TABLE token')
    for (const statement of store.createTableSQL().replaceAll('`token', '`fresh').split(';').slice(0, 1))
      await pool.query(statement)
    const [fresh] = await pool.query('SHOW CREATE TABLE fresh')
    await pool.query('DROP TABLE fresh')
    const columns = (rows: unknown): string[] =>
      [...String((rows as Record<string, unknown>[])[0]?.['Create Table']).matchAll(/^ {2}`.*$/gm)]
        .map(([line]) => line.replace(/,$|(?<=utf8mb4) COLLATE \w+|CHARACTER SET \w+ COLLATE \w+ /g, ''))
        .sort()
    expect(columns(altered)).to.deep.equal(columns(fresh))
  })

  it('gives no more permissions than are needed', async () => {
    await new storeMysql.MysqlTokenStore({ pool }).createTable()
    await pool.query("CREATE USER 'app'@'%' IDENTIFIED BY 'password'")
    for (const statement of sql(/^Permissions$/)) await pool.query(statement.replace('`wechat`', '`test`'))
    const url = new URL(server.url)
    url.username = 'app'
    url.password = 'password'
    const limited = openPromisePool(url.href)
    endings.push(() => endPool(limited))
    const store = new storeMysql.MysqlTokenStore({ pool: limited })
    await store.withLock('refresh:o', () => store.saveToken('o', { openid: 'o', create_at: 1 }))
    expect(await store.getToken('o')).to.deep.equal({ openid: 'o', create_at: 1 })
    await store.deleteToken('o')
    expect(await store.getToken('o')).to.equal(null)
  })

  it('deletes whom WeChat has forgotten', async () => {
    const store = new storeMysql.MysqlTokenStore({ pool })
    await store.createTable()
    await store.saveToken('oOld', {
      openid: 'oOld',
      refresh_token: 'r',
      create_at: Date.now() - month - 60_000,
    })
    await store.saveToken('oMiniProgram', {
      openid: 'oMiniProgram',
      session_key: 's',
      create_at: Date.now() - month - 60_000,
    })
    await store.saveToken('oNew', {
      openid: 'oNew',
      refresh_token: 'r',
      create_at: Date.now() - month + 60_000,
    })
    for (const statement of sql(/^Expiry$/)) await pool.query(statement)
    expect(
      await Promise.all(
        ['oOld', 'oMiniProgram', 'oNew'].map(async (openid) => (await store.getToken(openid)) !== null),
      ),
    ).to.deep.equal([false, true, true])
  })

  it('lists keys in the form that the recipe for encrypting existing records needs', async () => {
    const store = new storeMysql.MysqlTokenStore({ pool })
    await store.createTable()
    await expectRecipeToEncrypt(store, async () => {
      const [rows] = await pool.query(listingOf('MySQL')[0]!)
      return (rows as { openid: unknown }[]).map(({ openid }) => openid)
    })
  })

  it('gives each app its own store', async () => {
    const { shop, blog } = (await runPart(
      blockOf(readme, /^Several applications$/),
      { pool, ...storeMysql },
      ['shop', 'blog'],
    )) as Record<string, storeMysql.MysqlTokenStore & TokenStore>
    for (const store of [shop!, blog!]) await store.createTable()
    await shop!.saveToken('o', { openid: 'o', create_at: 1 })
    expect(await blog!.getToken('o')).to.equal(null)
    await pool.query('DROP TABLE token_shop_lock, token_blog_lock')
  })

  for (const file of [english, chinese]) {
    it(`names the options and their defaults: ${file}`, () => {
      expectOptions(tableOf(readmeOf('packages/store-mysql', file), /^(?:Options|选项)$/), {
        store: 'MysqlTokenStore',
        path: 'store-mysql/src/mysql-token-store.ts',
        parameter: "{ pool, table = 'token', timeout = 5000 }",
      })
    })

    it(`names the columns that createTable() makes, with their types: ${file}`, () => {
      const told = tableOf(readmeOf('packages/store-mysql', file), /^(?:Stored data|存储结构)$/).flatMap(
        ([names = '', types = '']) => {
          const all = codeIn(types)
          return codeIn(names).map((name, index) => `${name} ${all[index] ?? all[0] ?? ''}`)
        },
      )
      const [made = ''] = new storeMysql.MysqlTokenStore({ pool }).createTableSQL().split(';')
      const columns = [...made.matchAll(/^ {2}`(\w+)` (\w+(?:\(\d+\))?)/gm)].map(
        ([, name = '', type = '']) => `${name} ${type}`,
      )
      expect(told.sort()).to.deep.equal(columns.map((text) => text.replace(/(VARCHAR)\(\d+\)/, '$1')).sort())
    })
  }
})
