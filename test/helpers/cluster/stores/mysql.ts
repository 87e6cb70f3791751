import { MysqlTokenStore } from '@wechat-auth/store-mysql'
import { endPool, openPromisePool } from '../../mysql.js'
import { storeTimeout as timeout, type OpenStore } from '../protocol.js'

/** @param address - URL and table, as JSON */
export const open: OpenStore = async (address) => {
  const { url, table } = JSON.parse(address) as { url: string; table: string }
  const pool = openPromisePool(url)
  return Promise.resolve({ store: new MysqlTokenStore({ pool, table, timeout }), close: () => endPool(pool) })
}
