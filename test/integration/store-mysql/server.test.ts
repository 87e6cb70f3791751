import { expect } from 'chai'
import type { Pool, PoolConnection } from 'mysql2'
import { createPoolCluster } from 'mysql2'
import { createConnection, type Connection } from 'mysql2/promise'
import { StoreError } from '@wechat-auth/wechat-oauth'
import { MysqlTokenStore } from '@wechat-auth/store-mysql'
import { openPool, openPromisePool, type PoolSettings } from '../../helpers/mysql.js'
import { rejection } from '../../helpers/rejection.js'
import { startMariadb } from '../../services/mariadb.js'
import type { Server } from '../../services/server.js'
import { Setting, makeToken } from './setting.js'
import { inTime } from '../../helpers/pace.js'

const timeout = 1000
/** Extra time for a busy machine. */

describe('MysqlTokenStore and its server', function () {
  this.timeout(60_000)
  const setting = new Setting()
  let server: Server
  let admin: Connection

  before(async function () {
    server = await startMariadb(this)
    await setting.start(server)
    admin = await createConnection(server.url)
  })

  after(async () => {
    await admin.end().catch(() => undefined)
    await setting.stop()
    await server.stop()
  })

  afterEach(() => setting.clear())

  function open(settings?: PoolSettings): Pool {
    return setting.keep(openPool(server.url, settings))
  }

  async function checkOutConnection(pool: Pool): Promise<PoolConnection> {
    return new Promise((resolve, reject) => {
      pool.getConnection((error, connection) => {
        if (error) reject(error)
        else resolve(connection)
      })
    })
  }

  /** How often the server was asked for what, by anybody, while `task` ran. */
  async function statementsDuring(task: () => Promise<unknown>): Promise<Record<string, number>> {
    const counts = async (): Promise<Map<string, number>> => {
      const [rows] = await admin.query(
        "SHOW GLOBAL STATUS WHERE Variable_name RLIKE '^(Questions|Com_(select|replace|insert|update|delete|show_.*|set_option|begin|commit|stmt_(prepare|reset|close)|admin_commands))$'",
      )
      return new Map(
        (rows as { Variable_name: string; Value: string }[]).map((row) => [
          row.Variable_name,
          Number(row.Value),
        ]),
      )
    }
    await counts()
    const before = await counts()
    await task()
    const after = await counts()
    const differences = [...after].map(([name, count]): [string, number] => [name, count - before.get(name)!])
    const asking: Record<string, number> = { Questions: 1, Com_show_status: 1 }
    return Object.fromEntries(
      differences
        .map(([name, count]): [string, number] => [name, count - (asking[name] ?? 0)])
        .filter(([, count]) => count !== 0),
    )
  }

  it('is asked once for each operation', async () => {
    const { store } = await setting.freshStore({ pool: open({ connectionLimit: 1 }) })
    await store.saveToken('o1', makeToken('o1'))
    await store.getToken('o1')
    await store.deleteToken('o1')
    expect(await statementsDuring(() => store.saveToken('o1', makeToken('o1')))).to.deep.equal({
      Questions: 1,
      Com_replace: 1,
    })
    expect(await statementsDuring(() => store.getToken('o1'))).to.deep.equal({ Questions: 1, Com_select: 1 })
    expect(await statementsDuring(() => store.deleteToken('o1'))).to.deep.equal({
      Questions: 1,
      Com_delete: 1,
    })
  })

  it('is asked twice for a free lock', async () => {
    const { store } = await setting.freshStore({ pool: open({ connectionLimit: 1 }) })
    await store.withLock('first', async () => undefined)
    expect(await statementsDuring(() => store.withLock('second', async () => undefined))).to.deep.equal({
      Questions: 2,
      Com_insert: 1,
      Com_delete: 1,
    })
  })

  it('prepares each statement once on a connection, and is looked at once', async () => {
    const { store } = await setting.freshStore({ pool: open({ connectionLimit: 1 }) })
    const counts = await statementsDuring(async () => {
      for (let round = 0; round < 5; round += 1) {
        await store.saveToken('o1', makeToken('o1'))
        await store.getToken('o1')
      }
    })
    expect(counts).to.deep.include({ Com_stmt_prepare: 2, Com_show_fields: 1, Com_show_keys: 1 })
  })

  it('holds no connection while the task of a lock runs', async () => {
    const { store } = await setting.freshStore({ pool: open({ connectionLimit: 1 }) })
    await store.withLock('outer', () =>
      store.withLock('inner', async () => {
        await store.saveToken('o1', makeToken('o1'))
        expect(await store.getToken('o1')).to.deep.equal(makeToken('o1'))
      }),
    )
  })

  it('sets the time for locks, whatever the time zone of a connection', async () => {
    const { store, table } = await setting.freshStore({ pool: open({ session: `SET time_zone = '+12:00'` }) })
    const elsewhere = setting.store({ table, pool: open({ session: `SET time_zone = '-12:00'` }) })
    await store.withLock(
      'lock',
      async () => {
        const error = await rejection(
          elsewhere.withLock('lock', async () => expect.fail('the task must not run'), { wait: 100 }),
          StoreError,
        )
        expect(error.code).to.equal('ERR_WECHAT_LOCK')
      },
      { ttl: 5000 },
    )
  })

  it('is asked again when it has chosen a save as the victim of a deadlock', async () => {
    const { store, table } = await setting.freshStore()
    const locks = await setting.table('CREATE TABLE $ (id INT PRIMARY KEY, n INT)')
    await admin.query(`INSERT INTO ${locks} (id, n) SELECT seq, 0 FROM seq_1_to_1000`)
    await admin.query(
      `CREATE TRIGGER ${table}_locks BEFORE INSERT ON ${table} FOR EACH ROW BEGIN UPDATE ${locks} SET n = 1 WHERE id = 1; UPDATE ${locks} SET n = 1 WHERE id = 2; END`,
    )
    const deadlocks = async (): Promise<number> => {
      const [rows] = await admin.query("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'")
      return Number((rows as { Value: string }[])[0]!.Value)
    }
    const before = await deadlocks()
    await admin.query('START TRANSACTION')
    // Of two, the one is given up that has changed less.
    await admin.query(`UPDATE ${locks} SET n = 2 WHERE id > 1`)
    const saving = store.saveToken('o1', makeToken('o1'))
    // What that table shows is 100 ms old, or older if it was read in that time.
    await waitUntil(150, async () => {
      const [rows] = await admin.query(
        "SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'",
      )
      return (rows as unknown[]).length > 0
    })
    await admin.query(`UPDATE ${locks} SET n = 2 WHERE id = 1`)
    await admin.query('COMMIT')
    await saving
    expect(await deadlocks()).to.equal(before + 1)
    expect(await store.getToken('o1')).to.deep.equal(makeToken('o1'))
  })

  it('is asked once more after a row was locked for too long', async () => {
    const { store, table } = await setting.freshStore({
      timeout: 10_000,
      pool: open({ session: 'SET innodb_lock_wait_timeout = 1' }),
    })
    await store.saveToken('o1', makeToken('o1'))
    await admin.query('START TRANSACTION')
    await admin.query(`UPDATE ${table} SET scope = 'locked' WHERE openid = 'o1'`)
    const saving = store.saveToken('o1', makeToken('o1', { access_token: 'next' }))
    // The first attempt has failed after a second, the next one waits.
    setTimeout(() => void admin.query('COMMIT'), 1500)
    await saving
    expect((await store.getToken('o1'))?.access_token).to.equal('next')
    await admin.query('START TRANSACTION')
    await admin.query(`UPDATE ${table} SET scope = 'locked' WHERE openid = 'o1'`)
    const error = await rejection(store.saveToken('o1', makeToken('o1')), StoreError)
    await admin.query('COMMIT')
    expect(error.driver?.errno).to.equal(1205)
  })

  for (const [what, session] of Object.entries({
    autocommit: 'SET autocommit = 0',
    'a transaction': 'START TRANSACTION',
  })) {
    it(`refuses connections that are in transactions (${what})`, async () => {
      const { table } = await setting.freshStore()
      const pool = open({ connectionLimit: 1, session })
      const store = setting.store({ table, pool })
      const error = await rejection(store.saveToken('o1', makeToken('o1')), StoreError)
      expect(error.message).to.include('autocommit')
      expect(await setting.rows(`SELECT * FROM ${table}`)).to.deep.equal([])
    })
  }

  it('rejects at the timeout while other statements use the whole pool, and does not run the statement later', async () => {
    const pool = open({ connectionLimit: 1 })
    const { store } = await setting.freshStore({ pool, timeout })
    await store.saveToken('o1', makeToken('o1'))
    await store.getToken('o1')
    const connection = await checkOutConnection(pool)
    const started = performance.now()
    const calls: Promise<unknown>[] = [
      store.saveToken('o1', makeToken('o1', { access_token: 'too late' })),
      store.getToken('o1'),
      store.deleteToken('o1'),
    ]
    const locking = store.withLock('lock', async () => expect.fail('the task must not run'), { wait: 100 })
    const errors = await Promise.all([...calls, locking].map((call) => rejection(call, StoreError)))
    for (const { message } of errors)
      expect(message).to.match(/^The store failed to (save|read|delete|lock) within 1000 ms$/)
    expect(performance.now() - started).to.be.within(timeout - 20, inTime(timeout))
    expect(
      await statementsDuring(async () => {
        connection.release()
        await store.getToken('o1')
      }),
    ).to.deep.equal({ Questions: 1, Com_select: 1 })
    expect(await store.getToken('o1')).to.deep.equal(makeToken('o1'))
  })

  it('rejects at the timeout without an answer, and discards the connection', async () => {
    const pool = open({ connectionLimit: 1 })
    const { store, table } = await setting.freshStore({ pool, timeout })
    await store.saveToken('o1', makeToken('o1'))
    await admin.query(`LOCK TABLES ${table} WRITE`)
    const started = performance.now()
    await rejection(store.getToken('o1'), StoreError)
    expect(performance.now() - started).to.be.within(timeout - 20, inTime(timeout))
    await admin.query('UNLOCK TABLES')
    expect(await store.getToken('o1')).to.deep.equal(makeToken('o1'))
  })

  it('does not lose connections for good when it stops answering while many wait', async () => {
    const pool = open({ connectionLimit: 5 })
    const { store } = await setting.freshStore({ pool, timeout })
    await store.saveToken('o1', makeToken('o1'))
    await server.freeze()
    try {
      // It stops as soon as its system gets to it.
      await waitUntil(0, () =>
        store.getToken('o1').then(
          () => false,
          () => true,
        ),
      )
      const started = performance.now()
      await Promise.all(Array.from({ length: 50 }, () => rejection(store.getToken('o1'), StoreError)))
      expect(performance.now() - started).to.be.lessThan(inTime(timeout))
    } finally {
      await server.thaw()
    }
    await Promise.all(
      Array.from({ length: 50 }, async () =>
        expect(await store.getToken('o1')).to.deep.equal(makeToken('o1')),
      ),
    )
  })

  it('keeps working after the server has closed its connections', async () => {
    const pool = open()
    const { store } = await setting.freshStore({ pool })
    await Promise.all(
      Array.from({ length: 10 }, (_, index) => store.saveToken(`o${index}`, makeToken(`o${index}`))),
    )
    const [connections] = await admin.query(
      'SELECT ID FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID()',
    )
    const lost = new Promise((resolve) => {
      pool.on('connection', resolve)
    })
    for (const { ID } of connections as { ID: number }[])
      await admin.query(`KILL ${ID}`).catch(() => undefined)
    await waitUntil(20, async () =>
      store.saveToken('o1', makeToken('o1', { access_token: 'next' })).then(
        () => true,
        () => false,
      ),
    )
    await lost
    expect((await store.getToken('o1'))?.access_token).to.equal('next')
  })

  it('discards the connection when it has become read-only, because the primary server has moved', async () => {
    const user = 'reader'
    await admin.query(`CREATE USER ${user} IDENTIFIED BY 'password'`)
    await admin.query(`GRANT ALL ON test.* TO ${user}`)
    const url = new URL(server.url)
    url.username = user
    url.password = 'password'
    const pool = setting.keep(openPool(url.href, { connectionLimit: 1 }))
    let connections = 0
    pool.on('connection', () => {
      connections += 1
    })
    const { store } = await setting.freshStore({ pool })
    await store.saveToken('o1', makeToken('o1'))
    await admin.query('SET GLOBAL read_only = 1')
    try {
      const error = await rejection(store.saveToken('o1', makeToken('o1')), StoreError)
      expect(error.driver?.errno).to.equal(1290)
    } finally {
      await admin.query('SET GLOBAL read_only = 0')
    }
    await store.saveToken('o1', makeToken('o1'))
    expect(connections).to.equal(2)
    await admin.query(`DROP USER ${user}`)
  })

  it('may drop prepared statements without telling the driver', async () => {
    const pool = open({ connectionLimit: 1 })
    const { store } = await setting.freshStore({ pool })
    await store.saveToken('o1', makeToken('o1'))
    const connection = await checkOutConnection(pool)
    await connection.promise().query('SELECT 1')
    // As a proxy does that continues on another connection.
    const { _statements: statements } = connection as unknown as {
      _statements: { clear: () => void; forEach: (visit: (statement: { id: number }) => void) => void }
    }
    statements.forEach((statement) => {
      statement.id += 1000
    })
    connection.release()
    await store.saveToken('o1', makeToken('o1', { access_token: 'next' }))
    expect((await store.getToken('o1'))?.access_token).to.equal('next')
  })

  for (const [kind, make] of Object.entries({ callbacks: openPool, promises: openPromisePool })) {
    it(`keeps its pool of ${kind}, which is not closed and gets no listeners`, async () => {
      const pool = setting.keep(make(server.url, { connectionLimit: 2 }))
      const { store } = await setting.freshStore({ pool })
      await store.saveToken('o1', makeToken('o1'))
      const core = 'pool' in pool ? pool.pool : pool
      const connection = await checkOutConnection(core)
      const counts = (): number[] =>
        [pool, core, connection].flatMap((emitter) =>
          emitter.eventNames().map((name) => emitter.listenerCount(name)),
        )
      const before = counts()
      connection.release()
      for (let round = 0; round < 20; round += 1) await store.withLock('lock', () => store.getToken('o1'))
      await rejection(setting.store({ pool, table: 'missing' }).getToken('o1'), StoreError)
      expect(counts()).to.deep.equal(before)
      expect(await store.getToken('o1')).to.deep.equal(makeToken('o1'))
    })
  }

  it('is reached through the pool below a pool of promises, and through one of a cluster', async () => {
    const cluster = createPoolCluster()
    cluster.add('primary', { uri: server.url })
    try {
      for (const pool of [setting.keep(openPromisePool(server.url)).pool, cluster.of('primary')]) {
        const { store } = await setting.freshStore({ pool })
        await store.withLock('lock', () => store.saveToken('o1', makeToken('o1')))
        expect(await store.getToken('o1')).to.deep.equal(makeToken('o1'))
      }
    } finally {
      await new Promise<void>((resolve) => cluster.end(() => resolve()))
    }
  })

  it('rejects when the pool is closed', async () => {
    const pool = open()
    const { store } = await setting.freshStore({ pool })
    await new Promise<void>((resolve) => pool.end(() => resolve()))
    await rejection(store.getToken('o1'), StoreError)
    await rejection(store.saveToken('o1', makeToken('o1')), StoreError)
  })

  it('is refused as a single connection, by the compiler and by the constructor', () => {
    // @ts-expect-error it has no getConnection
    expect(() => new MysqlTokenStore({ pool: admin })).to.throw(
      TypeError,
      'pool must be a pool of mysql2 or mysql2/promise',
    )
  })
})

async function waitUntil(pause: number, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('It did not happen within 10 s')
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}
