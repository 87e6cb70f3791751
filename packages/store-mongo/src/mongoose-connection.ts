/** A connection from `mongoose.createConnection`, or `mongoose.connection`. The type has only the members that the store uses, so it accepts any copy of mongoose. */
export interface MongooseConnection {
  /** The driver's database; set once the connection has been open. */
  readonly db?: MongoDatabase | undefined
  /** Resolves when the connection is open. */
  asPromise(): Promise<unknown>
  getClient(): MongoClient
}

export interface MongoClient {
  startSession(options: { causalConsistency: boolean }): MongoSession
}

export interface MongoSession {
  endSession(): Promise<unknown>
}

export interface MongoDatabase {
  readonly writeConcern?: { readonly w?: unknown } | undefined
  readonly readConcern?: object | undefined
  collection(name: string, options: object): MongoCollection
  command(command: object, options: object): Promise<object>
}

/** The methods of a collection that the store calls. */
export interface MongoCollection {
  findOne(filter: object, options: object): Promise<object | null>
  replaceOne(filter: object, replacement: object, options: object): Promise<unknown>
  updateOne(filter: object, update: object, options: object): Promise<unknown>
  deleteOne(filter: object, options: object): Promise<unknown>
  deleteMany(filter: object, options: object): Promise<unknown>
  createIndex(keys: Record<string, 1>, options: object): Promise<unknown>
}

/** @throws TypeError if it is not a connection of mongoose */
export function checkConnection(connection: unknown): asserts connection is MongooseConnection {
  const { asPromise, getClient } = (connection ?? {}) as Partial<MongooseConnection>
  if (typeof asPromise !== 'function' || typeof getClient !== 'function') {
    throw new TypeError(
      'connection must be a connection of mongoose: mongoose.connection, or what mongoose.createConnection returns',
    )
  }
}
