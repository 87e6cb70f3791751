import { SqliteTokenStore } from '@wechat-auth/store-sqlite'
import { StoreError, type WechatToken } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import { setTimeout as sleep } from 'node:timers/promises'
import { rejection } from '../../helpers/rejection.js'
import type { OpenDatabase } from '../../helpers/sqlite.js'
import { makeToken, withEachDriver } from './setting.js'

/** Milliseconds for which SQLite itself would keep the process waiting. */
const patience = 20_000
/** Milliseconds that a call may take on a busy machine without having waited for a lock. */
const instant = 5000

function setPatience(database: OpenDatabase, ms: number): void {
  database.exec(`PRAGMA busy_timeout = ${ms}`)
}

function readBusyTimeout(database: OpenDatabase): number {
  return Number(Object.values(database.prepare('PRAGMA busy_timeout').all()[0]!)[0])
}

/** Calls the function, and fails where it has kept the process waiting. */
function withoutWaiting<T>(call: () => T): T {
  const started = performance.now()
  const result = call()
  expect(performance.now() - started).to.be.lessThan(instant)
  return result
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([
    promise.then(
      () => false,
      () => false,
    ),
    sleep(50, true),
  ])
}

withEachDriver('SqliteTokenStore on a database that others use', ({ databases, driver, pair }) => {
  for (const journal of ['wal', 'delete'] as const) {
    describe(`journal_mode=${journal}`, () => {
      it('lets writes wait without blocking the process while another connection writes', async () => {
        const { other, store } = await pair({ journal, patience })
        other.exec('BEGIN IMMEDIATE')
        const saving = withoutWaiting(() => store.saveToken('o1', makeToken('o1')))
        const locking = withoutWaiting(() => store.withLock('l', async () => 'ran'))
        expect(await isPending(saving)).to.equal(true)
        expect(await isPending(locking)).to.equal(true)
        other.exec('COMMIT')
        await saving
        expect(await locking).to.equal('ran')
        expect(await store.getToken('o1')).to.deep.equal(makeToken('o1'))
      })

      it('runs waiting writes in the order of their arrival', async () => {
        const timeout = 500
        const { other, store } = await pair({ journal, timeout })
        other.exec('BEGIN IMMEDIATE')
        const saved: number[] = []
        const first = Array.from({ length: 10 }, (_, index) =>
          store.saveToken('o1', makeToken('o1', { index })).then(() => saved.push(index)),
        )
        other.exec('COMMIT')
        // The database is free, and others were first.
        const last = store.saveToken('o1', makeToken('o1', { index: 10 })).then(() => saved.push(10))
        await Promise.all([...first, last])
        expect(saved).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
        await store.saveToken('o1', makeToken('o1', { index: 11 }))
        // A write is not repeated after its timeout.
        await sleep(timeout + 50)
        expect((await store.getToken('o1'))?.index).to.equal(11)
      })

      it('rejects a write that times out, and never runs it', async () => {
        const { other, store } = await pair({ journal, timeout: 100, patience })
        await store.saveToken('o1', makeToken('o1'))
        other.exec('BEGIN IMMEDIATE')
        const calls = [
          store.saveToken('o1', makeToken('o1', { access_token: 'late' })),
          store.deleteToken('o1'),
          store.saveToken('o2', makeToken('o2')),
        ]
        for (const call of calls) {
          const error = await rejection(call, StoreError)
          expect(error.code).to.equal('ERR_WECHAT_STORE')
          expect(error.message).to.match(
            /^The store failed to (save|delete) within 100 ms: another connection has locked the database$/,
          )
          expect(error.driver).to.include(
            driver === 'better-sqlite3' ? { code: 'SQLITE_BUSY' } : { errno: 5 },
          )
        }
        other.exec('COMMIT')
        await sleep(100)
        await store.saveToken('o3', makeToken('o3'))
        expect(await store.getToken('o1')).to.deep.equal(makeToken('o1'))
        expect(await store.getToken('o2')).to.equal(null)
      })

      it('leaves neither a lock nor an old view of the data after it met a lock', async () => {
        const { database, other, store } = await pair({ journal, timeout: 50 })
        const shared = new SqliteTokenStore({ database: other })
        await store.saveToken('o1', makeToken('o1'))
        const locks = {
          writing: 'BEGIN IMMEDIATE',
          ...(journal === 'delete' && { everything: 'BEGIN EXCLUSIVE' }),
        }
        for (const [what, begin] of Object.entries(locks)) {
          other.exec(begin)
          await rejection(store.saveToken('o1', makeToken('o1')), StoreError)
          await rejection(
            store.withLock('l', async () => undefined, { wait: 0 }),
            StoreError,
          )
          if (what === 'everything') await rejection(store.getToken('o1'), StoreError)
          other.exec('ROLLBACK')
          // Statements of the application's own on the same database object must not suffer either.
          expect(database.prepare('SELECT count(*) AS n FROM token').all()[0]).to.include({ n: 1 })
          for (const access_token of [`${what} 1`, `${what} 2`]) {
            await shared.saveToken('o1', makeToken('o1', { access_token }))
            expect((await store.getToken('o1'))?.access_token).to.equal(access_token)
            expect(database.prepare('SELECT record FROM token').all()[0]?.record).to.contain(access_token)
          }
          await store.saveToken('o1', makeToken('o1'))
          expect(await store.withLock('l', async () => 'ran', { wait: 0 })).to.equal('ran')
          expect(await shared.getToken('o1')).to.deep.equal(makeToken('o1'))
        }
      })

      it('reads what another connection has committed last', async () => {
        const { other, store } = await pair({ journal })
        const shared = new SqliteTokenStore({ database: other })
        for (let index = 0; index < 20; index += 1) {
          await shared.saveToken('o1', makeToken('o1', { index }))
          expect((await store.getToken('o1'))?.index).to.equal(index)
        }
      })
    })
  }

  it('reads while another connection writes, with a write-ahead log', async () => {
    const { other, store } = await pair({ patience })
    await store.saveToken('o1', makeToken('o1'))
    other.exec('BEGIN EXCLUSIVE')
    expect(await store.getToken('o1')).to.deep.equal(makeToken('o1'))
    other.exec('ROLLBACK')
  })

  it('lets reads wait while another connection commits without a write-ahead log', async () => {
    const { file, other, store } = await pair({ journal: 'delete', patience })
    await store.saveToken('o1', makeToken('o1'))
    other.exec('BEGIN EXCLUSIVE')
    const reading = withoutWaiting(() => store.getToken('o1'))
    expect(await isPending(reading)).to.equal(true)
    other.exec('ROLLBACK')
    expect(await reading).to.deep.equal(makeToken('o1'))
    other.exec('BEGIN EXCLUSIVE')
    // Of this file, not even the tables are known yet.
    const fresh = databases.open(file)
    setPatience(fresh, patience)
    const first = withoutWaiting(() => new SqliteTokenStore({ database: fresh }).getToken('o1'))
    expect(await isPending(first)).to.equal(true)
    other.exec('ROLLBACK')
    expect(await first).to.deep.equal(makeToken('o1'))
  })

  it('lets a write wait for a reader without a write-ahead log', async () => {
    const { other, store } = await pair({ journal: 'delete', patience })
    other.exec('BEGIN')
    other.prepare('SELECT count(*) FROM token').all()
    const saving = withoutWaiting(() => store.saveToken('o1', makeToken('o1')))
    expect(await isPending(saving)).to.equal(true)
    other.exec('COMMIT')
    await saving
    expect(await store.getToken('o1')).to.deep.equal(makeToken('o1'))
  })

  it('does not change the busy_timeout of the application', async () => {
    const { database, other, store } = await pair({ journal: 'delete', timeout: 50 })
    await store.saveToken('o1', makeToken('o1'))
    for (const ms of [0, 1234, 2345]) {
      setPatience(database, ms)
      await store.saveToken('o1', makeToken('o1'))
      await store.getToken('o1')
      expect(readBusyTimeout(database)).to.equal(ms)
      other.exec('BEGIN EXCLUSIVE')
      await rejection(store.saveToken('o1', makeToken('o1')), StoreError)
      await rejection(store.getToken('o1'), StoreError)
      other.exec('ROLLBACK')
      expect(readBusyTimeout(database)).to.equal(ms)
    }
  })

  it('does not block after the application raises busy_timeout', async () => {
    const { database, other, store } = await pair({ patience: 0 })
    await store.saveToken('o1', makeToken('o1'))
    await sleep(150)
    setPatience(database, patience)
    other.exec('BEGIN IMMEDIATE')
    const saving = withoutWaiting(() => store.saveToken('o1', makeToken('o1')))
    expect(await isPending(saving)).to.equal(true)
    other.exec('COMMIT')
    await saving
    expect(readBusyTimeout(database)).to.equal(patience)
  })

  it('blocks at most once after the application raises busy_timeout', async () => {
    const { database, other, store } = await pair({ patience: 0, timeout: 50 })
    await store.saveToken('o1', makeToken('o1'))
    const allowed = 1500
    setPatience(database, allowed)
    other.exec('BEGIN IMMEDIATE')
    await rejection(store.saveToken('o1', makeToken('o1')), StoreError)
    const started = performance.now()
    const saving = store.saveToken('o1', makeToken('o1'))
    expect(performance.now() - started).to.be.lessThan(allowed)
    await rejection(saving, StoreError)
    expect(readBusyTimeout(database)).to.equal(allowed)
    other.exec('COMMIT')
  })

  describe('on the same database object', () => {
    it('does not write inside a transaction of the application', async () => {
      const { database, other, store } = await pair()
      database.exec('CREATE TABLE own (a TEXT)')
      database.exec("BEGIN; INSERT INTO own VALUES ('rolled back')")
      const calls = [store.saveToken('o1', makeToken('o1')), store.withLock('l', async () => 'ran')]
      for (const call of calls) expect(await isPending(call)).to.equal(true)
      expect(database.prepare('SELECT a FROM own').all()).to.have.length(1)
      database.exec('ROLLBACK')
      await Promise.all(calls)
      expect(await new SqliteTokenStore({ database: other }).getToken('o1')).to.deep.equal(makeToken('o1'))
      expect(other.prepare('SELECT a FROM own').all()).to.have.length(0)
    })

    it('does not turn a transaction of the application into a writing one', async () => {
      const { database, other, store } = await pair()
      database.exec('BEGIN')
      const saving = store.saveToken('o1', makeToken('o1'))
      await new SqliteTokenStore({ database: other }).saveToken('o2', makeToken('o2'))
      expect(await isPending(saving)).to.equal(true)
      database.exec('COMMIT')
      await saving
    })

    for (const journal of ['wal', 'delete'] as const) {
      it(`reads in a transaction of the application, which continues (journal_mode=${journal})`, async () => {
        const { database, other, store } = await pair({ journal })
        await store.saveToken('o1', makeToken('o1'))
        database.exec("CREATE TABLE own (a TEXT); BEGIN; INSERT INTO own VALUES ('kept')")
        expect(await store.getToken('o1')).to.deep.equal(makeToken('o1'))
        database.exec('COMMIT')
        expect(other.prepare('SELECT a FROM own').all()).to.have.length(1)
      })
    }

    it('reports that a transaction of the application did not end before the timeout', async () => {
      const { database, store } = await pair({ timeout: 50 })
      database.exec('BEGIN')
      const error = await rejection(store.saveToken('o1', makeToken('o1')), StoreError)
      expect(error.message).to.equal(
        'The store failed to save within 50 ms: the application has a transaction or an iterator open on this database object',
      )
      database.exec('COMMIT')
      expect(await store.getToken('o1')).to.equal(null)
    })

    for (const journal of ['wal', 'delete'] as const) {
      it(`reads while the application iterates over rows, and writes then or as soon as it can (journal_mode=${journal})`, async () => {
        const { database, store } = await pair({ journal })
        for (const openid of ['o1', 'o2', 'o3']) await store.saveToken(openid, makeToken(openid))
        const statement = database.prepare('SELECT openid FROM token') as unknown as {
          iterate(): Iterator<unknown>
        }
        const rows = statement.iterate()
        rows.next()
        expect(await store.getToken('o1')).to.deep.equal(makeToken('o1'))
        const saving = store.saveToken('o1', makeToken('o1', { access_token: 'next' }))
        while (!rows.next().done);
        await saving
        expect((await store.getToken('o1'))?.access_token).to.equal('next')
      })
    }

    it('is read and written by several stores', async () => {
      const { database, store } = await pair()
      const second = new SqliteTokenStore({ database })
      await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 ? store : second).saveToken(`o${index}`, makeToken(`o${index}`)),
        ),
      )
      for (let index = 0; index < 20; index += 1)
        expect(await (index % 2 ? second : store).getToken(`o${index}`)).to.be.an('object')
    })
  })

  describe('that is closed', () => {
    for (const isUsed of [false, true]) {
      it(`rejects, ${isUsed ? 'also when it was used before' : 'also when it was never used'}`, async () => {
        const database = databases.open()
        const store = new SqliteTokenStore({ database })
        await store.createTable()
        if (isUsed) {
          await store.saveToken('o1', makeToken('o1'))
          await store.getToken('o1')
          await store.withLock('l', () => store.deleteToken('o1'))
        }
        database.close()
        let ran = false
        const calls = [
          store.getToken('o1'),
          store.saveToken('o1', makeToken('o1')),
          store.deleteToken('o1'),
          store.createTable(),
          store.withLock('l', async () => {
            ran = true
          }),
        ]
        for (const call of calls)
          expect((await rejection(call, StoreError)).message).to.equal('The database of the store is closed')
        expect(ran).to.equal(false)
      })
    }

    it('rejects what was waiting for it', async () => {
      const { database, other, store } = await pair()
      other.exec('BEGIN IMMEDIATE')
      const saving = store.saveToken('o1', makeToken('o1'))
      database.close()
      expect((await rejection(saving, StoreError)).message).to.equal('The database of the store is closed')
      other.exec('COMMIT')
    })
  })

  if (driver === 'node:sqlite') {
    it('keeps working after the database was closed and opened again', async () => {
      const { database, store } = await pair()
      await store.saveToken('o1', makeToken('o1'))
      expect(await store.getToken('o1')).to.deep.equal(makeToken('o1'))
      database.close()
      ;(database as unknown as { open(): void }).open()
      expect(await store.getToken('o1')).to.deep.equal(makeToken('o1'))
      await store.saveToken('o1', makeToken('o1', { access_token: 'next' }))
      expect((await store.getToken('o1'))?.access_token).to.equal('next')
    })

    it('reads and writes if the application reads integers as bigints, and rows as arrays', async () => {
      const name = 'node:sqlite'
      const { DatabaseSync } = (await import(name)) as {
        DatabaseSync: new (file: string, options: object) => OpenDatabase
      }
      const database = new DatabaseSync(':memory:', { readBigInts: true, returnArrays: true })
      database.exec('PRAGMA busy_timeout = 1234')
      const store = new SqliteTokenStore({ database })
      await store.createTable()
      await store.saveToken('o1', makeToken('o1'))
      expect(await store.getToken('o1')).to.deep.equal(makeToken('o1'))
      expect(await store.withLock('l', async () => 'ran', { wait: 0 })).to.equal('ran')
      expect(readBusyTimeout(database)).to.equal(1234)
      database.close()
    })
  } else {
    it('reads and writes if the application reads integers as bigints', async () => {
      const { database, store } = await pair({ journal: 'delete' })
      ;(database as unknown as { defaultSafeIntegers(): void }).defaultSafeIntegers()
      setPatience(database, 1234)
      const token: WechatToken = makeToken('o1')
      await store.saveToken('o1', token)
      expect(await store.getToken('o1')).to.deep.equal(token)
      expect(await store.withLock('l', async () => 'ran', { wait: 0 })).to.equal('ran')
      expect(readBusyTimeout(database)).to.equal(1234)
    })
  }

  it('leaves the database open', async () => {
    const { database, store } = await pair()
    await store.withLock('l', () => store.saveToken('o1', makeToken('o1')))
    expect(database.prepare('SELECT openid FROM token').all()).to.have.length(1)
  })
})
