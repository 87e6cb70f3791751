import { expect } from 'chai'
import { setImmediate as turn } from 'node:timers/promises'
import { inspect } from 'node:util'
import { createClient, createClientPool, createCluster, createSentinel, RESP_TYPES } from 'redis'
import * as redis5 from 'redis-5'
import { StoreError } from '@wechat-auth/wechat-oauth'
import {
  RedisTokenStore,
  type CommandOptions,
  type RedisCommands,
  type RedisConnection,
  type RedisTokenStoreOptions,
} from '@wechat-auth/store-redis'
import { rejection, thrown } from '../../helpers/rejection.js'

const token = {
  openid: 'o',
  access_token: 'a',
  refresh_token: 'r',
  expires_in: 7200,
  create_at: 1_763_000_000_123,
}

interface Sent {
  command: keyof RedisCommands
  args: unknown[]
  options: CommandOptions
}

/** A connection that notes what it is asked to send, and answers what it is told to. */
function connection(answer: (sent: Sent) => unknown = () => null): { client: RedisConnection; sent: Sent[] } {
  const sent: Sent[] = []
  return {
    sent,
    client: {
      withCommandOptions: (options) => {
        const command =
          (name: keyof RedisCommands) =>
          async (...args: unknown[]) => {
            const one = { command: name, args, options }
            sent.push(one)
            return answer(one)
          }
        return { get: command('get'), set: command('set'), del: command('del'), eval: command('eval') }
      },
    },
  }
}

describe('RedisTokenStore', () => {
  it('accepts clients, pools, clusters and sentinels of node-redis 5 and 6 with any options', () => {
    const typeMapping = { [RESP_TYPES.BLOB_STRING]: Buffer }
    const clients: RedisConnection[] = [
      createClient(),
      createClient({ RESP: 2 }),
      createClient({ commandOptions: { typeMapping } }),
      createClient().withTypeMapping(typeMapping),
      createClientPool(),
      createCluster({ rootNodes: [] }),
      createSentinel({ name: 'main', sentinelRootNodes: [] }),
      redis5.createClient(),
      redis5.createClient({ RESP: 3 }),
      redis5.createClient({ commandOptions: { typeMapping } }),
      redis5.createClientPool(),
      redis5.createCluster({ rootNodes: [] }),
      redis5.createSentinel({ name: 'main', sentinelRootNodes: [] }),
    ]
    for (const client of clients) expect(new RedisTokenStore({ client })).to.be.an.instanceOf(RedisTokenStore)
  })

  const wrong: [string, unknown, RegExp][] = [
    [
      'no client',
      { client: undefined },
      /^client must be a client, pool, cluster or sentinel of node-redis 5 or 6$/,
    ],
    ['a client that is null', { client: null }, /^client must be/],
    ['an address for a client', { client: 'redis://localhost' }, /^client must be/],
    [
      'a client of another driver',
      { client: { get: async () => null, set: async () => 'OK' } },
      /^client must be/,
    ],
    ['a prefix that is not a string', { prefix: 1 }, /^prefix must be a string$/],
    ['a prefix that is null', { prefix: null }, /^prefix must be a string$/],
    ['a ttl of 0', { ttl: 0 }, /^ttl must be a positive number of seconds$/],
    ['a ttl below 0', { ttl: -1 }, /^ttl must be/],
    ['a ttl that is not a number', { ttl: '3600' }, /^ttl must be/],
    ['a ttl that is NaN', { ttl: NaN }, /^ttl must be/],
    ['a timeout of 0', { timeout: 0 }, /^timeout must be a positive number of milliseconds, at most a day$/],
    ['a timeout that is not a number', { timeout: '5000' }, /^timeout must be/],
    ['a timeout that no timer counts', { timeout: 2 ** 31 }, /^timeout must be/],
  ]
  for (const [what, options, message] of wrong) {
    it(`refuses ${what}`, () => {
      const error = thrown(
        () =>
          new RedisTokenStore({
            client: connection().client,
            ...(options as Partial<RedisTokenStoreOptions>),
          }),
      )
      expect(error).to.be.an.instanceOf(TypeError)
      expect((error as TypeError).message).to.match(message)
    })
  }

  it("gives each command its own options: a signal, plain types, and no limit but the store's", async () => {
    const { client, sent } = connection()
    const store = new RedisTokenStore({ client, timeout: 60_000 })
    await store.getToken('o')
    await store.saveToken('o', token)
    await store.deleteToken('o')
    expect(sent.map(({ command }) => command)).to.deep.equal(['get', 'set', 'del'])
    expect(new Set(sent.map(({ options }) => options)).size).to.equal(3)
    for (const { options } of sent) {
      expect(options.typeMapping).to.deep.equal({})
      expect(options.timeout).to.equal(0)
      expect(options.abortSignal.aborted).to.equal(false)
    }
  })

  it('fires the signal when it gives up a command, and then ignores its result', async () => {
    let fail: (reason: Error) => void = () => undefined
    const { client, sent } = connection(
      () =>
        new Promise((_resolve, reject) => {
          fail = reject
        }),
    )
    const error = await rejection(
      new RedisTokenStore({ client, timeout: 10 }).saveToken('o', token),
      StoreError,
    )
    expect(error.message).to.equal('The store failed to save within 10 ms')
    expect(sent[0]?.options.abortSignal.aborted).to.equal(true)
    // An unhandled rejection would fail the run.
    fail(new Error('late'))
    await turn()
  })

  it('reads what a driver that heeds no options hands out as a buffer', async () => {
    const text = JSON.stringify({ ...token, nickname: '爱丽丝🐼' })
    for (const buffer of [Buffer.from(text), new TextEncoder().encode(text)]) {
      const { client } = connection(() => buffer)
      expect(await new RedisTokenStore({ client }).getToken('o')).to.deep.equal({
        ...token,
        nickname: '爱丽丝🐼',
      })
    }
  })

  it('rejects when the reply is not a text', async () => {
    for (const answer of [undefined, 1, true, ['x'], {}]) {
      const { client } = connection(() => answer)
      const error = await rejection(new RedisTokenStore({ client }).getToken('o'), StoreError)
      expect(error.code).to.equal('ERR_WECHAT_STORE')
    }
  })

  it('takes and releases a lock as the same owner, each time as another', async () => {
    const { client, sent } = connection(({ command }) => (command === 'set' ? 'OK' : 1))
    const store = new RedisTokenStore({ client, prefix: 'p:' })
    for (let round = 0; round < 2; round += 1)
      await store.withLock('refresh:o', async () => undefined, { ttl: 1500.2 })
    const owners = new Set<unknown>()
    for (const [taken, released] of [
      [sent[0]!, sent[1]!],
      [sent[2]!, sent[3]!],
    ] as const) {
      const owner = taken.args[1]
      owners.add(owner)
      expect(taken.args).to.deep.equal([
        'p:lock:refresh:o',
        owner,
        { condition: 'NX', expiration: { type: 'PX', value: 1501 } },
      ])
      expect(released.command).to.equal('eval')
      expect(released.args[1]).to.deep.equal({ keys: ['p:lock:refresh:o'], arguments: [owner] })
    }
    expect(owners.size).to.equal(2)
  })

  it('shows nothing of its client when it is inspected', () => {
    const client = { ...connection().client, options: { password: 'SECRET' } }
    expect(inspect(new RedisTokenStore({ client }), { depth: Infinity, showHidden: true })).not.to.include(
      'SECRET',
    )
  })
})
