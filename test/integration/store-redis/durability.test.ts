import { expect } from 'chai'
import { TokenStoreError, type WechatToken } from '@wechat-auth/wechat-oauth'
import { RedisTokenStore } from '@wechat-auth/store-redis'
import { connect, driverNames } from '../../helpers/redis.js'
import { startRedis } from '../../services/redis.js'

const writes = 2000
const writers = 50

describe('RedisTokenStore on a server that writes to its disk before it answers', function () {
  this.timeout(60_000)

  for (const driver of driverNames) {
    it(`has every write that was acknowledged when the server is killed amid ${writes} of them, and works on (${driver})`, async function () {
      const server = await startRedis(this, { durable: true })
      const client = await connect({ driver, urls: [server.url] })
      try {
        const store = new RedisTokenStore({ client, timeout: 2000 })
        const acknowledged = new Map<string, WechatToken>()
        const rejected: unknown[] = []
        let next = 0
        let outage: Promise<void> | undefined

        const write = async (): Promise<void> => {
          while (next < writes) {
            const openid = `o${next}`
            next += 1
            const token: WechatToken = { openid, access_token: `token ${next}`, refresh_token: 'r', expires_in: 7200, create_at: 1_763_000_000_000 + next }
            try {
              await store.saveToken(openid, token)
              acknowledged.set(openid, token)
            } catch (error) {
              rejected.push(error)
            }
            if (acknowledged.size >= writes / 4) outage ??= server.kill().then(() => server.restart())
          }
        }
        await Promise.all(Array.from({ length: writers }, write))
        await outage

        expect(acknowledged.size + rejected.length).to.equal(writes)
        expect(rejected).to.not.be.empty
        for (const error of rejected) expect(error).to.be.an.instanceOf(TokenStoreError)
        expect(acknowledged.size).to.be.greaterThan(writes / 2)
        for (const [openid, token] of acknowledged) expect(await store.getToken(openid)).to.deep.equal(token)
      } finally {
        client.destroy()
        await server.stop()
      }
    })
  }
})
