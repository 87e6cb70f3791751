import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { RedisSessionStore, type RedisCommands, type RedisConnection } from '@wechat-auth/store-redis'
import { StoreError, type StoredSession } from '@wechat-auth/wechat-oauth'
import { commandsDuring, connect, type RedisClient } from '../../helpers/redis.js'
import { rejection } from '../../helpers/rejection.js'
import { startRedis, startRedisCluster, type RedisCluster } from '../../services/redis.js'
import type { Server } from '../../services/server.js'

const ttl = 3600
/** More commands than any operation sends here. */
const steps = 12

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

/** The same client, with something done before each command: `count` is 1 for the first. */
function stepped(client: RedisConnection, step: (count: number) => Promise<unknown>): RedisConnection {
  let count = 0
  return {
    withCommandOptions: (options) => {
      const commands = client.withCommandOptions(options)
      const command =
        <Name extends keyof RedisCommands>(name: Name) =>
        async (...args: Parameters<RedisCommands[Name]>): Promise<unknown> => {
          await step((count += 1))
          return (commands[name] as (...values: unknown[]) => Promise<unknown>)(...args)
        }
      return { get: command('get'), set: command('set'), del: command('del'), eval: command('eval') }
    },
  }
}

describe('RedisSessionStore on a server', () => {
  let server: Server
  let client: RedisClient
  let prefix: string
  let store: RedisSessionStore

  before(async function () {
    server = await startRedis(this)
    client = await connect({ driver: 'node-redis 6', urls: [server.url] })
  })

  after(async () => {
    client.destroy()
    await server.stop()
  })

  beforeEach(() => {
    prefix = `${randomUUID()}:`
    store = new RedisSessionStore({ client, prefix })
  })

  const isAlive = async (id: string): Promise<boolean> => (await store.get(id)) !== null
  const listed = async (): Promise<unknown[]> => (await store.listByUser('u')).map(({ id }) => id).sort()
  const alive = async (...ids: string[]): Promise<string[]> => {
    const found = await Promise.all(ids.map(isAlive))
    return ids.filter((_, place) => found[place]).sort()
  }

  it('checks a session by one command, and never searches', async () => {
    await store.create('a', makeSession('a'), ttl)
    expect(await commandsDuring(client, () => store.get('a'))).to.deep.equal({ get: 1 })
    const others = await commandsDuring(client, async () => {
      await store.create('b', makeSession('b'), ttl)
      await store.rotate('a', 'c', makeSession('c'), ttl)
      await store.delete('b')
      await store.listByUser('u')
      await store.deleteByUser('u')
    })
    expect(others).to.have.property('set')
    for (const search of ['keys', 'scan', 'sscan', 'zscan', 'hgetall'])
      expect(others).to.not.have.property(search)
  })

  it('sends the same number of commands however many sessions a user has', async () => {
    const revoke = (): Promise<Record<string, number>> =>
      commandsDuring(client, () => store.deleteByUser('u'))
    await store.create('a', makeSession('a'), ttl)
    const few = await revoke()
    for (let index = 0; index < 200; index += 1)
      await store.create(`other ${index}`, makeSession('x', `other ${index}`), ttl)
    await store.create('a', makeSession('a'), ttl)
    expect(await revoke()).to.deep.equal(few)
  })

  it('gives each session and each index a lifetime, and removes expired sessions from the index', async () => {
    await store.create('a', makeSession('a'), 60)
    const [key, index] = [`${prefix}hash:a`, `${prefix}user:u`]
    expect(Number(await client.ttl(key))).to.be.within(50, 60)
    expect(Number(await client.ttl(index))).to.be.within(60, 60 + 66)
    await client.sendCommand(['ZADD', index, '1', 'over'])
    await store.create('b', makeSession('b'), ttl)
    expect(await client.sendCommand(['ZRANGE', index, '0', '-1'])).to.deep.equal(['a', 'b'])
    expect(Number(await client.ttl(index))).to.be.within(ttl, ttl + 66)
    await store.rotate('b', 'c', makeSession('c'), ttl)
    await store.delete('a')
    expect(await client.sendCommand(['ZRANGE', index, '0', '-1'])).to.deep.equal(['c'])
    await store.deleteByUser('u')
    expect(await client.ttl(index)).to.equal(-2)
  })

  it('needs no more permissions than its README says', async () => {
    const commands = [
      'get',
      'set',
      'del',
      'eval',
      'time',
      'zadd',
      'zrange',
      'zrem',
      'zremrangebyscore',
      'pexpireat',
    ].map((name) => `+${name}`)
    await client.sendCommand([
      'ACL',
      'SETUSER',
      'sessions',
      'reset',
      'on',
      '>password',
      `~${prefix}*`,
      ...commands,
    ])
    const limited = await connect({
      driver: 'node-redis 6',
      urls: [server.url.replace('redis://', 'redis://sessions:password@')],
    })
    try {
      const permitted = new RedisSessionStore({ client: limited, prefix })
      await permitted.create('a', makeSession('a'), ttl)
      expect(await permitted.rotate('a', 'b', makeSession('b'), ttl)).to.equal(true)
      expect(await permitted.listByUser('u')).to.have.length(1)
      await permitted.delete('b')
      await permitted.create('c', makeSession('c'), ttl)
      await permitted.deleteByUser('u')
      await rejection(new RedisSessionStore({ client: limited, prefix: 'elsewhere:' }).get('a'), StoreError)
    } finally {
      limited.destroy()
    }
  })

  it('accepts a lifetime that is too long for Redis, or shorter than a millisecond', async () => {
    await store.create('long', makeSession('long'), Number.MAX_VALUE)
    expect(await isAlive('long')).to.equal(true)
    await store.create('short', makeSession('short'), Number.MIN_VALUE)
  })

  it('separates the sessions of two prefixes', async () => {
    const other = new RedisSessionStore({ client, prefix: `${prefix}2:` })
    await store.create('a', makeSession('a'), ttl)
    expect(await other.get('a')).to.equal(null)
    await other.deleteByUser('u')
    expect(await isAlive('a')).to.equal(true)
  })

  it('does not mistake an index for a session, whatever the hash or user id', async () => {
    await store.create('user:u', makeSession('user:u', 'hash:a'), ttl)
    await store.create('a', makeSession('a'), ttl)
    await store.delete('user:u')
    expect(await alive('a', 'user:u')).to.deep.equal(['a'])
    expect(await listed()).to.deep.equal(['a'])
  })

  it('rejects when a key holds something else, does not reveal it, and can delete it', async () => {
    for (const value of ['', 'SECRET', '[]', 'null', '"SECRET"', '{}', '{"userId":1}']) {
      await client.set(`${prefix}hash:a`, value)
      expect((await rejection(store.get('a'), StoreError)).message).to.equal(
        'The store holds something that is not a record',
      )
      await store.delete('a')
      expect(await isAlive('a')).to.equal(false)
    }
    await client.sendCommand(['RPUSH', `${prefix}hash:a`, 'x'])
    const error = await rejection(store.get('a'), StoreError)
    expect(error).to.include({ message: 'The store failed to read a session', reason: 'record' })
    await store.delete('a')
    expect(await isAlive('a')).to.equal(false)
  })

  it('rejects when the index of a user has another type, and replaces it with the next session', async () => {
    await client.sendCommand(['RPUSH', `${prefix}user:u`, 'x'])
    expect(await rejection(store.listByUser('u'), StoreError)).to.include({ reason: 'record' })
    expect(await rejection(store.deleteByUser('u'), StoreError)).to.include({ reason: 'record' })
    await store.create('a', makeSession('a'), ttl)
    expect(await listed()).to.deep.equal(['a'])
  })

  type Act = (store: RedisSessionStore) => Promise<unknown>
  const acts: Record<string, Act> = {
    create: (one) => one.create('new', makeSession('new'), ttl),
    rotate: (one) => one.rotate('old', 'next', makeSession('next'), ttl),
    'another rotate': (one) => one.rotate('old', 'rival', makeSession('rival'), ttl),
    prolong: (one) => one.rotate('old', 'old', makeSession('old'), ttl),
    delete: (one) => one.delete('old'),
    deleteByUser: (one) => one.deleteByUser('u'),
  }
  const ids = ['old', 'new', 'next', 'rival']

  /** One operation as a whole before each command of another. Resolves to what both answered. */
  async function amid(act: Act, at: number, inside: Act): Promise<[unknown, unknown]> {
    prefix = `${randomUUID()}:`
    store = new RedisSessionStore({ client, prefix })
    await store.create('old', makeSession('old'), ttl)
    const answers: unknown[] = []
    const interrupted = stepped(client, async (count) => {
      if (count === at) answers.push(await inside(store))
    })
    const outer = await act(new RedisSessionStore({ client: interrupted, prefix }))
    if (answers.length === 0) answers.push(await inside(store))
    return [outer, answers[0]]
  }

  for (const [outer, act] of Object.entries(acts)) {
    for (const [inner, inside] of Object.entries(acts)) {
      if (outer === inner) continue
      it(`finds every live session when there is ${inner} at any moment of ${outer}`, async () => {
        for (let at = 1; at <= steps; at += 1) {
          const [first, second] = await amid(act, at, inside)
          const living = await alive(...ids)
          const context = `before command ${at}`
          expect(await listed(), context).to.deep.equal(living)
          const won = [outer, inner].filter((name, place) => /rotate/.test(name) && [first, second][place])
          if (/rotate/.test(outer) && /rotate/.test(inner)) {
            expect(won, context).to.have.length(1)
            expect(living, context).to.deep.equal(won[0] === 'rotate' ? ['next'] : ['rival'])
          }
          if ([outer, inner].includes('deleteByUser'))
            expect(
              living.filter((id) => id !== 'new'),
              context,
            ).to.deep.equal([])
          else if (won.length > 0) expect(living, context).to.include(won[0] === 'rotate' ? 'next' : 'rival')
          if ([outer, inner].some((name) => /delete/.test(name)) || won.length > 0)
            expect(living, context).to.not.include('old')
        }
      })
    }
  }

  for (const [name, act] of Object.entries(acts)) {
    it(`finds every live session when the process ends at any moment of ${name}`, async () => {
      let ended = 0
      for (let at = 1; at <= steps; at += 1) {
        for (const other of [undefined, acts['deleteByUser']]) {
          prefix = `${randomUUID()}:`
          store = new RedisSessionStore({ client, prefix })
          await store.create('old', makeSession('old'), ttl)
          const ending = stepped(client, async (count) => {
            if (count === at - 1) await other?.(store)
            if (count >= at) throw new Error('SECRET')
          })
          const outcome = await act(new RedisSessionStore({ client: ending, prefix })).catch(
            (error: unknown) => error,
          )
          if (outcome instanceof Error) {
            ended += 1
            expect(outcome).to.be.an.instanceOf(StoreError)
            expect(String(outcome.stack)).to.not.contain('SECRET')
          }
          expect(await listed(), `at command ${at}`).to.deep.equal(await alive(...ids))
          await store.deleteByUser('u')
          expect(await alive(...ids), `at command ${at}`).to.deep.equal([])
        }
      }
      expect(ended).to.be.greaterThan(1)
    })
  }

  it('sends no more commands of an operation that timed out', async () => {
    const sent: number[] = []
    let release: () => void = () => undefined
    const slow = stepped(client, async (count) => {
      sent.push(count)
      if (count === 2)
        await new Promise<void>((resolve) => {
          release = resolve
        })
    })
    const error = await rejection(
      new RedisSessionStore({ client: slow, prefix, timeout: 50 }).create('a', makeSession('a'), ttl),
      StoreError,
    )
    expect(error.message).to.equal('The store failed to create a session within 50 ms')
    release()
    await client.get('anything')
    expect(sent).to.deep.equal([1, 2])
    expect(await isAlive('a')).to.equal(false)
  })
})

describe('RedisSessionStore on a cluster', () => {
  let redis: RedisCluster
  let client: RedisClient

  before(async function () {
    redis = await startRedisCluster(this)
    client = await connect({ driver: 'node-redis 5', urls: redis.nodes.map(({ url }) => url) })
  })

  after(async () => {
    client.destroy()
    await redis.stop()
  })

  it('keeps, rotates, lists and ends the sessions of a user in all slots (node-redis 5)', async () => {
    const store = new RedisSessionStore({ client })
    const ids = Array.from({ length: 30 }, () => randomUUID()).sort()
    await Promise.all(ids.map((id) => store.create(`first ${id}`, makeSession(id), ttl)))
    expect(
      await Promise.all(ids.map((id) => store.rotate(`first ${id}`, id, makeSession(id), ttl))),
    ).to.not.include(false)
    expect((await store.listByUser('u')).map(({ id }) => id).sort()).to.deep.equal(ids)
    await store.deleteByUser('u')
    expect(await store.listByUser('u')).to.deep.equal([])
    expect(await Promise.all(ids.map((id) => store.get(id)))).to.deep.equal(ids.map(() => null))
  })
})
