import { expect } from 'chai'
import { inspect } from 'node:util'
import { createPool, type Pool } from 'mysql2'
import { MysqlTokenStore } from '@wechat-auth/store-mysql'

describe('MysqlTokenStore options', () => {
  let pool: Pool

  // Nothing is sent by any of these.
  before(() => {
    pool = createPool({ host: '127.0.0.1', port: 1 })
  })
  after((done) => {
    pool.end(() => done())
  })

  const wrong: { option: string; value: unknown; message: RegExp }[] = [
    ...[
      undefined,
      null,
      {},
      'mysql://root@localhost',
      { query: () => undefined },
      { getConnection: () => undefined },
    ].map((value) => ({
      option: 'pool',
      value,
      message: /^pool must be a pool of mysql2 or mysql2\/promise/,
    })),
    ...[
      null,
      1,
      '',
      '.',
      'a.',
      '.a',
      'a.b.c',
      'a b',
      'a`b',
      'a;b',
      "a'",
      'a\0',
      'a\n',
      '\ud83d',
      '😀',
      'a/b',
      '../a',
      'x'.repeat(60),
      `${'d'.repeat(65)}.t`,
    ].map((value) => ({ option: 'table', value, message: /^table must be a name/ })),
    ...[0, -1, NaN, Infinity, '5000', null, 86_400_001].map((value) => ({
      option: 'timeout',
      value,
      message: /^timeout must be a positive number of milliseconds/,
    })),
  ]
  for (const { option, value, message } of wrong) {
    it(`refuses ${option}: ${inspect(value)}`, () => {
      expect(() => new MysqlTokenStore({ pool, [option]: value })).to.throw(TypeError, message)
    })
  }

  it('refuses no options at all', () => {
    expect(() => new (MysqlTokenStore as unknown as new () => unknown)()).to.throw(TypeError)
  })

  for (const [table, tokens, locks] of [
    [undefined, '`token`', '`token_lock`'],
    ['wechat.token', '`wechat`.`token`', '`wechat`.`token_lock`'],
    ['my-app.select', '`my-app`.`select`', '`my-app`.`select_lock`'],
    ['令牌$1', '`令牌$1`', '`令牌$1_lock`'],
    ['x'.repeat(59), `\`${'x'.repeat(59)}\``, `\`${'x'.repeat(59)}_lock\``],
  ]) {
    it(`takes ${table === undefined ? 'no table' : `the table ${table}`}`, () => {
      const sql = new MysqlTokenStore({ pool, ...(table !== undefined && { table }) }).createTableSQL()
      expect([...sql.matchAll(/CREATE TABLE IF NOT EXISTS (\S+) \(/g)].map(([, name]) => name)).to.deep.equal(
        [tokens, locks],
      )
    })
  }

  it('give SQL that is to be read', () => {
    expect(new MysqlTokenStore({ pool }).createTableSQL()).to.equal(`CREATE TABLE IF NOT EXISTS \`token\` (
  \`openid\` VARBINARY(512) NOT NULL,
  \`access_token\` TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  \`expires_in\` INT NULL,
  \`refresh_token\` TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  \`scope\` VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  \`create_at\` BIGINT NULL,
  \`unionid\` VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  \`session_key\` TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  \`is_snapshotuser\` TINYINT NULL,
  \`extra\` JSON NULL,
  PRIMARY KEY (\`openid\`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS \`token_lock\` (
  \`name\` VARBINARY(767) NOT NULL,
  \`owner\` VARBINARY(36) NOT NULL,
  \`expires_at\` DATETIME(6) NOT NULL,
  PRIMARY KEY (\`name\`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
`)
  })
})
