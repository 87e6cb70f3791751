import { expect } from 'chai'
import { inspect } from 'node:util'
import { StoreError } from '@wechat-auth/wechat-oauth'
import { lenientSession, hostileOptions, openPool, type PoolSettings } from '../../helpers/mysql.js'
import { rejection } from '../../helpers/rejection.js'
import { oldTable, secrets, makeToken, useMysql } from './setting.js'

const injections = (table: string): string[] => [
  `' OR '1'='1`,
  `' OR 1=1 -- `,
  `\\' OR 1=1 -- `,
  `'; DROP TABLE ${table}; -- `,
  `"; DROP TABLE ${table}; -- `,
  `\\'; DROP TABLE ${table}; #`,
  '\\',
  `\\\\'`,
  `\`; DROP TABLE ${table}; -- `,
  '%',
  '_',
  '?',
  ':openid',
  '@@version',
  '/*',
  '*/',
  '\0',
  '\u001a',
  `x' UNION SELECT access_token FROM ${table} -- `,
  '${7*7}',
  // Ends in a backslash in some encodings of Chinese.
  "\u00bf\u005c' OR 1=1 -- ",
  "縗' OR 1=1 -- ",
  '\u2019 OR 1=1',
  'ˈ OR 1=1',
  `') ON DUPLICATE KEY UPDATE access_token = ('`,
  `UNHEX('00')`,
]

describe('MysqlTokenStore and SQL injection', () => {
  const setting = useMysql()
  const pools: Record<string, () => ReturnType<typeof openPool>> = {
    'plain pool': () => openPool(setting.service.url),
    'several statements, no backslashes': () =>
      openPool(setting.service.url, { ...hostileOptions, session: lenientSession }),
    'an encoding of Chinese': () =>
      openPool(setting.service.url, { charset: 'gbk_chinese_ci', multipleStatements: true }),
  }

  for (const [what, open] of Object.entries(pools)) {
    for (const kind of ['ours', 'old']) {
      it(`takes openids, values and field names literally (${what}, ${kind === 'ours' ? 'a table of ours' : 'the table of the older packages'})`, async () => {
        const table = kind === 'ours' ? (await setting.freshStore()).table : await setting.table(...oldTable)
        const store = setting.store({ table, pool: setting.keep(open()) })
        await store.saveToken('oOther', makeToken('oOther'))
        for (const text of injections(table)) {
          if (kind === 'old' && text.length > 50) continue
          expect(await store.getToken(text)).to.equal(null)
          const token = makeToken(text, {
            access_token: text,
            scope: text,
            ...(kind === 'ours' && { [text]: text, nested: { [text]: [text] } }),
          })
          await store.saveToken(text, token)
          expect(await store.getToken(text)).to.deep.equal(token)
          await store.deleteToken(text)
          expect(await store.getToken(text)).to.equal(null)
          expect(await store.getToken('oOther')).to.deep.equal(makeToken('oOther'))
        }
        expect(await setting.rows(`SELECT scope FROM ${table}`)).to.have.lengthOf(1)
      })
    }
  }

  it('takes field names that are special in JavaScript literally', async () => {
    const { store } = await setting.freshStore()
    const fields = JSON.parse(
      '{"__proto__":{"isAdmin":true},"constructor":1,"toString":"text","nested":{"__proto__":{"isAdmin":true}}}',
    ) as Record<string, unknown>
    const token = { ...fields, ...makeToken('o1') }
    await store.saveToken('o1', token)
    const read = await store.getToken('o1')
    expect(JSON.parse(JSON.stringify(read))).to.deep.equal(JSON.parse(JSON.stringify(token)))
    expect(Object.keys(read!)).to.include('__proto__')
    expect(Object.getPrototypeOf(read)).to.equal(Object.prototype)
    expect(read!.isAdmin).to.equal(undefined)
  })

  it('takes the names of locks literally', async () => {
    const { store, table } = await setting.freshStore()
    await store.withLock('held', async () => {
      for (const text of injections(table))
        expect(await store.withLock(text, async () => 'ran', { wait: 0 })).to.equal('ran')
      expect(await setting.rows(`SELECT name FROM ${table}_lock`)).to.have.lengthOf(1)
      const error = await rejection(
        store.withLock('held', async () => expect.fail('the task must not run'), { wait: 50 }),
        StoreError,
      )
      expect(error.code).to.equal('ERR_WECHAT_LOCK')
    })
  })

  it('sends no value as part of a statement', async () => {
    const { table } = await setting.freshStore()
    const pool = setting.keep(openPool(setting.service.url))
    const sent: string[] = []
    pool.on('connection', (connection) => {
      const execute = connection.execute.bind(connection)
      connection.execute = ((statement: string | { sql: string }, ...rest: unknown[]) => {
        sent.push(typeof statement === 'string' ? statement : statement.sql)
        return Reflect.apply(execute, undefined, [statement, ...rest]) as unknown
      }) as typeof execute
    })
    const store = setting.store({ table, pool })
    const token = makeToken('oPlain', { unionid: 'oUnion', nickname: '爱丽丝' })
    await store.saveToken('oPlain', token)
    await store.getToken('oPlain')
    await store.deleteToken('oPlain')
    await store.withLock('oPlain', async () => undefined)
    expect(sent.map((sql) => sql.split(' ')[0])).to.deep.equal([
      'REPLACE',
      'SELECT',
      'DELETE',
      'INSERT',
      'DELETE',
    ])
    for (const sql of sent) {
      for (const value of [...Object.values(secrets), 'oPlain', '1763000000123', 'oUnion', '爱丽丝'])
        expect(sql).not.to.include(value)
    }
  })

  it('refuses invalid table names', async () => {
    const { table } = await setting.freshStore()
    for (const name of injections(table).filter((text) => text !== '_'))
      expect(() => setting.store({ table: name })).to.throw(TypeError)
  })
})

describe('MysqlTokenStore and the options of its pool', () => {
  const setting = useMysql()
  const options: PoolSettings[] = [
    ...Object.entries(hostileOptions).map(([name, value]) => ({ [name]: value as unknown })),
    { typeCast: false },
    { typeCast: true },
    { nestTables: '_' },
    { rowsAsArray: true },
    { dateStrings: ['DATE'] },
    { charset: 'gbk_chinese_ci' },
    { session: 'SET character_set_connection = ucs2, character_set_results = latin1' },
    { session: 'SET character_set_results = NULL' },
    { session: lenientSession },
  ]

  for (const option of options) {
    // By themselves: of several, the store heeds one for all.
    it(`make no difference (${inspect(option)})`, async () => {
      const table =
        await setting.table(`CREATE TABLE $ (openid VARBINARY(512) PRIMARY KEY, create_at BIGINT, access_token TEXT CHARACTER SET utf8mb4, scope VARCHAR(50) CHARACTER SET utf8,
        unionid VARCHAR(50) CHARACTER SET latin1, points BIGINT UNSIGNED, share DOUBLE, price DECIMAL(20), extra JSON) CHARSET utf8mb4`)
      const store = setting.store({ table, pool: setting.keep(openPool(setting.service.url, option)) })
      const token = makeToken('o爱', {
        access_token: '爱丽丝 😀 é',
        scope: '爱é',
        unionid: 'o6_bmasdasdsad6_2sgVt7hMZOPfL',
        points: '18446744073709551615',
        share: 0.1,
        price: -7,
        nickname: '😀 é',
      })
      await store.saveToken('o爱', token)
      expect(await store.getToken('o爱')).to.deep.equal(token)
      expect(await setting.rows(`SELECT HEX(access_token) AS text FROM ${table}`)).to.deep.equal([
        { text: Buffer.from('爱丽丝 😀 é').toString('hex').toUpperCase() },
      ])
    })
  }
})

describe('MysqlTokenStore errors', () => {
  const setting = useMysql()

  /** All that a log could get to see. */
  function shown(error: unknown): string {
    const { message, stack } = error as Error
    return [
      message,
      stack,
      String(error),
      JSON.stringify(error),
      inspect(error, { depth: Infinity, showHidden: true }),
    ].join('\n')
  }

  function expectNoValues(error: StoreError): void {
    for (const secret of [...Object.values(secrets), 'oSECRET']) expect(shown(error)).not.to.include(secret)
    for (const word of ['REPLACE', 'SELECT', 'CONVERT', 'VALUES']) expect(shown(error)).not.to.include(word)
    expect(error.cause).to.equal(undefined)
  }

  it('contain what the driver knows about the failure, but no value', async () => {
    const { store, table } = await setting.freshStore()
    await setting.pool.query(
      `CREATE TRIGGER ${table}_refuses BEFORE INSERT ON ${table} FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'SECRET-access-token'`,
    )
    const error = await rejection(store.saveToken('oSECRET', makeToken('oSECRET')), StoreError)
    expect(error.driver).to.deep.include({ code: 'ER_SIGNAL_EXCEPTION', errno: 1644, sqlState: '45000' })
    expect(error.message).to.equal('The store failed to save')
    expectNoValues(error)
  })

  it('contain no value if a record is damaged', async () => {
    const table = await setting.table(
      'CREATE TABLE $ (openid VARCHAR(50) CHARACTER SET utf8mb4 PRIMARY KEY, access_token TEXT, create_at VARCHAR(50), extra TEXT)',
    )
    const store = setting.store({ table })
    for (const [column, value] of [
      ['create_at', 'SECRET-access-token'],
      ['extra', '{"SECRET-access-token'],
      ['extra', '["SECRET-access-token"]'],
      ['extra', '"SECRET-access-token"'],
      ['extra', '1'],
    ]) {
      await setting.pool.query(`REPLACE INTO ${table} (openid, ${column!}) VALUES ('oSECRET', ?)`, [value])
      const error = await rejection(store.getToken('oSECRET'), StoreError)
      expect(error.message).to.equal('The store holds something that is not a record')
      expectNoValues(error)
      await store.saveToken('oSECRET', { openid: 'oSECRET', access_token: 'new', create_at: 1 })
      expect(await store.getToken('oSECRET')).to.deep.equal({
        openid: 'oSECRET',
        access_token: 'new',
        create_at: 1,
      })
    }
  })

  it('contain no value if a field has no room, and only as many names as fit on a line', async () => {
    const table = await setting.table(...oldTable)
    const fields = {
      [`long\n${'n'.repeat(1000)}`]: secrets.access_token,
      ...Object.fromEntries(
        Array.from({ length: 50 }, (_, index) => [`field${index}`, secrets.refresh_token]),
      ),
    }
    const error = await rejection(
      setting.store({ table }).saveToken('oSECRET', makeToken('oSECRET', fields)),
      StoreError,
    )
    expect(error.message).to.match(
      /^The table has no room for "long\\nn{59}", "field0", .*"field8"\. Run ALTER TABLE \S+ ADD COLUMN `extra` JSON NULL;$/,
    )
    expectNoValues(error)
  })

  it('contain no value if a record cannot be written as JSON', async () => {
    const { store } = await setting.freshStore()
    const circular: Record<string, unknown> = { ...secrets }
    circular.itself = circular
    for (const field of [circular, 1n])
      expectNoValues(await rejection(store.saveToken('oSECRET', makeToken('oSECRET', { field })), StoreError))
  })

  it('contain no value if a string is not well-formed Unicode', async () => {
    const { store } = await setting.freshStore()
    expectNoValues(
      await rejection(
        store.saveToken('oSECRET', makeToken('oSECRET', { scope: 'SECRET-access-token\ud83d' })),
        StoreError,
      ),
    )
    expect(await store.getToken('oSECRET')).to.equal(null)
    for (const fields of [
      { 'SECRET-access-token\udc00': 1 },
      { nested: { deep: ['SECRET-access-token\ud83d'] } },
    ]) {
      const token = makeToken('oSECRET', fields)
      try {
        await store.saveToken('oSECRET', token)
        // JSON can spell it, but not every server takes it for JSON.
        expect(await store.getToken('oSECRET')).to.deep.equal(token)
      } catch (error) {
        expect(error).to.be.an.instanceOf(StoreError)
        expectNoValues(error as StoreError)
      }
    }
  })

  it('contain no value if the key is too long for any table, or not well-formed Unicode', async () => {
    const { store } = await setting.freshStore()
    for (const key of ['oSECRET'.padEnd(513, 'x'), 'oSECRET\ud83d', `oSECRET${'😀'.repeat(127)}`]) {
      expect(await store.getToken(key)).to.equal(null)
      await store.deleteToken(key)
      const error = await rejection(store.saveToken(key, makeToken(key)), StoreError)
      expect(error.message).to.match(/not well-formed Unicode$/)
      expectNoValues(error)
    }
    const error = await rejection(
      store.withLock('oSECRET'.padEnd(768, 'x'), async () => expect.fail('the task must not run')),
      StoreError,
    )
    expect(error.code).to.equal('ERR_WECHAT_LOCK')
    expectNoValues(error)
  })
})

describe('MysqlTokenStore and values that do not fit', () => {
  const setting = useMysql()

  it('keeps them elsewhere instead of cutting or rounding them, even if the server would do so silently', async () => {
    const { table } = await setting.freshStore()
    const store = setting.store({
      table,
      pool: setting.keep(openPool(setting.service.url, { session: lenientSession })),
    })
    const token = makeToken('o1', {
      access_token: 'a'.repeat(70_000),
      scope: 'é'.repeat(256),
      unionid: '😀'.repeat(129),
      expires_in: 2 ** 31,
      create_at: 1_763_000_000_123.5,
      is_snapshotuser: 128,
      refresh_token: 'r'.repeat(65_536),
      session_key: '',
    })
    await store.saveToken('o1', token)
    expect(await store.getToken('o1')).to.deep.equal(token)
    const edge = makeToken('o1', {
      access_token: 'é'.repeat(32_767),
      scope: '😀'.repeat(255),
      unionid: '名'.repeat(128),
      expires_in: -(2 ** 31),
      create_at: Number.MIN_SAFE_INTEGER,
      is_snapshotuser: 127,
    })
    await store.saveToken('o1', edge)
    expect(await store.getToken('o1')).to.deep.equal(edge)
    expect((await setting.rows(`SELECT extra FROM ${table}`))[0]).to.deep.equal({ extra: null })
  })

  const wholes: [string, bigint, bigint][] = [
    ['TINYINT', -128n, 127n],
    ['TINYINT UNSIGNED', 0n, 255n],
    ['SMALLINT', -32768n, 32767n],
    ['MEDIUMINT UNSIGNED', 0n, 16777215n],
    ['INT', -(2n ** 31n), 2n ** 31n - 1n],
    ['INT UNSIGNED ZEROFILL', 0n, 2n ** 32n - 1n],
    ['BIGINT', -(2n ** 63n), 2n ** 63n - 1n],
    ['BIGINT UNSIGNED', 0n, 2n ** 64n - 1n],
    ['DECIMAL(20)', -(10n ** 20n) + 1n, 10n ** 20n - 1n],
  ]
  for (const [type, smallest, biggest] of wholes) {
    it(`knows the limits of ${type}`, async () => {
      const table = await setting.table(
        `CREATE TABLE $ (openid VARBINARY(64) PRIMARY KEY, create_at BIGINT, n ${type} NULL)`,
      )
      const store = setting.store({
        table,
        pool: setting.keep(openPool(setting.service.url, { session: lenientSession })),
      })
      const asValue = (whole: bigint): number | string =>
        Number.isSafeInteger(Number(whole)) ? Number(whole) : String(whole)
      for (const n of [smallest, biggest]) {
        const token = { openid: 'o1', create_at: 1, n: asValue(n) }
        await store.saveToken('o1', token)
        expect(await store.getToken('o1')).to.deep.equal(token)
      }
      for (const n of [
        asValue(smallest - 1n),
        asValue(biggest + 1n),
        0.5,
        'three',
        '12',
        '0x10',
        ' 1',
        '1e30',
        true,
      ]) {
        expect(
          (await rejection(store.saveToken('o1', { openid: 'o1', create_at: 1, n }), StoreError)).message,
        ).to.include('"n"')
      }
    })
  }

  for (const [type, fits, doesNot] of [
    ['VARCHAR(3) CHARACTER SET utf8mb4', '😀é ', 'abcd'],
    ['VARCHAR(3) CHARACTER SET utf8', '名é ', '😀'],
    ['CHAR(3) CHARACTER SET utf8mb4', '😀é', 'ab '],
    ['TINYTEXT CHARACTER SET utf8mb4', 'é'.repeat(127), 'é'.repeat(128)],
    ['TEXT CHARACTER SET utf8', '名'.repeat(21_845), '名'.repeat(21_846)],
    ['MEDIUMTEXT CHARACTER SET utf8mb4', 'a'.repeat(100_000), 'a'.repeat(2 ** 24)],
  ] as const) {
    it(`knows what fits into ${type}`, async () => {
      const table = await setting.table(
        `CREATE TABLE $ (openid VARBINARY(64) PRIMARY KEY, create_at BIGINT, t ${type} NULL)`,
      )
      const store = setting.store({
        table,
        pool: setting.keep(openPool(setting.service.url, { session: lenientSession })),
      })
      await store.saveToken('o1', { openid: 'o1', create_at: 1, t: fits })
      expect(await store.getToken('o1')).to.deep.equal({ openid: 'o1', create_at: 1, t: fits })
      expect(
        (await rejection(store.saveToken('o1', { openid: 'o1', create_at: 1, t: doesNot }), StoreError))
          .message,
      ).to.include('"t"')
    })
  }

  for (const [type, fits, doesNot] of [
    ['VARCHAR(50) CHARACTER SET latin1', 'ascii only', 'é'],
    ['VARCHAR(50) CHARACTER SET gbk', 'ascii only', '名'],
    ['VARCHAR(50) CHARACTER SET ucs2', 'ascii only', '名'],
    ['VARBINARY(50)', '名😀', '名'.repeat(17)],
    ['TINYBLOB', 'é'.repeat(127), 'é'.repeat(128)],
    ['BLOB', 'a'.repeat(65_535), 'a'.repeat(65_536)],
  ] as const) {
    it(`keeps tokens in ${type}, as far as that is safe`, async () => {
      const table = await setting.table(
        `CREATE TABLE $ (openid VARBINARY(64) PRIMARY KEY, create_at BIGINT, access_token ${type} NULL)`,
      )
      const store = setting.store({
        table,
        pool: setting.keep(openPool(setting.service.url, { session: lenientSession })),
      })
      await store.saveToken('o1', { openid: 'o1', create_at: 1, access_token: fits })
      expect(await store.getToken('o1')).to.deep.equal({ openid: 'o1', create_at: 1, access_token: fits })
      const error = await rejection(
        store.saveToken('o1', { openid: 'o1', create_at: 1, access_token: doesNot }),
        StoreError,
      )
      expect(error.message).to.match(
        /"access_token"\. Run ALTER TABLE \S+ (MODIFY COLUMN `access_token` TEXT|ADD COLUMN `extra`)/,
      )
    })
  }

  for (const charset of [
    'utf8mb4 COLLATE utf8mb4_general_ci',
    'utf8 COLLATE utf8_unicode_ci',
    'latin1',
    'gbk',
    'ucs2',
    'ascii',
  ]) {
    it(`finds records if openid is in ${charset}`, async () => {
      const table = await setting.table(
        `CREATE TABLE $ (openid VARCHAR(50) CHARACTER SET ${charset} PRIMARY KEY, access_token TEXT, create_at BIGINT)`,
      )
      const store = setting.store({ table })
      const token = { openid: 'o6_bmjrPTlm6_2sgVt7hMZOPfL2M', access_token: 'a', create_at: 1 }
      await store.saveToken(token.openid, token)
      expect(await store.getToken(token.openid)).to.deep.equal(token)
      expect(await store.getToken(token.openid.toUpperCase())).to.equal(null)
      await store.deleteToken(token.openid.toUpperCase())
      expect(await store.getToken(token.openid)).to.deep.equal(token)
      await store.deleteToken(token.openid)
      expect(await store.getToken(token.openid)).to.equal(null)
    })
  }
})
