export { MysqlTokenStore } from './mysql-token-store.js'

export type { MysqlPool } from './database.js'
export type { MysqlTokenStoreOptions } from './mysql-token-store.js'
