import { testCluster } from '../../helpers/cluster/suite.js'
import { driverNames } from '../../helpers/redis.js'
import { sharedRedis } from '../../services/redis.js'
import type { Service } from '../../services/server.js'
import { isNewest, variants } from '../../helpers/long.js'

describe('RedisTokenStore, shared by several processes', () => {
  let redis: Service

  before(async function () {
    redis = await sharedRedis(this)
  })

  for (const driver of variants(driverNames, isNewest)) {
    testCluster(driver, {
      store: 'redis',
      address: () => JSON.stringify({ driver, urls: [redis.url], prefix: `cluster-test ${driver}:` }),
    })
  }
})
