import { expect } from 'chai'
import { RedisTokenStore } from '@wechat-auth/store-redis'
import { expectEachToBeAnswered, killAmidWrites, writes } from '../../helpers/kill-amid-writes.js'
import { connect, driverNames } from '../../helpers/redis.js'
import { startRedis } from '../../services/redis.js'

describe('RedisTokenStore on a server that writes to its disk before it answers', function () {
  this.timeout(60_000)

  for (const driver of driverNames) {
    it(`has every write that was acknowledged when the server is killed amid ${writes} of them, and works on (${driver})`, async function () {
      const server = await startRedis(this, { durable: true })
      const client = await connect({ driver, urls: [server.url] })
      try {
        const store = new RedisTokenStore({ client, timeout: 2000 })
        const aftermath = await killAmidWrites(server, store, {
          makeToken: (openid, fields) => ({ openid, refresh_token: 'r', expires_in: 7200, ...fields }),
          waitAfterFailure: false,
        })
        const acknowledged = new Map([...aftermath.before, ...aftermath.after])

        expectEachToBeAnswered(aftermath)
        expect(acknowledged.size).to.be.greaterThan(writes / 2)
        for (const [openid, token] of acknowledged) expect(await store.getToken(openid)).to.deep.equal(token)
      } finally {
        client.destroy()
        await server.stop()
      }
    })
  }
})
