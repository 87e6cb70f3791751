import { expect } from 'chai'
import { createClient } from 'redis'
import { WechatOAuth, type TokenStore } from '@wechat-auth/wechat-oauth'
import * as storeRedis from '@wechat-auth/store-redis'
import { startSandbox } from '@wechat-auth/wechat-sandbox'
import { MemoryUserStore, WechatSessions } from '@wechat-auth/wechat-session'
import { startRedis } from '../../services/redis.js'
import type { Server } from '../../services/server.js'
import { blockOf, chinese, english, readmeOf, tableOf } from './markdown.js'
import { expectRecipeToEncrypt, listingOf } from './reencrypting.js'
import { runPart } from './running.js'
import { expectOptions, keepToken } from './stores.js'

describe('the README of store-redis', function () {
  this.timeout(30_000)

  const readme = readmeOf('packages/store-redis', english)
  let redis: Server
  const endings: (() => unknown)[] = []

  before(async function () {
    redis = await startRedis(this)
    endings.push(() => redis.stop())
  })

  after(async () => {
    for (const end of endings.reverse()) await end()
  })

  it('has a snippet that runs unchanged and keeps a token in Redis', async () => {
    const printed = await keepToken(
      readme,
      `
      console.log(JSON.stringify(await tokenStore.getToken(openid)) === await client.get('wechat:token:' + openid))
      client.destroy()`,
      { REDIS_URL: redis.url },
    )
    expect(printed).to.equal('true')
  })

  it('lists keys in the form that the recipe for encrypting existing records needs, while a token is being refreshed', async () => {
    const client = createClient({ url: redis.url })
    client.on('error', () => undefined)
    endings.push(() => {
      client.destroy()
    })
    await client.connect()
    await client.flushAll()
    const store = new storeRedis.RedisTokenStore({ client })
    const [, match = '', lock = ''] = listingOf('Redis')
    const pattern = match.replace(/^MATCH /, '')
    await store.withLock('refresh:oOther', () =>
      expectRecipeToEncrypt(store, async () => {
        const found: string[] = []
        for await (const keys of client.scanIterator({ MATCH: pattern }))
          found.push(...keys.map((key) => key.slice(pattern.length - 1)))
        expect(found).to.include(`${lock}refresh:oOther`)
        return found.filter((key) => !key.startsWith(lock))
      }),
    )
  })

  it('gives each app its own store', async () => {
    const client = createClient({ url: redis.url })
    client.on('error', () => undefined)
    endings.push(() => {
      client.destroy()
    })
    await client.connect()
    const { shop, blog } = (await runPart(
      blockOf(readme, /^Several applications$/),
      { client, ...storeRedis },
      ['shop', 'blog'],
    )) as Record<string, TokenStore>
    await shop!.saveToken('o', { openid: 'o', create_at: 1 })
    expect(await blog!.getToken('o')).to.equal(null)
  })

  it('keeps the sessions of wechat-session in Redis', async () => {
    const sandbox = await startSandbox({ apps: [{ appId: 'wx1', appSecret: 's', type: 'miniprogram' }] })
    const client = createClient({ url: redis.url })
    client.on('error', () => undefined)
    endings.push(
      () => sandbox.close(),
      () => {
        client.destroy()
      },
    )
    await client.connect()
    const oauth = new WechatOAuth({ appId: 'wx1', appSecret: 's', endpoints: sandbox.endpoints })
    const scope = { client, oauth, userStore: new MemoryUserStore(), WechatSessions, ...storeRedis }
    const { sessions } = (await runPart(blockOf(readme, /^Sessions$/), scope, ['sessions'])) as {
      sessions: WechatSessions
    }
    const { token, user } = await sessions.authorize({
      code: sandbox.wxLogin({ appId: 'wx1', user: 'alice' }),
    })
    expect(await sessions.isTokenValid(token)).to.equal(true)
    expect(await client.exists(`wechat:session:user:${user.id}`)).to.equal(1)
    const keys = await client.keys('wechat:session:*')
    const kept = await Promise.all(
      keys.map((key) => (key.includes(':hash:') ? client.get(key) : client.zRange(key, 0, -1))),
    )
    expect(kept.join()).to.contain(user.openid)
    // Nobody who reads the store can make a token of it.
    expect([...keys, ...kept].map(String).join('\n')).to.not.contain(token.split('.').at(-1))
    await sessions.revokeUser(user.id)
    expect(await sessions.isTokenValid(token)).to.equal(false)
  })

  for (const file of [english, chinese]) {
    it(`names the options of the session store and their defaults: ${file}`, () => {
      expectOptions(tableOf(readmeOf('packages/store-redis', file), /^(?:Sessions|会话)$/), {
        store: 'RedisSessionStore',
        path: 'store-redis/src/redis-session-store.ts',
        parameter: "{ client, prefix = 'wechat:session:', timeout = 5000 }",
      })
    })

    it(`names the options and their defaults: ${file}`, () => {
      expectOptions(tableOf(readmeOf('packages/store-redis', file), /^(?:Options|选项)$/), {
        store: 'RedisTokenStore',
        path: 'store-redis/src/redis-token-store.ts',
        parameter: "{ client, prefix = 'wechat:token:', ttl, timeout = 5000 }",
      })
    })
  }
})
