import { SqliteTokenStore } from '@wechat-auth/store-sqlite'
import { openDatabase, type SqliteAddress } from '../../sqlite.js'
import { storeTimeout as timeout, type OpenStore } from '../protocol.js'

/** @param address - a `SqliteAddress` as JSON */
export const open: OpenStore = async (address) => {
  const database = await openDatabase(JSON.parse(address) as SqliteAddress)
  return {
    store: new SqliteTokenStore({ database, timeout }),
    close: async () => {
      database.close()
    },
  }
}
