export { MongoTokenStore } from './mongo-token-store.js'
export { tokenSchema } from './token-schema.js'

export type { MongoTokenStoreOptions } from './mongo-token-store.js'
export type {
  MongoClient,
  MongoCollection,
  MongoDatabase,
  MongooseConnection,
  MongoSession,
} from './mongoose-connection.js'
