import { SqliteSessionStore, SqliteTokenStore, SqliteUserStore } from '@wechat-auth/store-sqlite'
import { WechatOAuth, type TokenStore, type WechatToken } from '@wechat-auth/wechat-oauth'
import { startSandbox } from '@wechat-auth/wechat-sandbox'
import { WechatSessions } from '@wechat-auth/wechat-session'
import { expect } from 'chai'
import { Databases, type OpenDatabase } from '../../helpers/sqlite.js'
import { blockOf, chinese, codeIn, column, english, readmeOf, tableOf } from './markdown.js'
import { expectRecipeToEncrypt, listingOf } from './reencrypting.js'
import { runPart } from './running.js'
import { expectOptions } from './stores.js'

const readme = readmeOf('packages/store-sqlite', english)

const token = (openid: string, create_at: number): WechatToken => ({
  openid,
  access_token: 'a',
  refresh_token: 'r',
  expires_in: 7200,
  create_at,
})

describe('the README of store-sqlite', () => {
  const databases = new Databases('libsql')
  let database: OpenDatabase
  let tokenStore: TokenStore & { createTable(): Promise<void> }

  before(async function () {
    await databases.find(this)
    function Database(file: string): OpenDatabase {
      return databases.open(file)
    }
    const declared = await runPart(
      blockOf(readme, /store-sqlite$/),
      { Database, SqliteTokenStore, WechatOAuth },
      ['database', 'tokenStore'],
    )
    ;({ database, tokenStore } = declared as unknown as {
      database: OpenDatabase
      tokenStore: typeof tokenStore
    })
  })

  after(() => databases.end())

  const run = (heading: RegExp, scope: object = {}, place = 0): Promise<unknown> =>
    runPart(blockOf(readme, heading, place), { database, tokenStore, SqliteTokenStore, ...scope })

  it('has a snippet that opens a database with a write-ahead log and keeps tokens in it', async () => {
    await tokenStore.saveToken('o1', token('o1', Date.now()))
    expect(await tokenStore.getToken('o1')).to.include({ openid: 'o1' })
    expect(database.prepare('PRAGMA journal_mode').all()[0]).to.include({ journal_mode: 'wal' })
    expect(database.prepare('PRAGMA synchronous').all()[0]).to.include({ synchronous: 2 })
  })

  it('has one that deletes what nobody needs any more, though a record is corrupt', async () => {
    await tokenStore.saveToken('oOld', token('oOld', 1_763_000_000_123 - 40 * 24 * 3600 * 1000))
    await tokenStore.saveToken('oNew', token('oNew', Date.now()))
    await tokenStore.saveToken('oMiniProgram', { openid: 'oMiniProgram', session_key: 's', create_at: 1 })
    await tokenStore.saveToken('oCorrupt', token('oCorrupt', 1))
    database.exec("UPDATE token SET record = '{' WHERE openid = 'oCorrupt'")
    await run(/^Expiry$/)
    expect(await tokenStore.getToken('oOld')).to.equal(null)
    for (const openid of ['oNew', 'oMiniProgram'])
      expect(await tokenStore.getToken(openid)).to.be.an('object')
    await tokenStore.deleteToken?.('oCorrupt')
  })

  it('lists keys in the form that the recipe for encrypting existing records needs', async () => {
    const store = new SqliteTokenStore({ database: databases.open('clear.db') })
    const clear = databases.open('clear.db')
    await store.createTable()
    await expectRecipeToEncrypt(store, () =>
      Promise.resolve(
        clear
          .prepare(listingOf('SQLite')[0]!)
          .all()
          .map(({ openid }) => openid),
      ),
    )
  })

  it('has one that gives each application a table', async () => {
    const { shop, blog } = (await runPart(blockOf(readme, /^Several/), { database, SqliteTokenStore }, [
      'shop',
      'blog',
    ])) as Record<string, SqliteTokenStore>
    for (const store of [shop!, blog!]) await store.createTable()
    await shop!.saveToken('o1', token('o1', 1))
    expect(await blog!.getToken('o1')).to.equal(null)
  })

  it("has one that deletes a user's record from the file too", async () => {
    await tokenStore.saveToken('oLeaving', { ...token('oLeaving', 1), note: 'TO BE FORGOTTEN' })
    await run(/^Personal/, { openid: 'oLeaving' })
    expect(await tokenStore.getToken('oLeaving')).to.equal(null)
    for (const suffix of ['', '-wal'])
      expect(databases.contents(`tokens.db${suffix}`)).to.not.contain('TO BE FORGOTTEN')
  })

  it('has one that writes a backup', async () => {
    const code = blockOf(readme, /^Personal/, 1)
    expect(code).to.contain("'backup.db'")
    await runPart(code.replace('backup.db', databases.address('backup.db').file), { database })
    const backup = databases.open('backup.db')
    expect(await new SqliteTokenStore({ database: backup }).getToken('oNew')).to.be.an('object')
  })

  it('has one that takes over an existing table with numbers as text', async () => {
    database.exec(
      "CREATE TABLE my_tokens (openid TEXT, access_token TEXT, expires_in TEXT, create_at TEXT); INSERT INTO my_tokens VALUES ('oMine', 'a', '7200', '1763000000123')",
    )
    await run(/^Migrating/)
    expect(await tokenStore.getToken('oMine')).to.deep.equal({
      openid: 'oMine',
      access_token: 'a',
      expires_in: 7200,
      create_at: 1_763_000_000_123,
    })
  })

  it('has one that keeps sessions and users, and one that deletes a user', async () => {
    const sandbox = await startSandbox({ apps: [{ appId: 'wx1', appSecret: 's', type: 'miniprogram' }] })
    try {
      const oauth = new WechatOAuth({ appId: 'wx1', appSecret: 's', endpoints: sandbox.endpoints })
      const scope = { database, oauth, WechatSessions, SqliteSessionStore, SqliteUserStore }
      const { sessions, sessionStore } = (await runPart(blockOf(readme, /^Sessions$/), scope, [
        'sessions',
        'sessionStore',
      ])) as { sessions: WechatSessions; sessionStore: unknown }
      const login = (): ReturnType<WechatSessions['authorize']> =>
        sessions.authorize({ code: sandbox.wxLogin({ appId: 'wx1', user: 'alice' }) })
      const first = await login()
      expect([first.isNewUser, (await login()).isNewUser]).to.deep.equal([true, false])
      expect(await sessions.isTokenValid(first.token)).to.equal(true)
      await run(/^Users$/, { sessionStore, userId: first.user.id })
      expect(await sessions.isTokenValid(first.token)).to.equal(false)
      expect((await login()).isNewUser).to.equal(true)
    } finally {
      await sandbox.close()
    }
  })

  for (const file of [english, chinese]) {
    it(`names the options of the other stores and their defaults: ${file}`, () => {
      const rows = tableOf(readmeOf('packages/store-sqlite', file), /^(?:Sessions|会话)$/)
      for (const [place, kind, table] of [
        [1, 'Session', 'wechat_session'],
        [2, 'User', 'user'],
      ] as const) {
        expectOptions(
          rows,
          {
            store: `Sqlite${kind}Store`,
            path: `store-sqlite/src/sqlite-${kind.toLowerCase()}-store.ts`,
            parameter: `{ database, table = '${table}', timeout = 5000 }`,
          },
          place,
        )
      }
    })

    it(`names the tables of sessions and users and their columns: ${file}`, () => {
      const there = (table: string): string[] =>
        database
          .prepare(`PRAGMA table_info(${table})`)
          .all()
          .map(({ name, type }) => `${String(name)} ${String(type)}`)
      const described = (heading: RegExp, place: number, at: number): string[] =>
        column(tableOf(readmeOf('packages/store-sqlite', file), heading, place), at).map((definition) =>
          definition.split(' ').slice(0, 2).join(' '),
        )
      expect(described(/^(?:Sessions|会话)$/, 1, 0)).to.deep.equal(there('wechat_session'))
      expect(described(/^(?:Users|用户)$/, 0, 1)).to.deep.equal(
        ['user', 'wechat_account', 'wechat_unionid'].flatMap(there),
      )
    })

    it(`names the options and their defaults: ${file}`, () => {
      expectOptions(tableOf(readmeOf('packages/store-sqlite', file), /^(?:Options|选项)$/), {
        store: 'SqliteTokenStore',
        path: 'store-sqlite/src/sqlite-token-store.ts',
        parameter: "{ database, table = 'token', timeout = 5000 }",
      })
    })

    it(`names the tables and their columns: ${file}`, () => {
      const rows = tableOf(readmeOf('packages/store-sqlite', file), /^(?:Stored data|存储结构)$/)
      const described = column(rows, 1).map((definition) => definition.split(' ')[0])
      const columnsOf = (table: string): unknown[] =>
        database
          .prepare(`PRAGMA table_info(${table})`)
          .all()
          .map(({ name }) => name)
      expect(described).to.deep.equal(codeIn(rows.map(([table]) => table).join(' ')).flatMap(columnsOf))
    })
  }
})
