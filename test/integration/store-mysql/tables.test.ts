import { expect } from 'chai'
import { randomBytes } from 'node:crypto'
import type { Pool } from 'mysql2'
import { encryptedTokenStore, StoreError } from '@wechat-auth/wechat-oauth'
import { openPool } from '../../helpers/mysql.js'
import { rejection } from '../../helpers/rejection.js'
import { doAsTold, oldTable, makeToken, useMysql } from './setting.js'

describe('MysqlTokenStore and its table', () => {
  const setting = useMysql()

  describe('createTable', () => {
    it('makes a table with numbers in columns for numbers, and one for locks', async () => {
      const { store, table } = await setting.freshStore()
      const token = makeToken('o1', {
        unionid: 'u',
        session_key: 'k',
        is_snapshotuser: 1,
        nickname: '爱丽丝🐼',
      })
      await store.saveToken('o1', token)
      const [row] = await setting.rows(`SELECT * FROM ${table}`)
      const { nickname, ...columns } = token
      expect({ ...row, openid: String(row?.openid), extra: parsed(row?.extra) }).to.deep.equal({
        ...columns,
        extra: { nickname },
      })
      expect(await setting.rows(`SELECT * FROM ${table}_lock`)).to.deep.equal([])
    })

    it('makes columns that have room for encrypted tokens', async () => {
      const { store, table } = await setting.freshStore()
      const encrypted = encryptedTokenStore(store, { keys: [{ id: 'k'.repeat(32), key: randomBytes(32) }] })
      const token = makeToken('o1', {
        access_token: '名'.repeat(512),
        refresh_token: '😀'.repeat(512),
        session_key: 'k'.repeat(512),
      })
      await encrypted.saveToken('o1', token)
      expect(await encrypted.getToken('o1')).to.deep.equal(token)
      const [row] = await setting.rows(`SELECT access_token, refresh_token, session_key, extra FROM ${table}`)
      expect(row?.extra).to.equal(null)
      for (const column of ['access_token', 'refresh_token', 'session_key'])
        expect(row?.[column]).to.match(/^enc:v1:k{32}:[\w-]+$/)
    })

    it('does nothing if they exist', async () => {
      const { store } = await setting.freshStore()
      await store.saveToken('o1', makeToken('o1'))
      await store.createTable()
      expect(await store.getToken('o1')).to.deep.equal(makeToken('o1'))
    })

    it('does what createTableSQL says', async () => {
      const [byStore, byHand] = [setting.name(), setting.name()]
      await setting.store({ table: byStore }).createTable()
      const script = setting.store({ table: byHand }).createTableSQL()
      for (const statement of script.split(';').filter((text) => text.trim() !== ''))
        await setting.pool.query(statement)
      for (const suffix of ['', '_lock']) {
        const [made, expected] = await Promise.all(
          [byHand, byStore].map(async (table) => {
            const [row] = await setting.rows(`SHOW CREATE TABLE ${table}${suffix}`)
            return String(row?.['Create Table']).replaceAll(table, 'table')
          }),
        )
        expect(made).to.equal(expected)
      }
    })

    it('works in the database that the table names', async () => {
      const database = setting.name()
      await setting.pool.query(`CREATE DATABASE ${database}`)
      try {
        const url = new URL(setting.service.url)
        url.pathname = '/'
        const pool = setting.keep(openPool(url.href))
        const store = setting.store({ pool, table: `${database}.token` })
        await store.createTable()
        await store.withLock('refresh:o1', () => store.saveToken('o1', makeToken('o1')))
        expect(await store.getToken('o1')).to.deep.equal(makeToken('o1'))
        expect(await setting.rows(`SELECT openid FROM ${database}.token`)).to.have.lengthOf(1)
      } finally {
        await setting.pool.query(`DROP DATABASE ${database}`)
      }
    })
  })

  describe('permissions', () => {
    let database: string
    let pool: Pool

    beforeEach(async () => {
      database = setting.name()
      await setting.pool.query(`CREATE DATABASE ${database}`)
      await setting.pool.query(`CREATE USER ${database} IDENTIFIED BY 'password'`)
      const url = new URL(setting.service.url)
      url.username = database
      url.password = 'password'
      url.pathname = '/'
      pool = setting.keep(openPool(url.href))
    })

    afterEach(async () => {
      await setting.pool.query(`DROP USER ${database}`)
      await setting.pool.query(`DROP DATABASE ${database}`)
    })

    it('needs only the permissions in its README', async () => {
      const table = `${database}.token`
      await setting.store({ table }).createTable()
      for (const name of [table, `${table}_lock`])
        await setting.pool.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${name} TO ${database}`)
      const store = setting.store({ table, pool })
      await store.withLock('refresh:o1', () => store.saveToken('o1', makeToken('o1')))
      expect(await store.getToken('o1')).to.deep.equal(makeToken('o1'))
      await store.deleteToken('o1')
    })

    it('may be missing for the table of locks, which turns locks off', async () => {
      const table = `${database}.token`
      await setting.store({ table }).createTable()
      await setting.pool.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO ${database}`)
      const store = setting.store({ table, pool })
      const error = await rejection(
        store.withLock('refresh:o1', async () => expect.fail('the task must not run')),
        StoreError,
      )
      expect(error.code).to.equal('ERR_WECHAT_LOCK')
      expect(error.driver?.errno).to.equal(1142)
    })

    it('are named in the error when tables cannot be created', async () => {
      await setting.pool.query(`GRANT SELECT ON ${database}.* TO ${database}`)
      const error = await rejection(
        setting.store({ table: `${database}.token`, pool }).createTable(),
        StoreError,
      )
      expect(error.driver?.errno).to.equal(1142)
    })
  })

  it('reports a missing table, and finds it once it exists', async () => {
    const table = setting.name()
    const store = setting.store({ table })
    for (const call of [
      () => store.getToken('o1'),
      () => store.saveToken('o1', makeToken('o1')),
      () => store.deleteToken('o1'),
    ]) {
      const error = await rejection(call(), StoreError)
      expect(error.message).to.equal(`There is no table \`${table}\`. Call createTable() first`)
      expect(error.driver?.errno).to.equal(1146)
    }
    await store.createTable()
    await store.saveToken('o1', makeToken('o1'))
    expect(await store.getToken('o1')).to.deep.equal(makeToken('o1'))
  })

  const wide = 'openid VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL'
  const others = 'access_token TEXT, expires_in INT, refresh_token TEXT, scope TEXT, create_at BIGINT'
  const unfit: { what: string; statements: readonly string[]; says: RegExp }[] = [
    { what: 'without a unique key', statements: oldTable.slice(0, 1), says: /no unique key on openid/ },
    {
      what: 'whose key is on a part of openid',
      statements: [`CREATE TABLE $ (${wide}, ${others}, UNIQUE KEY (openid(10)))`],
      says: /no unique key on openid/,
    },
    {
      what: 'whose key is on openid and more',
      statements: [
        `CREATE TABLE $ (${wide}, ${others}, appid VARCHAR(20) NOT NULL DEFAULT '', PRIMARY KEY (openid, appid))`,
      ],
      says: /no unique key on openid/,
    },
    {
      what: 'with a second unique key',
      statements: [
        `CREATE TABLE $ (${wide} PRIMARY KEY, ${others}, unionid VARCHAR(64), UNIQUE KEY \`the union\` (unionid))`,
      ],
      says: /second unique key/,
    },
    { what: 'without openid', statements: [`CREATE TABLE $ (id INT, ${others})`], says: /no column openid/ },
    {
      what: 'with a date for create_at',
      statements: [`CREATE TABLE $ (${wide} PRIMARY KEY, ${others.replace('BIGINT', 'DATETIME')})`],
      says: /column create_at of the wrong type/,
    },
    {
      what: 'with a number for access_token',
      statements: [
        `CREATE TABLE $ (${wide} PRIMARY KEY, ${others.replace('access_token TEXT', 'access_token INT')})`,
      ],
      says: /column access_token of the wrong type/,
    },
    {
      what: 'with a number for extra',
      statements: [`CREATE TABLE $ (${wide} PRIMARY KEY, ${others}, extra INT)`],
      says: /column extra of the wrong type/,
    },
  ]
  for (const { what, statements, says } of unfit) {
    it(`refuses a table ${what}, and says what to do`, async () => {
      const table = await setting.table(...statements)
      const store = setting.store({ table })
      const error = await rejection(store.saveToken('o1', makeToken('o1')), StoreError)
      expect(error.message).to.match(says).and.to.include(`ALTER TABLE \`${table}\` `)
      expect((await rejection(store.getToken('o1'), StoreError)).message).to.equal(error.message)
      expect(await setting.rows(`SELECT * FROM ${table}`)).to.deep.equal([])
      await doAsTold(setting, error)
      await store.saveToken('o1', makeToken('o1')).catch(async (next: unknown) => {
        await doAsTold(setting, next as Error)
        await store.saveToken('o1', makeToken('o1'))
      })
      expect(await store.getToken('o1')).to.deep.equal(makeToken('o1'))
    })
  }

  for (const type of ['DATETIME', 'DATETIME(3) NOT NULL', 'TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP']) {
    it(`says how to keep the times in a create_at of type ${type}`, async () => {
      const columns = others.replace('BIGINT', type)
      const table = await setting.table(`CREATE TABLE $ (${wide} PRIMARY KEY, ${columns})`)
      await setting.pool.query(`INSERT INTO ${table} SET openid = 'o1', create_at = '2025-11-13 10:13:20'`)
      const store = setting.store({ table })
      const { message } = await rejection(store.getToken('o1'), StoreError)
      const [time] = await setting.rows(`SELECT UNIX_TIMESTAMP(create_at) AS seconds FROM ${table}`)
      for (const statement of message.slice(message.indexOf('ALTER')).split(';')) {
        if (statement.trim() !== '') await setting.pool.query(statement)
      }
      const create_at = Number(time?.seconds) * 1000
      expect(await store.getToken('o1')).to.deep.equal({ openid: 'o1', create_at })
      await store.saveToken('o1', makeToken('o1'))
      await store.saveToken('o2', makeToken('o2'))
      expect(await store.getToken('o2')).to.deep.equal(makeToken('o2'))
    })
  }

  it('accepts a second unique key that contains openid or an auto-increment number', async () => {
    const table = await setting.table(
      `CREATE TABLE $ (id INT AUTO_INCREMENT PRIMARY KEY, ${wide}, ${others}, UNIQUE KEY (openid), UNIQUE KEY (scope(5), openid))`,
    )
    const store = setting.store({ table })
    for (const openid of ['o1', 'o2', 'o1']) await store.saveToken(openid, makeToken(openid))
    expect(await store.getToken('o1')).to.deep.equal(makeToken('o1'))
    expect(await setting.rows(`SELECT * FROM ${table}`)).to.have.lengthOf(2)
  })

  it('accepts column names in another case, and columns in another order', async () => {
    const table = await setting.table(
      'CREATE TABLE $ (CREATE_AT VARCHAR(20), Scope TEXT, `Refresh_Token` TEXT, expires_IN INT, ACCESS_TOKEN TEXT, OpenID VARCHAR(50) PRIMARY KEY)',
    )
    const store = setting.store({ table })
    await store.saveToken('o1', makeToken('o1'))
    expect(await store.getToken('o1')).to.deep.equal(makeToken('o1'))
    const [row] = await setting.rows(`SELECT access_token, create_at FROM ${table}`)
    expect(row).to.deep.include({ access_token: makeToken('o1').access_token })
  })

  it('keeps fields without a column in extra, and still reads them after the column is added', async () => {
    const table = await setting.table(
      'CREATE TABLE $ (openid VARBINARY(512) PRIMARY KEY, extra MEDIUMTEXT CHARACTER SET latin1 NOT NULL)',
    )
    const store = setting.store({ table })
    const token = makeToken('o1', { unionid: 'u', nickname: '爱丽丝🐼 é', empty: '' })
    await store.saveToken('o1', token)
    expect(await store.getToken('o1')).to.deep.equal(token)
    await setting.pool.query(
      `ALTER TABLE ${table} ADD COLUMN unionid VARCHAR(64), ADD COLUMN access_token TEXT, ADD COLUMN create_at BIGINT`,
    )
    const later = setting.store({ table })
    expect(await later.getToken('o1')).to.deep.equal(token)
    await later.saveToken('o1', token)
    expect((await setting.rows(`SELECT access_token, create_at, unionid FROM ${table}`))[0]).to.deep.equal({
      access_token: token.access_token,
      create_at: token.create_at,
      unionid: 'u',
    })
    expect(await later.getToken('o1')).to.deep.equal(token)
    await later.saveToken('o2', { openid: 'o2', access_token: 'a', create_at: 1 })
    expect(await later.getToken('o2')).to.deep.equal({ openid: 'o2', access_token: 'a', create_at: 1 })
  })

  it('reads the columns again after a column or the table has been dropped', async () => {
    const { store, table } = await setting.freshStore()
    await store.saveToken('o1', makeToken('o1', { unionid: 'u' }))
    await setting.pool.query(`ALTER TABLE ${table} DROP COLUMN unionid`)
    await Promise.all([store.getToken('o1'), store.saveToken('o2', makeToken('o2', { unionid: 'u' }))])
    expect(await store.getToken('o1')).to.deep.equal(makeToken('o1'))
    expect(await store.getToken('o2')).to.deep.equal(makeToken('o2', { unionid: 'u' }))
    await setting.pool.query(`DROP TABLE ${table}`)
    expect((await rejection(store.getToken('o1'), StoreError)).message).to.include('createTable')
    await store.createTable()
    expect(await store.getToken('o1')).to.equal(null)
  })

  it('reads the columns once, even for parallel first calls', async () => {
    const { table } = await setting.freshStore()
    const pool = setting.keep(openPool(setting.service.url))
    let looks = 0
    pool.on('connection', (connection) => {
      const query = connection.query.bind(connection)
      connection.query = ((...args: unknown[]) => {
        looks += 1
        return Reflect.apply(query, undefined, args) as unknown
      }) as typeof query
    })
    const store = setting.store({ table, pool })
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => store.saveToken(`o${index}`, makeToken(`o${index}`))),
    )
    await Promise.all(Array.from({ length: 20 }, (_, index) => store.getToken(`o${index}`)))
    expect(looks).to.equal(3)
  })

  it('refuses a record that is not an object, and a record of another user if the table has no room for it', async () => {
    const table = await setting.table(...oldTable)
    const store = setting.store({ table })
    for (const record of [null, undefined])
      await rejection(store.saveToken('o1', record as never), StoreError)
    const error = await rejection(store.saveToken('o1', makeToken('o2')), StoreError)
    expect(error.message).to.match(/"openid"\. Run ALTER TABLE \S+ ADD COLUMN `extra` JSON NULL;$/)
    expect(await setting.rows(`SELECT * FROM ${table}`)).to.deep.equal([])
    const fresh = (await setting.freshStore()).store
    await fresh.saveToken('o1', makeToken('o2'))
    expect(await fresh.getToken('o1')).to.deep.equal(makeToken('o2'))
  })
})

function parsed(json: unknown): unknown {
  return typeof json === 'string' ? JSON.parse(json) : json
}
