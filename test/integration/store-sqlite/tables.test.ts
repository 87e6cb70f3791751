import { SqliteTokenStore } from '@wechat-auth/store-sqlite'
import { StoreError } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import { writeFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { rejection } from '../../helpers/rejection.js'
import type { OpenDatabase } from '../../helpers/sqlite.js'
import { hostileKeys, hostileNames, secrets, makeToken, withEachDriver } from './setting.js'

function readNames(database: OpenDatabase): unknown[] {
  return database
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    .all()
    .map(({ name }) => name)
}

withEachDriver('tables of SqliteTokenStore', ({ databases, driver, pair }) => {
  it('createTable creates missing tables and does not change existing ones', async () => {
    const { database, store } = await pair()
    expect(readNames(database)).to.deep.equal(['token', 'token_lock'])
    const token = makeToken('o1')
    await store.saveToken('o1', token)
    await store.createTable()
    expect(await store.getToken('o1')).to.deep.equal(token)
  })

  it('hold the openid as it is, and the record as JSON', async () => {
    const { database, store } = await pair()
    const token = makeToken('oA b', { nickname: '爱丽丝🐼', signs: '\0\n"\ud800' })
    await store.saveToken('oA b', token)
    const rows = database
      .prepare('SELECT openid, record, json_extract(record, ?) AS nickname FROM token')
      .all('$.nickname')
    expect(rows).to.have.length(1)
    expect(rows[0]).to.include({ openid: 'oA b', nickname: '爱丽丝🐼' })
    expect(JSON.parse(String(rows[0]!.record))).to.deep.equal(token)
  })

  it("may have the application's own columns, which saving does not touch", async () => {
    const { database, store } = await pair()
    await store.saveToken('o1', makeToken('o1'))
    database.exec("ALTER TABLE token ADD COLUMN note TEXT; UPDATE token SET note = 'of the application'")
    await store.saveToken('o1', makeToken('o1', { access_token: 'next' }))
    expect((await store.getToken('o1'))?.access_token).to.equal('next')
    expect(database.prepare('SELECT note FROM token').all()[0]).to.include({ note: 'of the application' })
  })

  it('separate applications with different tables in one file', async () => {
    const { database } = await pair()
    const [first, second] = ['wx1', 'wx2'].map((table) => new SqliteTokenStore({ database, table }))
    await first!.createTable()
    await second!.createTable()
    await first!.saveToken('oSame', makeToken('oSame', { access_token: 'first' }))
    await second!.saveToken('oSame', makeToken('oSame', { access_token: 'second' }))
    expect((await first!.getToken('oSame'))?.access_token).to.equal('first')
    await first!.withLock('same', () => second!.withLock('same', async () => undefined, { wait: 0 }))
  })

  for (const table of hostileNames) {
    it(`may be called ${JSON.stringify(table)}`, async () => {
      const { database } = await pair()
      database.exec("CREATE TABLE bystander (a TEXT); INSERT INTO bystander VALUES ('here')")
      const store = new SqliteTokenStore({ database, table })
      await store.createTable()
      const token = makeToken('o1')
      await store.saveToken('o1', token)
      expect(await store.getToken('o1')).to.deep.equal(token)
      await store.withLock('l', () => store.deleteToken('o1'))
      expect(await store.getToken('o1')).to.equal(null)
      expect(readNames(database)).to.include.members([table, `${table}_lock`, 'bystander'])
      expect(database.prepare('SELECT a FROM bystander').all()).to.have.length(1)
    })
  }

  it('takes keys literally', async () => {
    const { database, store } = await pair()
    const bystander = makeToken('oOther')
    await store.saveToken('oOther', bystander)
    for (const key of hostileKeys) {
      expect(await store.getToken(key), JSON.stringify(key)).to.equal(null)
      await store.saveToken(key, makeToken(key))
      await store.withLock(key, async () => undefined)
    }
    for (const key of hostileKeys)
      expect(await store.getToken(key), JSON.stringify(key)).to.deep.equal(makeToken(key))
    for (const key of hostileKeys) await store.deleteToken(key)
    for (const key of hostileKeys) expect(await store.getToken(key), JSON.stringify(key)).to.equal(null)
    expect(await store.getToken('oOther')).to.deep.equal(bystander)
    expect(database.prepare('SELECT openid FROM token').all()).to.have.length(1)
    expect(database.prepare('SELECT name FROM token_lock').all()).to.have.length(0)
  })

  it('takes values literally', async () => {
    const { database, store } = await pair()
    const hostile = [
      "'); DROP TABLE token; --",
      "' || (SELECT record FROM token) || '",
      '\0',
      '?',
      '$1',
      '":"',
    ]
    for (const access_token of hostile) {
      const token = makeToken('o1', { access_token, [access_token]: access_token })
      await store.saveToken('o1', token)
      expect(await store.getToken('o1')).to.deep.equal(token)
    }
    expect(readNames(database)).to.deep.equal(['token', 'token_lock'])
  })

  it('distinguish keys that differ only after a NUL character', async () => {
    const { store } = await pair()
    const keys = ['a', 'a\0', 'a\0b', 'a\0c', 'a\0\0', '\0a']
    for (const [index, key] of keys.entries()) await store.saveToken(key, makeToken(key, { index }))
    for (const [index, key] of keys.entries()) expect((await store.getToken(key))?.index).to.equal(index)
  })

  it('never get a key that UTF-8 cannot encode', async () => {
    const { store } = await pair()
    const key = 'o\ud800'
    const calls = [
      store.getToken(key),
      store.saveToken(key, makeToken(key)),
      store.deleteToken(key),
      store.withLock(key, async () => undefined),
    ]
    for (const call of calls) await rejection(call, TypeError)
  })

  describe('that are missing', () => {
    it('rejects operations and says how to create the tables', async () => {
      const store = new SqliteTokenStore({ database: databases.open() })
      for (const call of [
        store.getToken('o1'),
        store.saveToken('o1', makeToken('o1')),
        store.deleteToken('o1'),
      ]) {
        const error = await rejection(call, StoreError)
        expect(error).to.include({
          code: 'ERR_WECHAT_STORE',
          message: 'There is no table for tokens. Call createTable() first',
        })
      }
    })

    it('make withLock reject with ERR_WECHAT_LOCK at once', async () => {
      const { database, store } = await pair()
      database.exec('DROP TABLE token_lock')
      const error = await rejection(
        store.withLock('l', async () => 'ran', { wait: 60_000 }),
        StoreError,
      )
      expect(error).to.include({
        code: 'ERR_WECHAT_LOCK',
        message: 'There is no table for locks. Call createTable() first',
      })
    })

    it('are used as soon as they exist', async () => {
      const { database, store } = await pair()
      await store.saveToken('o1', makeToken('o1'))
      database.exec('DROP TABLE token; DROP TABLE token_lock')
      await rejection(store.getToken('o1'), StoreError)
      await rejection(
        store.withLock('l', async () => undefined),
        StoreError,
      )
      await store.createTable()
      expect(await store.getToken('o1')).to.equal(null)
      await store.saveToken('o1', makeToken('o1'))
      expect(await store.withLock('l', () => store.getToken('o1'))).to.deep.equal(makeToken('o1'))
    })
  })

  describe('that are damaged', () => {
    const damages = ["'{'", "''", "'null'", "'[]'", '\'"text"\'', '1', '1.5', "x'7b7d'", "x''"]
    for (const damage of damages) {
      it(`make getToken reject if the record is ${damage}`, async () => {
        const { database, store } = await pair()
        await store.saveToken('o1', makeToken('o1'))
        database.exec(`UPDATE token SET record = ${damage}`)
        const error = await rejection(store.getToken('o1'), StoreError)
        expect(error).to.include({
          code: 'ERR_WECHAT_STORE',
          message: 'The store holds something that is not a record',
        })
      })
    }

    it('make operations reject, without a value in the error, if the file is not a database any more', async () => {
      const { file, store } = await pair({ journal: 'delete' })
      await store.saveToken('o1', makeToken('o1'))
      writeFileSync(databases.address(file).file, 'no database '.repeat(10_000))
      expect((await rejection(store.getToken('o1'), StoreError)).code).to.equal('ERR_WECHAT_STORE')
      const error = await rejection(store.saveToken('o1', makeToken('o1')), StoreError)
      expect(error.code).to.equal('ERR_WECHAT_STORE')
      expect(inspect(error, { depth: Infinity, showHidden: true })).to.not.contain(secrets.access_token)
    })
  })

  describe('that cannot be written', () => {
    const readonly = driver === 'better-sqlite3' ? { code: 'SQLITE_READONLY' } : { errno: 8 }
    const ways: Record<string, (database: OpenDatabase, file: string) => OpenDatabase> = {
      'the file was opened for reading only': (_database, file) => databases.openReadonly(file),
      'the connection is for queries only': (database) => {
        database.exec('PRAGMA query_only = ON')
        return database
      },
    }
    for (const [what, deny] of Object.entries(ways)) {
      for (const journal of ['wal', 'delete'] as const) {
        it(`can be read, and make saving reject with what SQLite said: ${what} (journal_mode=${journal})`, async () => {
          const { database, file, store } = await pair({ journal })
          await store.saveToken('o1', makeToken('o1'))
          const denied = new SqliteTokenStore({ database: deny(database, file) })
          expect(await denied.getToken('o1')).to.deep.equal(makeToken('o1'))
          const writing = {
            save: denied.saveToken('o1', makeToken('o1', { access_token: 'next' })),
            delete: denied.deleteToken('o1'),
          }
          for (const [verb, call] of Object.entries(writing)) {
            const error = await rejection(call, StoreError)
            expect(error).to.include({ code: 'ERR_WECHAT_STORE', message: `The store failed to ${verb}` })
            expect(error.driver).to.include(readonly)
          }
          await rejection(
            denied.withLock('l', async () => undefined),
            StoreError,
          )
          database.exec('PRAGMA query_only = OFF')
          await store.saveToken('o1', makeToken('o1', { access_token: 'next' }))
          expect((await denied.getToken('o1'))?.access_token).to.equal('next')
        })
      }
    }
  })
})
