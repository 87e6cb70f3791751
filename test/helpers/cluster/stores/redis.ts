import { RedisTokenStore } from '@wechat-auth/store-redis'
import { connect, type RedisAddress } from '../../redis.js'
import { storeTimeout as timeout, type OpenStore } from '../protocol.js'

/** @param address - a `RedisAddress` and a prefix, as JSON */
export const open: OpenStore = async (address) => {
  const { prefix, ...redis } = JSON.parse(address) as RedisAddress & { prefix: string }
  const client = await connect(redis)
  return {
    store: new RedisTokenStore({ client, prefix, timeout }),
    close: async () => {
      client.destroy()
    },
  }
}
