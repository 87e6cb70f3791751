export { SqliteSessionStore } from './sqlite-session-store.js'
export { SqliteTokenStore } from './sqlite-token-store.js'
export { SqliteUserStore } from './sqlite-user-store.js'

export type { SqliteDatabase, SqliteStatement } from './sqlite-database.js'
export type { SqliteSessionStoreOptions } from './sqlite-session-store.js'
export type { SqliteTokenStoreOptions } from './sqlite-token-store.js'
export type { SqliteUserStoreOptions } from './sqlite-user-store.js'
