export { MysqlTokenStore } from './mysql-token-store.js'

export type { MysqlPool } from './mysql-pool.js'
export type { MysqlTokenStoreOptions } from './mysql-token-store.js'
