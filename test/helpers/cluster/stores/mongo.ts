import { MongoTokenStore } from '@wechat-auth/store-mongo'
import { connect, type MongooseName } from '../../mongo.js'
import { storeTimeout as timeout, type OpenStore } from '../protocol.js'

/** @param address - version of mongoose, URL and collection, as JSON */
export const open: OpenStore = async (address) => {
  const { mongoose, url, collection } = JSON.parse(address) as {
    mongoose: MongooseName
    url: string
    collection: string
  }
  const connection = await connect(mongoose, url)
  return {
    store: new MongoTokenStore({ connection, collection, timeout }),
    close: async () => {
      await connection.close()
    },
  }
}
