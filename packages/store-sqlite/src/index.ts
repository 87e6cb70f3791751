export { SqliteTokenStore } from './sqlite-token-store.js'

export type { SqliteDatabase, SqliteStatement } from './sqlite-database.js'
export type { SqliteTokenStoreOptions } from './sqlite-token-store.js'
