import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import type { Context } from 'mocha'
import { mongo } from 'mongoose'
import { createConnection } from 'mysql2/promise'
import { createClient, createCluster } from 'redis'
import { rejection } from '../helpers/rejection.js'
import { root } from '../helpers/run.js'
import { unpackedDebianPackages, unpackedProgram } from '../services/debian.js'
import { Container, dockerMissing } from '../services/docker.js'
import { climb, orSkip, ServiceMissing, share } from '../services/ladder.js'
import { sharedMariadb, startMariadb } from '../services/mariadb.js'
import { sharedMongo, startMongo } from '../services/mongo.js'
import { findProgram } from '../services/program.js'
import { sharedRedis, startRedis, startRedisCluster } from '../services/redis.js'
import { Server, type Service } from '../services/server.js'
import { betterSqlite3, libsql } from '../services/sqlite.js'

const fixture = [...process.execArgv, join(root, 'test/workspace/fixtures/services.ts')]

/** A process that uses the shared Redis, what it printed of it, and how to end it. */
async function processWithRedis(env: Record<string, string>): Promise<{ service: Service, kill: () => Promise<void> }> {
  const child = spawn(process.execPath, fixture, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(child, 'exit')
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exit
  }
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith('{')) return { service: JSON.parse(line) as Service, kill }
  }
  throw new Error('it said nothing')
}

async function isListening(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  return once(socket, 'connect').then(() => true, () => false).finally(() => socket.destroy())
}

async function redisCommand(url: string, words: string[]): Promise<unknown> {
  const client = createClient({ url, socket: { reconnectStrategy: false, socketTimeout: 500 } })
  client.on('error', () => {})
  await client.connect()
  return client.sendCommand(words).finally(() => client.destroy())
}

describe('The ladder to a service', () => {
  const no = (name: string, why: string) => ({ name, get: async () => why })

  it('takes the first rung that holds', async () => {
    const rungs = [no('PATH', 'not there'), { name: 'packages', get: async () => 42 }, { name: 'Docker', get: () => expect.fail() }]
    expect(await climb('Redis', rungs, 'install it')).to.equal(42)
  })

  it('says what to do, and what was tried, where none does', async () => {
    const error = await rejection(climb('Redis', [no('PATH', 'not there'), no('Docker', 'asleep')], 'install it'), ServiceMissing)
    expect(error.message).to.equal('no Redis: install it (PATH: not there; Docker: asleep)')
  })

  describe('and its tests', () => {
    const { CI } = process.env
    const skipped = new Error('skipped')
    const context = () => ({ timeout: () => 2000, test: { title: 'a test' }, skip: () => { throw skipped } }) as unknown as Context
    const missing = () => Promise.reject(new ServiceMissing('no Redis'))

    beforeEach(() => { delete process.env.CI })
    afterEach(() => { if (CI !== undefined) process.env.CI = CI })

    it('skips them, with the reason, where the service is missing', async () => {
      const skipping = context()
      expect(await rejection(orSkip(skipping, missing))).to.equal(skipped)
      expect(skipping.test?.title).to.equal('a test [skipped: no Redis]')
    })

    it('fails them under CI', async () => {
      process.env.CI = 'true'
      expect(await rejection(orSkip(context(), missing), Error)).to.have.property('message').that.contains('no Redis')
      delete process.env.CI
    })

    it('fails them where the service is there and does not start', async () => {
      const problem = new Error('it ended with 1')
      expect(await rejection(orSkip(context(), () => Promise.reject(problem)))).to.equal(problem)
    })
  })

  it('shares what is started, but no failure', async () => {
    let starts = 0
    const start = async (): Promise<number> => {
      starts += 1
      await sleep(1)
      if (starts === 1) throw new Error('busy')
      return starts
    }
    expect(await Promise.allSettled([share('x', start), share('x', start)]).then((all) => all.map(({ status }) => status))).to.deep.equal(['rejected', 'rejected'])
    expect(await Promise.all([share('x', start), share('x', start), share('x', start)])).to.deep.equal([2, 2, 2])
  })
})

describe('The services for tests', function () {
  this.timeout(60_000)

  it('share one Redis in a process', async function () {
    const redis = await sharedRedis(this)
    expect(await sharedRedis(this)).to.equal(redis)
    expect(await redisCommand(redis.url, ['PING'])).to.equal('PONG')
    expect(redis.version).to.match(/^\d+\.\d+/)
  })

  it('take the Redis of REDIS_URL', async function () {
    const { url } = await sharedRedis(this)
    const { service, kill } = await processWithRedis({ REDIS_URL: url })
    await kill()
    expect(service).to.deep.equal({ url, source: 'REDIS_URL' })
  })

  it('end what they started when the tests are killed', async function () {
    await sharedRedis(this)
    const folder = await mkdtemp(join(tmpdir(), 'services-'))
    try {
      const { service, kill } = await processWithRedis({ REDIS_URL: '', HOLD: '1', TMPDIR: folder })
      expect(await isListening(service.url)).to.equal(true)
      expect((await readdir(folder)).filter((name) => name.startsWith('wechat-auth-'))).to.have.lengthOf(1)
      await kill()
      while (await isListening(service.url) || (await readdir(folder)).some((name) => name.startsWith('wechat-auth-'))) await sleep(20)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('kill a Redis and start it again, with what it had acknowledged', async function () {
    const redis = await startRedis(this, { durable: true })
    try {
      await redisCommand(redis.url, ['SET', 'key', 'value'])
      await redis.kill()
      expect(await isListening(redis.url)).to.equal(false)
      await redis.restart()
      expect(await redisCommand(redis.url, ['GET', 'key'])).to.equal('value')
    } finally {
      await redis.stop()
    }
    expect(await isListening(redis.url)).to.equal(false)
  })

  it('freeze a Redis, so that it takes connections and does not answer', async function () {
    const redis = await startRedis(this)
    try {
      await redis.freeze()
      expect(await isListening(redis.url)).to.equal(true)
      await rejection(redisCommand(redis.url, ['PING']))
      await redis.thaw()
      expect(await redisCommand(redis.url, ['PING'])).to.equal('PONG')
      await redis.freeze()
    } finally {
      await redis.stop()
    }
  })

  it('start a Redis with options of the test, and say why it does not start with wrong ones', async function () {
    const redis = await startRedis(this, { args: ['--maxclients', '77'] })
    expect(await redisCommand(redis.url, ['CONFIG', 'GET', 'maxclients']).finally(() => redis.stop())).to.deep.equal({ maxclients: '77' })
    expect(await rejection(startRedis(this, { args: ['--no-such-option', '1'] }), Error)).to.have.property('message').that.matches(/does not start: .*no-such-option/)
  })

  it('make a cluster of three', async function () {
    const cluster = await startRedisCluster(this)
    const client = createCluster({ rootNodes: [{ url: cluster.nodes[0]!.url }] })
    try {
      await client.connect()
      for (let index = 0; index < 30; index += 1) await client.set(`key ${index}`, index)
      const counts = await Promise.all(cluster.nodes.map(({ url }) => redisCommand(url, ['DBSIZE']).then(Number)))
      expect(counts).to.have.lengthOf(3).and.not.include(0)
      expect(counts.reduce((sum, count) => sum + count)).to.equal(30)
    } finally {
      client.destroy()
      await cluster.stop()
    }
  })

  it('kill a MariaDB and start it again, with what it had acknowledged', async function () {
    const mariadb = await startMariadb(this, { args: ['--max-connections=17'] })
    const query = async (sql: string): Promise<unknown> => {
      const connection = await createConnection(mariadb.url)
      return connection.query(sql).then(([rows]) => rows).finally(() => connection.end())
    }
    try {
      await query('CREATE TABLE t (a INT)')
      await query('INSERT INTO t VALUES (42)')
      await mariadb.restart()
      expect(await query('SELECT a, @@max_connections AS most FROM t')).to.deep.equal([{ a: 42, most: 17 }])
    } finally {
      await mariadb.stop()
    }
    expect(await isListening(mariadb.url)).to.equal(false)
  })

  it('share one MariaDB in a process', async function () {
    const mariadb = await sharedMariadb(this)
    expect(await sharedMariadb(this)).to.equal(mariadb)
    expect(await isListening(mariadb.url)).to.equal(true)
  })

  it('kill a MongoDB, or the stand-in, and start it again', async function () {
    const server = await startMongo(this)
    const ping = async (): Promise<unknown> => {
      const client = new mongo.MongoClient(server.url, { serverSelectionTimeoutMS: 1000 })
      return client.db('test').command({ ping: 1 }).finally(() => client.close())
    }
    try {
      expect(await ping()).to.include({ ok: 1 })
      await server.kill()
      await rejection(ping())
      await server.restart()
      expect(await ping()).to.include({ ok: 1 })
    } finally {
      await server.stop()
    }
  })

  it('share one MongoDB, or stand-in, in a process, and tell which', async function () {
    const server = await sharedMongo(this)
    expect(await sharedMongo(this)).to.equal(server)
    expect(server.isRealMongo).to.equal(!server.source.includes('jongodb'))
  })

  it('have SQLite drivers', async function () {
    for (const driver of [libsql(), await betterSqlite3(this)]) {
      const database = driver.open(':memory:')
      expect(database.prepare('SELECT 42 AS a').get(), driver.name).to.include({ a: 42 })
      database.close()
      expect(driver.version).to.match(/^\d+\.\d+\.\d+$/)
    }
  })

  describe('with Docker', () => {
    const { PATH = '' } = process.env
    let folder: string
    let image: Server

    before(async function () {
      // Docker itself is not needed to see that it is asked for the right things.
      const unpacked = await unpackedDebianPackages('redis', [['redis-server']])
      const program = typeof unpacked === 'string' ? await unpackedProgram(unpacked, ['redis-server']) : undefined
      const path = await findProgram(['redis-server']) ?? program?.path
      if (path === undefined) return orSkip(this, () => Promise.reject(new ServiceMissing('no redis-server to run as a container')))
      folder = await mkdtemp(join(tmpdir(), 'fake-docker-'))
      Object.assign(process.env, {
        PATH: `${join(root, 'test/workspace/fixtures/fake-docker')}${delimiter}${PATH}`,
        FAKE_DOCKER: folder,
        FAKE_DOCKER_SERVER: path,
        FAKE_DOCKER_LIBRARIES: program?.env.LD_LIBRARY_PATH ?? '',
      })
      const container = await Container.create({ image: 'redis:7', port: 6379, env: { A: 'b' }, args: ['redis-server'] })
      image = await new Server(container, (port) => `redis://127.0.0.1:${port}`, async (url) => String(await redisCommand(url, ['PING']))).start()
    })

    after(async () => {
      process.env.PATH = PATH
      for (const name of ['FAKE_DOCKER', 'FAKE_DOCKER_SERVER', 'FAKE_DOCKER_LIBRARIES']) Reflect.deleteProperty(process.env, name)
      if (folder) await rm(folder, { recursive: true, force: true })
    })

    // The program in the stand-in's place has a moment left after it was killed.
    const silence = async (): Promise<void> => {
      while (await isListening(image.url)) await sleep(10)
    }

    const calls = async (): Promise<string[]> => (await readFile(join(folder, 'log'), 'utf8')).trim().split('\n')

    it('see that it is there', async () => {
      expect(await dockerMissing()).to.equal(undefined)
    })

    it('publish the port on the loopback interface only', async () => {
      expect((await calls()).find((call) => call.startsWith('create'))).to.match(/^create --name wechat-auth-\w+ --publish 127\.0\.0\.1:\d+:6379 --env A=b redis:7 redis-server$/)
    })

    it('freeze, thaw, kill and start a container again', async () => {
      await image.freeze()
      await rejection(redisCommand(image.url, ['PING']))
      await image.thaw()
      expect(await redisCommand(image.url, ['PING'])).to.equal('PONG')
      await image.kill()
      await silence()
      await image.restart()
      expect(await redisCommand(image.url, ['PING'])).to.equal('PONG')
    })

    it('remove it with its data', async () => {
      await image.stop()
      await silence()
      expect((await calls()).at(-1)).to.match(/^rm --force --volumes wechat-auth-\w+$/)
    })
  })
})
