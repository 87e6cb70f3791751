import { SqliteSessionStore } from '@wechat-auth/store-sqlite'
import { StoreError, type StoredSession } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import sinon from 'sinon'
import { rejection } from '../../helpers/rejection.js'
import type { OpenDatabase } from '../../helpers/sqlite.js'
import { diesAfter } from './killed.js'
import { planned } from './plans.js'
import { hostileKeys, hostileNames, withEachDriver } from './setting.js'

const ttl = 3600

function makeSession(id: string, userId = 'u'): StoredSession {
  return {
    id,
    userId,
    openid: 'SECRET-openid',
    sku: 'shop',
    createdAt: 1_763_000_000_123,
    expiresAt: 1_763_000_000_123 + ttl * 1000,
  }
}

withEachDriver('SqliteSessionStore on a file', ({ driver, databases }) => {
  let database: OpenDatabase
  let store: SqliteSessionStore

  beforeEach(async () => {
    database = databases.open()
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF')
    store = new SqliteSessionStore({ database })
    await store.createTable()
  })

  const rows = (table = 'wechat_session'): number =>
    database.prepare(`SELECT hash FROM ${table}`).all().length

  it('keeps every acknowledged session when the process is killed', async () => {
    const address = databases.address('killed')
    await diesAfter(
      address,
      `
      const store = new SqliteSessionStore({ database })
      await store.createTable()
      await store.create('first', ${JSON.stringify(makeSession('first'))}, ${ttl})
      await store.create('second', ${JSON.stringify(makeSession('second'))}, ${ttl})
      await store.rotate('first', 'third', ${JSON.stringify(makeSession('third'))}, ${ttl})`,
    )
    const reopened = new SqliteSessionStore({ database: databases.open('killed') })
    expect(await reopened.get('first')).to.equal(null)
    for (const id of ['second', 'third']) expect(await reopened.get(id)).to.deep.equal(makeSession(id))
    expect(await reopened.listByUser('u')).to.have.length(2)
  })

  it('removes a few expired sessions with each new one', async () => {
    for (let index = 0; index < 25; index += 1) await store.create(`over ${index}`, makeSession('x'), 1)
    const clock = sinon.useFakeTimers({ now: Date.now() + 1001, toFake: ['Date'] })
    try {
      expect(await store.listByUser('u')).to.deep.equal([])
      const left: number[] = []
      for (let index = 0; index < 4; index += 1) {
        await store.create(`live ${index}`, makeSession('x'), ttl)
        left.push(rows())
      }
      expect(left).to.deep.equal([16, 7, 3, 4])
      expect(await store.listByUser('u')).to.have.length(4)
    } finally {
      clock.restore()
    }
  })

  it('uses an index for every search', async () => {
    const { watched, plans } = planned(database)
    const searching = new SqliteSessionStore({ database: watched })
    await searching.create('a', makeSession('a'), ttl)
    await searching.rotate('a', 'b', makeSession('b'), ttl)
    await searching.get('b')
    await searching.listByUser('u')
    await searching.delete('b')
    await searching.deleteByUser('u')
    expect(plans().filter((step) => /SEARCH/.test(step))).to.have.length.of.at.least(6)
    expect(
      plans().filter((step) => /SCAN (?!CONSTANT ROW)/.test(step) && !/USING (?:COVERING )?INDEX/.test(step)),
    ).to.deep.equal([])
  })

  it('is made by createTable or createTableSQL, and left unchanged if it exists', async () => {
    await store.create('a', makeSession('a'), ttl)
    await store.createTable()
    database.exec(store.createTableSQL())
    expect(await store.get('a')).to.deep.equal(makeSession('a'))
    const bare = databases.open()
    bare.exec(store.createTableSQL())
    await new SqliteSessionStore({ database: bare }).create('a', makeSession('a'), ttl)
  })

  it('reports a missing table', async () => {
    const error = await rejection(new SqliteSessionStore({ database, table: 'missing' }).get('a'), StoreError)
    expect(error.message).to.equal('There is no table for sessions. Call createTable() first')
  })

  it('may have any name for its table', async () => {
    database.exec("CREATE TABLE bystander (hash TEXT); INSERT INTO bystander VALUES ('here')")
    for (const table of hostileNames) {
      const named = new SqliteSessionStore({ database, table })
      await named.createTable()
      await named.create('a', makeSession('a'), ttl)
      expect(await named.rotate('a', 'b', makeSession('b'), ttl)).to.equal(true)
      expect(await named.listByUser('u')).to.deep.equal([makeSession('b')])
      await named.deleteByUser('u')
      expect(await named.get('b')).to.equal(null)
    }
    expect(rows('bystander')).to.equal(1)
    expect(rows()).to.equal(0)
  })

  it('takes hashes and ids literally', async () => {
    await store.create('bystander', makeSession('bystander', 'Other'), ttl)
    for (const name of hostileKeys) {
      expect(await store.get(name)).to.equal(null)
      expect(await store.rotate(name, 'never', makeSession('never'), ttl)).to.equal(false)
      expect(await store.listByUser(name)).to.deep.equal([])
      await store.create(name, makeSession(name, name), ttl)
      expect(await store.get(name)).to.deep.equal(makeSession(name, name))
      expect(await store.listByUser(name)).to.deep.equal([makeSession(name, name)])
      await store.deleteByUser(name)
      expect(await store.get(name)).to.equal(null)
      await store.delete(name)
    }
    expect(await store.get('bystander')).to.deep.equal(makeSession('bystander', 'Other'))
    for (const call of [
      store.get('a\ud800'),
      store.create('a', makeSession('a', 'a\ud800'), ttl),
      store.listByUser('\udfff'),
    ])
      await rejection(call, TypeError)
  })

  it('rejects when a row does not hold a session, and does not reveal its contents', async () => {
    await store.create('a', makeSession('a'), ttl)
    for (const record of ["'SECRET'", "'[]'", "'{}'", '\'{"userId":1}\'', "x'00'", '1']) {
      database.exec(`UPDATE wechat_session SET record = ${record}`)
      for (const call of [store.get('a'), store.listByUser('u')]) {
        const error = await rejection(call, StoreError)
        expect(`${error.stack}${JSON.stringify(error)}`).to.not.contain('SECRET')
      }
    }
  })

  it('accepts a very long lifetime', async () => {
    await store.create('a', makeSession('a'), Number.MAX_VALUE)
    expect(await store.get('a')).to.deep.equal(makeSession('a'))
  })

  if (driver === 'better-sqlite3') {
    it('works on a database that is set to bigints', async () => {
      ;(database as unknown as { defaultSafeIntegers(): void }).defaultSafeIntegers()
      await store.create('a', makeSession('a'), ttl)
      expect(await store.rotate('a', 'b', makeSession('b'), ttl)).to.equal(true)
      expect(await store.rotate('a', 'b', makeSession('b'), ttl)).to.equal(false)
      expect(await store.listByUser('u')).to.deep.equal([makeSession('b')])
    })
  }
})
