import { MongoTokenStore } from '@wechat-auth/store-mongo'
import { testCluster } from '../../helpers/cluster/suite.js'
import { connect, mongooseNames } from '../../helpers/mongo.js'
import { sharedMongo, type MongoService } from '../../services/mongo.js'
import { isNewest, variants } from '../../helpers/long.js'

describe('MongoTokenStore, shared by several processes', () => {
  let mongo: MongoService
  const collectionFor = (mongoose: string): string => `cluster_test_${mongoose.replace(' ', '_')}`

  before(async function () {
    mongo = await sharedMongo(this)
    for (const mongoose of mongooseNames) {
      const connection = await connect(mongoose, mongo.url)
      await new MongoTokenStore({ connection, collection: collectionFor(mongoose) }).init()
      await connection.close()
    }
  })

  for (const mongoose of variants(mongooseNames, isNewest)) {
    testCluster(mongoose, {
      store: 'mongo',
      address: () => JSON.stringify({ mongoose, url: mongo.url, collection: collectionFor(mongoose) }),
    })
  }
})
