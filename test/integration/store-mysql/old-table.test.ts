import { expect } from 'chai'
import { randomBytes } from 'node:crypto'
import {
  encryptedTokenStore,
  isTokenValid,
  StoreError,
  WechatAPIError,
  WechatOAuth,
  type WechatToken,
} from '@wechat-auth/wechat-oauth'
import { startSandbox } from '@wechat-auth/wechat-sandbox'
import { lenientSession, openPool } from '../../helpers/mysql.js'
import { rejection } from '../../helpers/rejection.js'
import { doAsTold, oldTable, secrets, makeToken, useMysql } from './setting.js'

const fields = ['access_token', 'expires_in', 'refresh_token', 'openid', 'scope', 'create_at']

describe('MysqlTokenStore on the table of the older packages', () => {
  const setting = useMysql()

  /** As their READMEs told people to save. */
  async function saveAsTheyDid(table: string, token: WechatToken): Promise<void> {
    await setting.pool.query(
      `REPLACE INTO ${table}(${fields.join(', ')}) VALUES(?, ?, ?, ?, ?, ?)`,
      fields.map((field) => token[field]),
    )
  }

  /** And to read. */
  async function readAsTheyDid(table: string, openid: string): Promise<Record<string, unknown> | undefined> {
    return (await setting.rows(`SELECT * FROM ${table} WHERE openid = ?`, [openid]))[0]
  }

  it('reads what they saved, with numbers as numbers', async () => {
    const table = await setting.table(...oldTable)
    const token = makeToken('o6_bmjrPTlm6_2sgVt7hMZOPfL2M')
    await saveAsTheyDid(table, token)
    expect(await setting.store({ table }).getToken(token.openid)).to.deep.equal(token)
  })

  it('sees that an old token has expired', async () => {
    const table = await setting.table(...oldTable)
    const old = makeToken('oOld', { create_at: Date.now() - 3 * 365 * 86_400_000 })
    const young = makeToken('oYoung', { create_at: Date.now() - 1000 })
    for (const token of [old, young]) await saveAsTheyDid(table, token)
    const store = setting.store({ table })
    expect(isTokenValid(await store.getToken('oOld'))).to.equal(false)
    expect(isTokenValid(await store.getToken('oYoung'))).to.equal(true)
  })

  it('reads times as text of ISO 8601', async () => {
    const table = await setting.table(oldTable[0]!.replace('varchar(20)', 'varchar(40)'), oldTable[1]!)
    const token = makeToken('oNew')
    for (const time of ['2025-11-13T02:13:20.123Z', '2025-11-13 10:13:20.123+08:00']) {
      await saveAsTheyDid(table, { ...token, create_at: time as unknown as number })
      const read = await setting.store({ table }).getToken('oNew')
      expect(read).to.deep.equal({ ...token, create_at: Date.parse(time) })
    }
  })

  it('saves what they can read', async () => {
    const table = await setting.table(...oldTable)
    const token = makeToken('oNew')
    await setting.store({ table }).saveToken('oNew', token)
    expect(await readAsTheyDid(table, 'oNew')).to.deep.equal({
      ...token,
      expires_in: '7200',
      create_at: '1763000000123',
    })
  })

  it('replaces records, and deletes them', async () => {
    const table = await setting.table(...oldTable)
    const store = setting.store({ table })
    await saveAsTheyDid(table, makeToken('o1'))
    await saveAsTheyDid(table, makeToken('o2'))
    const next = { openid: 'o1', access_token: 'next', create_at: 1_763_000_000_456 }
    await store.saveToken('o1', next)
    expect(await store.getToken('o1')).to.deep.equal(next)
    await store.deleteToken('o1')
    expect(await store.getToken('o1')).to.equal(null)
    expect(await store.getToken('o2')).to.deep.equal(makeToken('o2'))
  })

  it('writes a blank if the column must have a value, and reads it as absent', async () => {
    const table = await setting.table(...oldTable)
    const token = { openid: 'oShort', access_token: 'a', create_at: 1_763_000_000_123 }
    const store = setting.store({ table })
    await store.saveToken('oShort', token)
    expect(await readAsTheyDid(table, 'oShort')).to.deep.equal({
      ...token,
      expires_in: '',
      refresh_token: '',
      scope: '',
      create_at: '1763000000123',
    })
    expect(await store.getToken('oShort')).to.deep.equal(token)
    await store.saveToken('oShort', { ...token, refresh_token: '', scope: '' })
    expect(await store.getToken('oShort')).to.deep.equal(token)
  })

  it('refuses a text that is not a number in a column for numbers', async () => {
    const table = await setting.table(...oldTable)
    const store = setting.store({ table })
    for (const [field, value] of Object.entries({
      create_at: 'yesterday',
      expires_in: '2h',
      scope: 'fine',
    })) {
      await saveAsTheyDid(table, { ...makeToken('oWrong'), [field]: value })
      if (field === 'scope')
        expect(await store.getToken('oWrong')).to.deep.equal(makeToken('oWrong', { scope: 'fine' }))
      else await rejection(store.getToken('oWrong'), StoreError)
    }
  })

  it('looks records up by the index', async () => {
    const table = await setting.table(...oldTable)
    const store = setting.store({ table })
    await Promise.all(Array.from({ length: 300 }, (_, index) => saveAsTheyDid(table, makeToken(`o${index}`))))
    const own = setting.keep(openPool(setting.service.url, { connectionLimit: 1 }))
    const reader = setting.store({ table, pool: own })
    await reader.getToken('o1')
    const rowsRead = async (): Promise<number> => {
      const [rows] = await own
        .promise()
        .query("SHOW SESSION STATUS WHERE Variable_name IN ('Handler_read_next', 'Handler_read_rnd_next')")
      return (rows as { Value: string }[]).reduce((sum, { Value }) => sum + Number(Value), 0)
    }
    await rowsRead()
    const before = await rowsRead()
    const ofAsking = (await rowsRead()) - before
    await reader.getToken('o7')
    await reader.deleteToken('o8')
    expect((await rowsRead()) - before - 2 * ofAsking).to.be.lessThan(10)
    expect(await store.getToken('o8')).to.equal(null)
  })

  for (const [sessions, session] of Object.entries({
    strict: `SET sql_mode = 'STRICT_ALL_TABLES'`,
    lenient: lenientSession,
  })) {
    describe(`in ${sessions} sessions`, () => {
      const tooLong = 'x'.repeat(201)
      const cases: { what: string; token: Record<string, unknown>; names: string[]; change: RegExp }[] = [
        {
          what: 'a token that is too long',
          token: { access_token: tooLong },
          names: ['access_token'],
          change: /MODIFY COLUMN `access_token` TEXT/,
        },
        {
          what: 'a number that is too long',
          token: { expires_in: 12_345_678_901 },
          names: ['expires_in'],
          change: /ADD COLUMN `extra` JSON/,
        },
        {
          what: 'an emoji',
          token: { scope: '😀' },
          names: ['scope'],
          change: /MODIFY COLUMN `scope` VARCHAR/,
        },
        {
          what: 'a text where a number belongs',
          token: { expires_in: '7200' },
          names: ['expires_in'],
          change: /ADD COLUMN `extra`/,
        },
        {
          what: 'a session_key',
          token: { session_key: 'SECRET-session-key' },
          names: ['session_key'],
          change: /ADD COLUMN `session_key` TEXT/,
        },
        {
          what: 'a unionid and a field of the application',
          token: { unionid: 'SECRET-unionid', nickname: 'SECRET-name' },
          names: ['unionid', 'nickname'],
          change: /ADD COLUMN `unionid` [^,]+, ADD COLUMN `extra` JSON/,
        },
      ]
      for (const { what, token, names, change } of cases) {
        it(`refuses ${what}, changes nothing, and says what to do`, async () => {
          const table = await setting.table(...oldTable)
          const pool = setting.keep(openPool(setting.service.url, { session }))
          await saveAsTheyDid(table, makeToken('o1'))
          const error = await rejection(
            setting.store({ table, pool }).saveToken('o1', makeToken('o1', token)),
            StoreError,
          )
          expect(error.code).to.equal('ERR_WECHAT_STORE')
          for (const name of names) expect(error.message).to.include(`"${name}"`)
          expect(error.message).to.match(change)
          for (const secret of [...Object.values(secrets), 'SECRET', tooLong, '😀', '12345678901'])
            expect(error.message).not.to.include(secret)
          expect(await setting.store({ table }).getToken('o1')).to.deep.equal(makeToken('o1'))
        })
      }

      it('keeps the value once the suggested statement has run', async () => {
        const table = await setting.table(...oldTable)
        const pool = setting.keep(openPool(setting.service.url, { session }))
        const openid = 'oé😀'.padEnd(128, '😀')
        const token = makeToken(openid, {
          access_token: 'a'.repeat(600),
          unionid: 'oUnionid',
          session_key: 'k',
          is_snapshotuser: 1,
          nickname: '爱丽丝🐼',
          expires_in: '7200',
          nested: { list: [1] },
        })
        await saveAsTheyDid(table, makeToken('oBefore'))
        const store = setting.store({ table, pool })
        for (let change = 0; change < 2; change += 1)
          await doAsTold(setting, await rejection(store.saveToken(openid, token), StoreError))
        await store.saveToken(openid, token)
        expect(await store.getToken(openid)).to.deep.equal(token)
        expect(await store.getToken('oBefore')).to.deep.equal(makeToken('oBefore'))
      })
    })
  }

  describe('without columns for unionid and is_snapshotuser', () => {
    /** The warnings of the process that name the table. */
    async function warningsDuring(table: string, task: () => Promise<void>): Promise<Error[]> {
      const warnings: Error[] = []
      const hear = (warning: Error): void => {
        if (warning.message.includes(table)) warnings.push(warning)
      }
      process.on('warning', hear)
      try {
        await task()
        await new Promise((resolve) => {
          setImmediate(resolve)
        })
      } finally {
        process.off('warning', hear)
      }
      return warnings
    }

    it('leaves these out, and warns the process once which statement to run', async () => {
      const table = await setting.table(...oldTable)
      const [unionid, snapshot] = [{ unionid: 'SECRET-unionid' }, { is_snapshotuser: 1 }]
      const token = makeToken('o1', { ...unionid, ...snapshot })
      const warnings = await warningsDuring(table, async () => {
        for (const fields of [unionid, snapshot, { ...unionid, ...snapshot }]) {
          await setting.store({ table }).saveToken('o1', makeToken('o1', fields))
          expect(await setting.store({ table }).getToken('o1')).to.deep.equal(makeToken('o1'))
        }
      })
      expect(warnings).to.have.lengthOf(1)
      expect(warnings[0]?.name).to.equal('WechatStoreWarning')
      expect(warnings[0]?.message).to.not.match(/SECRET|o1/)
      await doAsTold(setting, warnings[0]!)
      const store = setting.store({ table })
      await store.saveToken('o1', token)
      expect(await store.getToken('o1')).to.deep.equal(token)
    })

    it('cause one warning for each table', async () => {
      const tables = [await setting.table(...oldTable), await setting.table(...oldTable)]
      const warnings = await Promise.all(
        tables.map(async (table) =>
          warningsDuring(table, async () => {
            await setting.store({ table }).saveToken('o1', makeToken('o1', { unionid: 'oUnionid' }))
          }),
        ),
      )
      expect(warnings.map(({ length }) => length)).to.deep.equal([1, 1])
    })

    it('refuses them if their column is too short', async () => {
      const table = await setting.table(...oldTable, 'ALTER TABLE `$` ADD COLUMN unionid varchar(5)')
      const saving = setting.store({ table }).saveToken('o1', makeToken('o1', { unionid: 'oUnionid' }))
      const error = await rejection(saving, StoreError)
      expect(error.message).to.match(/MODIFY COLUMN `unionid`/)
    })

    it('logs users in who have a unionid, reads them, and replaces a record that cannot be used', async () => {
      const sandbox = await startSandbox()
      try {
        const table = await setting.table(...oldTable)
        const { appId, appSecret } = sandbox.apps.find(({ type }) => type === 'mp')!
        const tokenStore = setting.store({ table })
        const oauth = new WechatOAuth({ appId, appSecret, endpoints: sandbox.url, tokenStore })
        const code = (): string => sandbox.issueCode({ appId, user: 'alice', scope: 'snsapi_userinfo' })
        const login = (): Promise<WechatToken> => oauth.getAccessToken(code())
        const { unionid, ...token } = await login()
        expect(await oauth.getUser(token.openid)).to.include({ openid: token.openid, unionid })
        expect(unionid).to.be.a('string')
        await setting.pool.query(`UPDATE ${table} SET create_at = 'yesterday'`)
        expect(await rejection(oauth.getUser(token.openid), StoreError)).to.include({ reason: 'record' })
        const { unionid: _again, ...next } = await login()
        expect(await setting.store({ table }).getToken(token.openid)).to.deep.equal(next)
      } finally {
        await sandbox.close()
      }
    })
  })

  it('keeps encrypted tokens as long as there is room for them', async () => {
    const table = await setting.table(...oldTable)
    const store = setting.store({ table })
    await saveAsTheyDid(table, makeToken('oOld'))
    const encrypted = encryptedTokenStore(store, {
      keys: [{ id: 'k1', key: randomBytes(32) }],
      acceptPlaintext: true,
    })
    expect(await encrypted.getToken('oOld')).to.deep.equal(makeToken('oOld'))
    await encrypted.saveToken('oOld', makeToken('oOld'))
    expect((await readAsTheyDid(table, 'oOld'))?.access_token).to.match(/^enc:v1:k1:/)
    expect(await encrypted.getToken('oOld')).to.deep.equal(makeToken('oOld'))
    const long = makeToken('oOld', { access_token: 'a'.repeat(150) })
    await doAsTold(setting, await rejection(encrypted.saveToken('oOld', long), StoreError))
    await encrypted.saveToken('oOld', long)
    expect(await encrypted.getToken('oOld')).to.deep.equal(long)
  })

  it('keeps one complete record after parallel saves', async () => {
    const table = await setting.table(...oldTable)
    const stores = [
      setting.store({ table }),
      setting.store({ table, pool: setting.keep(openPool(setting.service.url)) }),
    ]
    const tokens = Array.from({ length: 50 }, (_, index) =>
      makeToken('o1', { access_token: `token ${index}`, create_at: 1_763_000_000_000 + index }),
    )
    await Promise.all(tokens.map((token, index) => stores[index % 2]!.saveToken('o1', token)))
    const read = await stores[0]!.getToken('o1')
    expect(tokens).to.deep.include(read)
    expect(await setting.rows(`SELECT * FROM ${table}`)).to.have.lengthOf(1)
  })

  it('does not return the record of another user whose key the table considers equal', async () => {
    const table = await setting.table(...oldTable)
    await setting.pool.query(
      `ALTER TABLE ${table} MODIFY openid varchar(50) CHARACTER SET utf8 COLLATE utf8_general_ci NOT NULL`,
    )
    const store = setting.store({ table })
    await store.saveToken('oAbc', makeToken('oAbc'))
    for (const other of ['oabc', 'oAbc ', 'oÁbc', 'oAbc😀', 'oAbc'.padEnd(60, 'x')]) {
      expect(await store.getToken(other)).to.equal(null)
      await store.deleteToken(other)
    }
    expect(await store.getToken('oAbc')).to.deep.equal(makeToken('oAbc'))
  })

  it('rejects locks without their table, and the client works without locks', async () => {
    const sandbox = await startSandbox()
    try {
      const table = await setting.table(...oldTable)
      const store = setting.store({ table })
      const error = await rejection(
        store.withLock('refresh:o1', async () => expect.fail('the task must not run')),
        StoreError,
      )
      expect(error.code).to.equal('ERR_WECHAT_LOCK')
      expect(error.message).to.include('createTable')
      const { appId, appSecret } = sandbox.apps.find(({ type }) => type === 'mp')!
      const oauth = new WechatOAuth({ appId, appSecret, endpoints: sandbox.url, tokenStore: store })
      const { openid } = await oauth.getAccessToken(
        sandbox.issueCode({ appId, user: 'alice', scope: 'snsapi_base' }),
      )
      await saveAsTheyDid(table, {
        ...(await store.getToken(openid))!,
        create_at: 1_500_000_000_000,
        scope: 'snsapi_userinfo',
      })
      await rejection(oauth.getUser(openid))
      expect(sandbox.count('/sns/oauth2/refresh_token')).to.equal(1)
    } finally {
      await sandbox.close()
    }
  })

  it("keeps an app's access token and ticket for its own secret", async () => {
    const sandbox = await startSandbox()
    try {
      const tokenStore = setting.store({ table: await setting.table(...oldTable) })
      const { appId, appSecret } = sandbox.apps.find(({ type }) => type === 'mp')!
      const options = { appId, endpoints: sandbox.url, tokenStore }
      const tenant = (secret: string): WechatOAuth => new WechatOAuth({ ...options, appSecret: secret })
      await tenant(appSecret).getJsApiTicket()
      await rejection(tenant('wrong').getJsApiTicket(), WechatAPIError)
      await rejection(tenant('wrong').getClientAccessToken(), WechatAPIError)
      await tenant(appSecret).getJsApiTicket()
      await tenant(appSecret).getClientAccessToken()
      expect(sandbox.count('/cgi-bin/ticket/getticket')).to.equal(1)
      expect(sandbox.count('/cgi-bin/stable_token')).to.equal(3)
    } finally {
      await sandbox.close()
    }
  })

  it('stays unchanged when createTable adds a table for locks', async () => {
    const table = await setting.table(...oldTable)
    const definition = async (): Promise<unknown> => (await setting.rows(`SHOW CREATE TABLE ${table}`))[0]
    const before = await definition()
    const store = setting.store({ table })
    await store.createTable()
    expect(await definition()).to.deep.equal(before)
    expect(await store.withLock('refresh:o1', async () => 'ran')).to.equal('ran')
  })
})
