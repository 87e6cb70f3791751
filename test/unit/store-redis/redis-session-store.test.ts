import { expect } from 'chai'
import { inspect } from 'node:util'
import {
  RedisSessionStore,
  type RedisCommands,
  type RedisConnection,
  type RedisSessionStoreOptions,
} from '@wechat-auth/store-redis'
import type { StoredSession } from '@wechat-auth/wechat-oauth'
import { rejection, thrown } from '../../helpers/rejection.js'

const session: StoredSession = { userId: 'u', openid: 'o', sku: 'shop', createdAt: 1, expiresAt: 2 }

/** A connection that notes what it is asked to send, and answers as if all were there. */
function connection(): { client: RedisConnection; sent: [keyof RedisCommands, ...unknown[]][] } {
  const sent: [keyof RedisCommands, ...unknown[]][] = []
  const command =
    (name: keyof RedisCommands, reply: unknown) =>
    async (...args: unknown[]) => {
      sent.push([name, ...args])
      return Promise.resolve(reply)
    }
  const commands = {
    get: command('get', JSON.stringify(session)),
    set: command('set', 'OK'),
    del: command('del', 1),
    eval: command('eval', []),
  }
  return { sent, client: { withCommandOptions: () => commands } }
}

describe('RedisSessionStore', () => {
  const wrong: [string, unknown, RegExp][] = [
    [
      'no client',
      { client: undefined },
      /^client must be a client, pool, cluster or sentinel of node-redis 5 or 6$/,
    ],
    ['a prefix that is not a string', { prefix: 1 }, /^prefix must be a string$/],
    ['a timeout of 0', { timeout: 0 }, /^timeout must be a positive number of milliseconds, at most a day$/],
  ]
  for (const [what, options, message] of wrong) {
    it(`refuses ${what}`, () => {
      const error = thrown(
        () =>
          new RedisSessionStore({
            client: connection().client,
            ...(options as Partial<RedisSessionStoreOptions>),
          }),
      )
      expect(error).to.be.an.instanceOf(TypeError)
      expect((error as TypeError).message).to.match(message)
    })
  }

  it('refuses names that UTF-8 cannot encode and a session without a user before it sends anything', async () => {
    const { client, sent } = connection()
    const store = new RedisSessionStore({ client })
    const name = 'a\ud800'
    for (const call of [
      store.create(name, session, 1),
      store.get(name),
      store.rotate(name, 'b', session, 1),
      store.rotate('a', name, session, 1),
      store.delete(name),
      store.deleteByUser(name),
      store.listByUser(name),
      store.create('a', { ...session, userId: name }, 1),
      store.rotate('a', 'b', { ...session, userId: '' }, 1),
    ])
      await rejection(call, TypeError)
    expect(sent).to.deep.equal([])
  })

  it('adds a session to the index before it writes the session, which gets its lifetime in the same command', async () => {
    const { client, sent } = connection()
    await new RedisSessionStore({ client, prefix: '' }).create('a', session, 1.5)
    expect(sent.map(([command]) => command)).to.deep.equal(['eval', 'set', 'eval'])
    expect(sent[1]).to.deep.equal([
      'set',
      'hash:a',
      JSON.stringify(session),
      { expiration: { type: 'PX', value: 1500 } },
    ])
    for (const place of [0, 2]) expect(sent[place]?.[2]).to.have.property('keys').that.deep.equals(['user:u'])
  })

  it('rejects a session that cannot be serialized before it sends anything', async () => {
    const { client, sent } = connection()
    const circular: StoredSession = { ...session, secret: 'SECRET' }
    circular['self'] = circular
    const error = await rejection(new RedisSessionStore({ client }).create('a', circular, 1))
    expect(error).to.have.property('code', 'ERR_WECHAT_STORE')
    expect(inspect(error)).to.not.contain('SECRET')
    expect(sent).to.deep.equal([])
  })

  it('uses the prefix wechat:session: unless told otherwise, and shows nothing of its client', async () => {
    const { client, sent } = connection()
    const store = new RedisSessionStore({ client: Object.assign(client, { password: 'SECRET' }) })
    await store.get('a')
    expect(sent).to.deep.equal([['get', 'wechat:session:hash:a']])
    expect(inspect(store, { depth: Infinity, showHidden: true })).to.not.contain('SECRET')
  })
})
