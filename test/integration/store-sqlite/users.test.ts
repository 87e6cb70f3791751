import { SqliteUserStore } from '@wechat-auth/store-sqlite'
import { StoreError } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import { rejection } from '../../helpers/rejection.js'
import type { OpenDatabase } from '../../helpers/sqlite.js'
import { diesAfter } from './killed.js'
import { planned } from './plans.js'
import { hostileKeys, hostileNames, withEachDriver } from './setting.js'

/** As mpauthx's users made it. */
const knownTable = `CREATE TABLE user(
  openId text primary key not null,
  city text,
  country text,
  gender integer,
  language text,
  nickName text,
  province text
)`

withEachDriver('SqliteUserStore on a file', ({ databases }) => {
  let database: OpenDatabase
  let store: SqliteUserStore

  beforeEach(() => {
    database = databases.open()
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF')
    store = new SqliteUserStore({ database })
  })

  const readRows = (table: string): Record<string, unknown>[] =>
    database
      .prepare(`SELECT * FROM ${table}`)
      .all()
      .map((row) => ({ ...row }))
  const readIds = (table = 'user'): unknown[] =>
    database
      .prepare(`SELECT openId FROM ${table} ORDER BY openId`)
      .all()
      .map(({ openId }) => openId)

  it('keeps every acknowledged user and account when the process is killed', async () => {
    await diesAfter(
      databases.address('killed'),
      `
      const store = new SqliteUserStore({ database })
      await store.createTable()
      await store.create({ appId: 'wx1', openid: 'o1', profile: { nickName: 'Alice' } })
      await store.link('o1', { appId: 'wx1', openid: 'o1', unionid: 'union1' })
      await store.link('o1', { appId: 'wx2', openid: 'o2', unionid: 'union1' })`,
    )
    const reopened = new SqliteUserStore({ database: databases.open('killed') })
    const alice = { id: 'o1', unionid: 'union1', profile: { nickName: 'Alice' } }
    expect(await reopened.findByOpenid('wx1', 'o1')).to.deep.equal({ ...alice, openid: 'o1' })
    expect(await reopened.findByOpenid('wx2', 'o2')).to.deep.equal({ ...alice, openid: 'o2' })
    expect(await reopened.findByUnionid('union1')).to.deep.equal({ ...alice, openid: 'o1' })
    expect(await reopened.create({ appId: 'wx2', openid: 'o2' })).to.include({ id: 'o1', isNew: false })
  })

  it('writes the known table, and the accounts beside it', async () => {
    await store.createTable()
    await store.create({
      appId: 'wx1',
      openid: 'o1',
      unionid: 'union1',
      profile: {
        nickName: '爱丽丝',
        gender: 2,
        city: '',
        avatarUrl: 'https://…',
        language: 'zh_CN',
        country: 1 as unknown as string,
      },
    })
    expect(readRows('user')).to.deep.equal([
      {
        openId: 'union1',
        city: '',
        country: null,
        gender: 2,
        language: 'zh_CN',
        nickName: '爱丽丝',
        province: null,
      },
    ])
    expect(readRows('wechat_account')).to.deep.equal([{ appid: 'wx1', openid: 'o1', user_id: 'union1' }])
    expect(readRows('wechat_unionid')).to.deep.equal([{ unionid: 'union1', user_id: 'union1' }])
  })

  describe('with a table that mpauthx wrote', () => {
    beforeEach(async () => {
      database.exec(`${knownTable}; INSERT INTO user (openId) VALUES ('oLegacy'), ('unionLegacy')`)
      database.exec(
        "INSERT INTO user (openId, nickName, gender, city) VALUES ('oFilled', 'Alice', 2, '广州')",
      )
      await store.createTable()
    })

    const schema = (): unknown =>
      database.prepare("SELECT sql FROM sqlite_master WHERE name = 'user'").all()[0]?.sql

    it('leaves the table and its rows as they are', async () => {
      const before = readRows('user')
      expect(schema()).to.equal(knownTable)
      await store.create({ appId: 'wx1', openid: 'oFilled', profile: { nickName: 'Mallory' } })
      await store.link('oLegacy', { appId: 'wx1', openid: 'oLegacy', unionid: 'union' })
      expect(readRows('user')).to.deep.equal(before)
    })

    it('finds a returning user by the openid', async () => {
      expect(await store.findByOpenid('wx1', 'oLegacy')).to.deep.equal({ id: 'oLegacy', openid: 'oLegacy' })
      expect(await store.findByOpenid('wx1', 'oFilled')).to.deep.equal({
        id: 'oFilled',
        openid: 'oFilled',
        profile: { nickName: 'Alice', gender: 2, city: '广州' },
      })
      expect(
        await store.create({ appId: 'wx1', openid: 'oLegacy', profile: { nickName: 'x' } }),
      ).to.deep.equal({ id: 'oLegacy', openid: 'oLegacy', isNew: false })
    })

    it('finds a returning user by the unionid, and links the account', async () => {
      expect(await store.findByUnionid('unionLegacy')).to.deep.equal({
        id: 'unionLegacy',
        openid: 'unionLegacy',
        unionid: 'unionLegacy',
      })
      await store.link('unionLegacy', { appId: 'wx1', openid: 'o1', unionid: 'unionLegacy' })
      const user = { id: 'unionLegacy', openid: 'o1', unionid: 'unionLegacy' }
      expect(await store.findByOpenid('wx1', 'o1')).to.deep.equal(user)
      expect(await store.findByUnionid('unionLegacy')).to.deep.equal(user)
      expect(await store.create({ appId: 'wx2', openid: 'o2', unionid: 'unionLegacy' })).to.deep.equal({
        ...user,
        openid: 'o2',
        isNew: false,
      })
      expect(readIds()).to.have.length(3)
    })

    it('gives a user to the app in which they log in first, and to no other', async () => {
      await store.create({ appId: 'wx1', openid: 'oLegacy' })
      expect(await store.findByOpenid('wx2', 'oLegacy')).to.equal(null)
      expect(await store.create({ appId: 'wx2', openid: 'oLegacy' })).to.deep.equal({
        id: 'wx2:oLegacy',
        openid: 'oLegacy',
        isNew: true,
      })
      expect((await store.findByOpenid('wx1', 'oLegacy'))?.id).to.equal('oLegacy')
    })

    it('leaves a unionid to the user who has it as id', async () => {
      await store.create({ appId: 'wx1', openid: 'oLegacy' })
      await store.link('oLegacy', { appId: 'wx1', openid: 'oLegacy', unionid: 'unionLegacy' })
      expect((await store.findByUnionid('unionLegacy'))?.id).to.equal('unionLegacy')
      expect((await store.findByOpenid('wx1', 'oLegacy'))?.unionid).to.equal(undefined)
    })

    it('creates one user for parallel logins over two connections', async () => {
      database.exec("INSERT INTO user (openId) SELECT 'many'")
      const other = new SqliteUserStore({
        database: databases.open(
          `${(readRows('pragma_database_list')[0]?.file as string).split('/').at(-1)}`,
        ),
      })
      const created = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          (index % 2 === 0 ? store : other).create({ appId: 'wx1', openid: 'many' }),
        ),
      )
      for (const user of created) expect(user).to.deep.equal({ id: 'many', openid: 'many', isNew: false })
      expect(readRows('wechat_account')).to.have.length(1)
    })
  })

  it('creates a new user with the account of a user whom the application has deleted', async () => {
    await store.createTable()
    await store.create({ appId: 'wx1', openid: 'o1', unionid: 'union1' })
    database.exec('DELETE FROM user')
    expect(await store.findByOpenid('wx1', 'o1')).to.equal(null)
    expect(await store.findByUnionid('union1')).to.equal(null)
    expect(await store.create({ appId: 'wx1', openid: 'o1' })).to.deep.equal({
      id: 'o1',
      openid: 'o1',
      isNew: true,
    })
    await store.link('o1', { appId: 'wx1', openid: 'o1', unionid: 'union1' })
    expect(await store.findByUnionid('union1')).to.deep.equal({ id: 'o1', openid: 'o1', unionid: 'union1' })
  })

  it('links nothing to a user who does not exist', async () => {
    await store.createTable()
    await store.link('nobody', { appId: 'wx1', openid: 'o1', unionid: 'union1' })
    expect(readRows('wechat_account')).to.deep.equal([])
    expect(readRows('wechat_unionid')).to.deep.equal([])
  })

  it('separates users whose app and openid would give the same id', async () => {
    await store.createTable()
    const accounts = [
      ['a', 'b'],
      ['x', 'b'],
      ['a:x', 'b'],
      ['a', 'x:b'],
      ['x', 'x:b'],
      ['y', 'x:b'],
    ] as const
    for (const [appId, openid] of accounts) await store.create({ appId, openid })
    const ids = await Promise.all(
      accounts.map(async ([appId, openid]) => (await store.findByOpenid(appId, openid))?.id),
    )
    expect(new Set(ids).size).to.equal(accounts.length)
    expect(ids).to.not.include(undefined)
  })

  it('uses an index for every search', async () => {
    await store.createTable()
    const { watched, plans } = planned(database)
    const searching = new SqliteUserStore({ database: watched })
    await searching.create({ appId: 'wx1', openid: 'o1', unionid: 'union1', profile: { nickName: 'Alice' } })
    await searching.findByOpenid('wx1', 'o2')
    await searching.findByUnionid('union1')
    await searching.link('union1', { appId: 'wx2', openid: 'o2' })
    expect(plans().filter((step) => /SEARCH/.test(step))).to.have.length.of.at.least(8)
    expect(plans().filter((step) => /SCAN (?!CONSTANT ROW)/.test(step))).to.deep.equal([])
  })

  it('is made the same by createTableSQL and createTable, and its absence is reported', async () => {
    const missing = await rejection(store.findByOpenid('wx1', 'o1'), StoreError)
    expect(missing.message).to.equal('There is no table for users. Call createTable() first')
    database.exec(store.createTableSQL())
    await store.createTable()
    expect(await store.create({ appId: 'wx1', openid: 'o1' })).to.include({ id: 'o1' })
  })

  it('may have any name for its table', async () => {
    await store.createTable()
    await store.create({ appId: 'wx1', openid: 'bystander' })
    for (const table of hostileNames) {
      const named = new SqliteUserStore({ database, table })
      await named.createTable()
      expect(await named.create({ appId: 'wx1', openid: 'bystander', unionid: 'union1' })).to.include({
        id: 'union1',
        isNew: true,
      })
      await named.link('union1', { appId: 'wx2', openid: 'o2' })
      expect((await named.findByOpenid('wx2', 'o2'))?.id).to.equal('union1')
      expect((await named.findByUnionid('union1'))?.openid).to.equal('bystander')
    }
    expect(readIds()).to.deep.equal(['bystander'])
  })

  it('takes ids literally, and keeps every value of a profile', async () => {
    await store.createTable()
    await store.create({ appId: 'wx1', openid: 'oOther', unionid: 'union' })
    for (const name of hostileKeys) {
      expect(await store.findByOpenid('wx1', name)).to.equal(null)
      expect(await store.findByOpenid(name, 'oOther')).to.equal(null)
      expect(await store.findByUnionid(name)).to.equal(null)
      await store.link(name, { appId: 'wx1', openid: 'o2', unionid: 'u2' })
      const user = { id: `union${name}`, openid: name, unionid: `union${name}`, profile: { nickName: name } }
      expect(
        await store.create({ appId: name, openid: name, unionid: user.unionid, profile: user.profile }),
      ).to.deep.equal({ ...user, isNew: true })
      expect(await store.findByOpenid(name, name)).to.deep.equal(user)
      expect(await store.findByUnionid(user.unionid)).to.deep.equal(user)
    }
    expect(await store.findByOpenid('wx1', 'o2')).to.equal(null)
    for (const call of [
      store.findByOpenid('wx1', 'a\ud800'),
      store.create({ appId: 'wx1', openid: 'o', unionid: '\udfff' }),
    ])
      await rejection(call, TypeError)
  })

  it('does not reveal a value that SQLite refuses', async () => {
    await store.createTable()
    database.exec("CREATE TRIGGER no_secrets BEFORE INSERT ON user BEGIN SELECT RAISE(ABORT, 'SECRET'); END")
    const error = await rejection(
      store.create({ appId: 'wx1', openid: 'SECRET', profile: { nickName: 'SECRET' } }),
      StoreError,
    )
    expect(error.message).to.equal('The store failed to create a user')
    expect(`${error.stack}${JSON.stringify(error)}`).to.not.contain('SECRET')
    expect(readRows('wechat_account')).to.deep.equal([])
  })
})
