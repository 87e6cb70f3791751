import { expect } from 'chai'
import { inspect } from 'node:util'
import { StoreError, type WechatToken } from '@wechat-auth/wechat-oauth'
import { MysqlTokenStore } from '@wechat-auth/store-mysql'
import { rejection } from '../../helpers/rejection.js'
import { driverError, PoolStandIn, type Answer } from './stand-in.js'

const token: WechatToken = {
  openid: 'oSECRET',
  access_token: 'SECRET-access-token',
  create_at: 1_763_000_000_123,
}
const done = { affectedRows: 1, serverStatus: 2 }
const timeout = 100

/** A store that has looked at its table. */
async function open(...answers: Answer[]): Promise<{ store: MysqlTokenStore; pool: PoolStandIn }> {
  const pool = new PoolStandIn([])
  const store = new MysqlTokenStore({ pool, timeout })
  await store.getToken('o')
  pool.log.length = 0
  pool.answers.push(...answers)
  return { store, pool }
}

describe('MysqlTokenStore failures', () => {
  for (const [code, errno] of [
    ['ER_LOCK_DEADLOCK', 1213],
    ['ER_LOCK_WAIT_TIMEOUT', 1205],
  ] as const) {
    it(`sends a statement again after ${code}`, async () => {
      const { store, pool } = await open(driverError(code, errno), done)
      await store.saveToken('oSECRET', token)
      expect(pool.log).to.deep.equal(['REPLACE', 'release', 'REPLACE', 'release'])
    })

    it(`sends it again once, and rejects after another ${code}`, async () => {
      const { store, pool } = await open(driverError(code, errno), driverError(code, errno), done)
      const error = await rejection(store.saveToken('oSECRET', token), StoreError)
      expect(error.driver).to.deep.include({ code, errno })
      expect(pool.log).to.deep.equal(['REPLACE', 'release', 'REPLACE', 'release'])
    })

    it(`treats ${code} as a lock that somebody else is taking`, async () => {
      const { store, pool } = await open(
        ...Array.from({ length: 2 }, () => driverError(code, errno)),
        done,
        done,
      )
      expect(await store.withLock('lock', async () => 'ran', { wait: 5000 })).to.equal('ran')
      expect(pool.log.filter((line) => line !== 'release')).to.deep.equal([
        'INSERT',
        'INSERT',
        'INSERT',
        'DELETE',
      ])
    })
  }

  for (const [code, errno] of [
    ['ER_UNKNOWN_STMT_HANDLER', 1243],
    ['ER_NEED_REPREPARE', 1615],
  ] as const) {
    it(`sends a statement again, on another connection, after ${code}`, async () => {
      const { store, pool } = await open(driverError(code, errno), [])
      expect(await store.getToken('oSECRET')).to.equal(null)
      expect(pool.log).to.deep.equal(['SELECT', 'destroy', 'SELECT', 'release'])
    })
  }

  for (const [code, errno] of [
    ['ER_OPTION_PREVENTS_STATEMENT', 1290],
    ['ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION', 1792],
    ['ER_READ_ONLY_MODE', 1836],
  ] as const) {
    it(`gives up the connection to a server that is no longer the primary one (${code})`, async () => {
      const { store, pool } = await open(driverError(code, errno), done)
      await rejection(store.saveToken('oSECRET', token), StoreError)
      expect(pool.log).to.deep.equal(['REPLACE', 'destroy'])
    })
  }

  it('rejects with the error code of the driver and without its statement', async () => {
    for (const call of [
      (store: MysqlTokenStore) => store.saveToken('oSECRET', token),
      (store: MysqlTokenStore) => store.getToken('oSECRET'),
      (store: MysqlTokenStore) => store.withLock('oSECRET', async () => undefined),
    ]) {
      const { store } = await open(driverError('ER_DATA_TOO_LONG', 1406))
      const error = await rejection(call(store), StoreError)
      expect(error.driver).to.deep.equal({
        name: 'Error',
        code: 'ER_DATA_TOO_LONG',
        errno: 1406,
        sqlState: 'HY000',
      })
      expect(
        inspect(error, { depth: Infinity, showHidden: true }) + JSON.stringify(error) + String(error.stack),
      ).not.to.include('SECRET')
    }
  })

  it('rolls back and rejects if a write waits for a COMMIT', async () => {
    const { store, pool } = await open({ affectedRows: 1, serverStatus: 1 })
    await rejection(store.saveToken('oSECRET', token), StoreError)
    expect(pool.log).to.deep.equal(['REPLACE', 'destroy'])
  })

  it('discards a connection that does not answer before the timeout', async () => {
    const { store, pool } = await open()
    expect((await rejection(store.saveToken('oSECRET', token), StoreError)).message).to.equal(
      `The store failed to save within ${timeout} ms`,
    )
    expect(pool.log).to.deep.equal(['REPLACE', 'destroy'])
  })

  it('releases a connection that arrives after the timeout, and sends nothing over it', async () => {
    for (const kind of ['callbacks', 'promises']) {
      const { store, pool } = await open(done)
      let late: () => void = () => undefined
      pool.getConnection = (callback) => {
        if (kind === 'callbacks') {
          late = () => callback(null, pool.connection)
          return undefined
        }
        return new Promise((resolve) => {
          late = () => resolve(pool.connection)
        })
      }
      await rejection(store.saveToken('oSECRET', token), StoreError)
      late()
      await new Promise((resolve) => setImmediate(resolve))
      expect(pool.log).to.deep.equal(['release'])
    }
  })

  it('does not repeat a statement after the timeout', async () => {
    const { store, pool } = await open()
    let fail: (error: Error) => void = () => undefined
    pool.connection.execute = (_statement, callback) => {
      pool.log.push('sent')
      fail = callback
    }
    await rejection(store.saveToken('oSECRET', token), StoreError)
    fail(driverError('ER_LOCK_DEADLOCK', 1213))
    await new Promise((resolve) => setImmediate(resolve))
    expect(pool.log.filter((line) => line === 'sent')).to.have.lengthOf(1)
  })

  it('rejects when the pool has no connection, or throws', async () => {
    const { store, pool } = await open()
    const problem = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', errno: -111 })
    for (const getConnection of [
      (callback: (error: Error, connection: unknown) => void) => callback(problem, undefined),
      () => Promise.reject(problem),
      () => {
        throw problem
      },
    ]) {
      pool.getConnection = getConnection
      expect((await rejection(store.getToken('oSECRET'), StoreError)).driver).to.deep.equal({
        name: 'Error',
        code: 'ECONNREFUSED',
        errno: -111,
      })
    }
  })

  it('rejects a lock when the table for locks is missing or forbidden', async () => {
    for (const [code, errno] of [
      ['ER_NO_SUCH_TABLE', 1146],
      ['ER_TABLEACCESS_DENIED_ERROR', 1142],
    ] as const) {
      const { store } = await open(driverError(code, errno))
      const error = await rejection(
        store.withLock('lock', async () => expect.fail('the task must not run')),
        StoreError,
      )
      expect(error.code).to.equal('ERR_WECHAT_LOCK')
      expect(error.driver?.errno).to.equal(errno)
    }
  })
})
