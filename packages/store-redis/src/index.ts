export { RedisTokenStore } from './redis-token-store.js'

export type { RedisTokenStoreOptions } from './redis-token-store.js'
export type { CommandOptions, RedisCommands, RedisConnection } from './redis-connection.js'
