import { expect } from 'chai'
import { StoreError, type WechatToken } from '@wechat-auth/wechat-oauth'
import type { MysqlTokenStore } from '@wechat-auth/store-mysql'
import { rejection } from '../../helpers/rejection.js'
import { oldTable, makeToken, useMysql } from './setting.js'

const makes: { what: string; hasExtra: boolean }[] = [
  { what: 'a table of ours', hasExtra: true },
  { what: 'the table of the older packages', hasExtra: false },
]

for (const { what, hasExtra } of makes) {
  describe(`MysqlTokenStore on ${what} with columns of the application`, () => {
    const setting = useMysql()

    async function storeWith(...columns: string[]): Promise<{ store: MysqlTokenStore; table: string }> {
      const { store, table } = hasExtra ? await setting.freshStore() : await older()
      await setting.pool.query(
        `ALTER TABLE ${table} ${columns.map((column) => `ADD COLUMN ${column}`).join(', ')}`,
      )
      return { store, table }
    }

    async function older(): Promise<{ store: MysqlTokenStore; table: string }> {
      const table = await setting.table(...oldTable)
      return { store: setting.store({ table }), table }
    }

    async function readValue(table: string, openid: string, column: string): Promise<unknown> {
      const [row] = await setting.rows(`SELECT \`${column}\` AS value FROM ${table} WHERE openid = ?`, [
        openid,
      ])
      return row?.value
    }

    async function set(table: string, openid: string, column: string, value: unknown): Promise<void> {
      await setting.pool.query(`UPDATE ${table} SET \`${column}\` = ? WHERE openid = ?`, [value, openid])
    }

    it('reads them as fields of the record', async () => {
      const { store, table } = await storeWith(
        'nickname VARCHAR(50) CHARACTER SET utf8mb4 NULL',
        'visits INT NULL',
        'score DOUBLE NULL',
      )
      await store.saveToken('o1', makeToken('o1'))
      expect(await store.getToken('o1')).to.deep.equal(makeToken('o1'))
      await setting.pool.query(`UPDATE ${table} SET nickname = '爱丽丝🐼', visits = 3, score = 0.1`)
      expect(await store.getToken('o1')).to.deep.equal(
        makeToken('o1', { nickname: '爱丽丝🐼', visits: 3, score: 0.1 }),
      )
    })

    it('writes fields into them', async () => {
      const { store, table } = await storeWith(
        'nickname VARCHAR(50) CHARACTER SET utf8mb4 NULL',
        'visits INT NULL',
        'score DOUBLE NULL',
      )
      for (const fields of [
        { nickname: '爱丽丝🐼', visits: 3, score: 1e300 },
        { nickname: '', visits: 0, score: -0.3 },
      ]) {
        const token = makeToken('o1', fields)
        await store.saveToken('o1', token)
        for (const [column, value] of Object.entries(fields))
          expect(await readValue(table, 'o1', column)).to.equal(value)
        expect(await store.getToken('o1')).to.deep.equal(token)
      }
    })

    it('leaves them unchanged if the record has no such field, and clears our own', async () => {
      const { store, table } = await storeWith(
        'nickname VARCHAR(50) NULL',
        `level INT NOT NULL DEFAULT 1`,
        `remark VARCHAR(20) NOT NULL DEFAULT 'new'`,
      )
      await store.saveToken('o1', makeToken('o1'))
      await setting.pool.query(`UPDATE ${table} SET nickname = 'Alice', level = 5, remark = 'vip'`)
      const login: WechatToken = { openid: 'o1', access_token: 'next', create_at: 1_763_000_000_456 }
      await store.saveToken('o1', login)
      expect(await store.getToken('o1')).to.deep.equal({
        ...login,
        nickname: 'Alice',
        level: 5,
        remark: 'vip',
      })
    })

    it('does not touch columns that were added after it read the table', async function () {
      const { store, table } = await storeWith('nickname VARCHAR(50) NULL')
      await store.saveToken('o1', makeToken('o1'))
      await setting.pool.query(`ALTER TABLE ${table} ADD COLUMN remark VARCHAR(20) NOT NULL DEFAULT 'new'`)
      await set(table, 'o1', 'remark', 'vip')
      await store.saveToken('o1', makeToken('o1', { access_token: 'next' }))
      expect(await readValue(table, 'o1', 'remark')).to.equal('vip')
    })

    it('gives new rows their defaults', async () => {
      const { store, table } = await storeWith(
        'nickname VARCHAR(50) NULL',
        `remark VARCHAR(20) NOT NULL DEFAULT 'it''s "new"'`,
        'level INT NOT NULL DEFAULT 7',
        `city VARCHAR(20) NULL DEFAULT '广州'`,
        'bare VARCHAR(20) NOT NULL',
        'count INT NOT NULL',
        'since DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP',
      )
      const known = { remark: `it's "new"`, level: 7, city: '广州', bare: '', count: 0 }
      await store.saveToken('o1', makeToken('o1'))
      expect(await store.getToken('o1')).to.deep.equal(makeToken('o1', known))
      expect(Date.now() - ((await readValue(table, 'o1', 'since')) as Date).getTime()).to.be.lessThan(
        86_400_000,
      )
      await store.saveToken('o2', makeToken('o2', { remark: 'given', level: 0, bare: 'given' }))
      expect(await store.getToken('o2')).to.deep.equal(
        makeToken('o2', { ...known, remark: 'given', level: 0, bare: 'given' }),
      )
    })

    it('clears a column by null', async () => {
      const { store, table } = await storeWith(
        `nickname VARCHAR(50) NULL DEFAULT 'nobody'`,
        'visits INT NULL',
      )
      await store.saveToken('o1', makeToken('o1', { nickname: 'Alice', visits: 3 }))
      await store.saveToken('o1', makeToken('o1', { nickname: null, visits: null }))
      expect(await readValue(table, 'o1', 'nickname')).to.equal(null)
      expect(await store.getToken('o1')).to.deep.equal(
        makeToken('o1', hasExtra ? { nickname: null, visits: null } : {}),
      )
      await store.saveToken('o2', makeToken('o2', { nickname: null }))
      expect(await readValue(table, 'o2', 'nickname')).to.equal(null)
    })

    it('keeps numbers that JavaScript cannot represent', async () => {
      const { store, table } = await storeWith(
        'user_id BIGINT NULL',
        'total BIGINT UNSIGNED NULL',
        'amount DECIMAL(30) NULL',
      )
      await store.saveToken('o1', makeToken('o1'))
      await setting.pool.query(
        `UPDATE ${table} SET user_id = -1234567890123456789, total = 18446744073709551615, amount = 123456789012345678901234567890`,
      )
      const token = makeToken('o1', {
        user_id: '-1234567890123456789',
        total: '18446744073709551615',
        amount: '123456789012345678901234567890',
      })
      expect(await store.getToken('o1')).to.deep.equal(token)
      await store.saveToken('o2', { ...token, openid: 'o2' })
      expect(await store.getToken('o2')).to.deep.equal({ ...token, openid: 'o2' })
      expect(
        String(
          (await setting.rows(`SELECT CAST(user_id AS CHAR) AS text FROM ${table} WHERE openid = 'o2'`))[0]
            ?.text,
        ),
      ).to.equal('-1234567890123456789')
    })

    it('does not write columns that the server fills', async () => {
      const { store, table } = await storeWith(
        'id INT NOT NULL AUTO_INCREMENT UNIQUE',
        'changed TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)',
        'scope_length INT AS (CHAR_LENGTH(scope)) VIRTUAL',
      )
      await store.saveToken('o1', makeToken('o1'))
      await store.saveToken('o2', makeToken('o2'))
      const [id, changed] = [await readValue(table, 'o1', 'id'), await readValue(table, 'o1', 'changed')]
      await store.saveToken('o1', makeToken('o1', { access_token: 'next', scope: 'abc' }))
      expect(await readValue(table, 'o1', 'id')).to.equal(id)
      expect(((await readValue(table, 'o1', 'changed')) as Date).getTime()).to.be.at.least(
        (changed as Date).getTime(),
      )
      expect(await readValue(table, 'o1', 'scope_length')).to.equal(3)
      expect(await store.getToken('o1')).to.deep.equal(
        makeToken('o1', { access_token: 'next', scope: 'abc' }),
      )
      expect(await store.getToken('o2')).to.deep.equal(makeToken('o2'))
    })

    it('does not touch columns that could not return the value that was written', async () => {
      const { store, table } = await storeWith(
        'seen DATETIME NULL',
        'face BLOB NULL',
        `plan ENUM('free', 'paid') NULL`,
        'ratio FLOAT NULL',
        'price DECIMAL(10, 2) NULL',
        'name_gbk VARCHAR(20) CHARACTER SET gbk NULL',
      )
      await store.saveToken('o1', makeToken('o1'))
      const values = {
        seen: new Date(1_700_000_000_000),
        face: Buffer.from([0, 255]),
        plan: 'paid',
        ratio: 0.1,
        price: '12.30',
        name_gbk: '爱丽丝',
      }
      for (const [column, value] of Object.entries(values)) await set(table, 'o1', column, value)
      await store.saveToken('o1', makeToken('o1', { access_token: 'next' }))
      for (const [column, value] of Object.entries(values))
        expect(await readValue(table, 'o1', column)).to.deep.equal(value)
      expect(await store.getToken('o1')).to.deep.equal(makeToken('o1', { access_token: 'next' }))
    })

    const misfits = {
      nickname: 42,
      level: 'high',
      big: 2 ** 40,
      whole: 1.5,
      active: true,
      long: 'x'.repeat(21),
      list: [1],
      Nickname: 'of another case',
      seen: '2026-11-01',
    }
    const columns = [
      'nickname VARCHAR(20) NULL',
      'level INT NULL',
      'big INT NULL',
      'whole INT NOT NULL DEFAULT 0',
      'active TINYINT(1) NULL',
      'long VARCHAR(20) NULL',
      `list VARCHAR(20) NOT NULL DEFAULT 'none'`,
      'seen DATE NULL',
    ].map((column) => column.replace(/^\w+/, '`$&`'))

    if (hasExtra) {
      it('keeps values elsewhere that they could not return', async () => {
        const { store, table } = await storeWith(...columns)
        await store.saveToken('o1', makeToken('o1', { nickname: 'Alice', level: 1 }))
        await store.saveToken('o1', makeToken('o1', misfits))
        expect(await store.getToken('o1')).to.deep.equal(makeToken('o1', { ...misfits }))
        expect(await readValue(table, 'o1', 'nickname')).to.equal(null)
        await store.saveToken('o1', makeToken('o1', { nickname: 'Alice', level: 2 }))
        expect(await store.getToken('o1')).to.deep.equal(
          makeToken('o1', { nickname: 'Alice', level: 2, whole: 0, list: 'none' }),
        )
      })

      it('keeps JSON if the column has that type', async function () {
        const { store, table } = await storeWith('settings JSON NULL')
        const [column] = await setting.rows(`SHOW COLUMNS FROM ${table} LIKE 'settings'`)
        const token = makeToken('o1', { settings: { a: [1, '爱丽丝🐼', null], b: {} } })
        await store.saveToken('o1', token)
        expect(await store.getToken('o1')).to.deep.equal(token)
        // MariaDB calls it a text.
        expect(column?.Type).to.be.oneOf(['json', 'longtext'])
      })
    } else {
      for (const [field, value] of Object.entries(misfits)) {
        it(`refuses values that they could not return (${field}: ${JSON.stringify(value)})`, async () => {
          const { store } = await storeWith(...columns)
          await store.saveToken('o1', makeToken('o1'))
          const before = await store.getToken('o1')
          const error = await rejection(
            store.saveToken('o1', makeToken('o1', { access_token: 'next', [field]: value })),
            StoreError,
          )
          expect(error.message)
            .to.match(/has no room for "\w+"\. Run ALTER TABLE \S+ ADD COLUMN `extra` JSON NULL;$/)
            .and.to.include(`"${field}"`)
          expect(await store.getToken('o1')).to.deep.equal(before)
        })
      }
    }

    it('accepts names that need quoting', async () => {
      const names = ['a b', 'it`s', 'select', '名字', '$x', '100%', 'what?', ':named', '`; --']
      const { store, table } = await storeWith(
        ...names.map((name) => `\`${name.replaceAll('`', '``')}\` VARCHAR(20) NULL`),
      )
      const token = makeToken('o1', Object.fromEntries(names.map((name, index) => [name, `value ${index}`])))
      await store.saveToken('o1', token)
      expect(await store.getToken('o1')).to.deep.equal(token)
      expect(await readValue(table, 'o1', 'a b')).to.equal('value 0')
    })

    it('does not lose parallel saves and updates', async () => {
      const { store, table } = await storeWith(
        `remark VARCHAR(20) NOT NULL DEFAULT 'new'`,
        'visits INT NOT NULL DEFAULT 0',
      )
      await store.saveToken('o1', makeToken('o1'))
      await Promise.all(
        Array.from({ length: 50 }, async (_, index) => {
          if (index % 2 === 0)
            await store.saveToken('o1', makeToken('o1', { access_token: `token ${index}` }))
          else await setting.pool.query(`UPDATE ${table} SET visits = visits + 1 WHERE openid = 'o1'`)
        }),
      )
      expect((await store.getToken('o1'))?.visits).to.equal(25)
    })
  })
}
