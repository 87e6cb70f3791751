export { RedisSessionStore } from './redis-session-store.js'
export { RedisTokenStore } from './redis-token-store.js'

export type { RedisSessionStoreOptions } from './redis-session-store.js'
export type { RedisTokenStoreOptions } from './redis-token-store.js'
export type { CommandOptions, RedisCommands, RedisConnection } from './redis-connection.js'
