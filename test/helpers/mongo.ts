import type { MongoCollection, MongoDatabase, MongooseConnection } from '@wechat-auth/store-mongo'

/** The members of a connection of either version that the tests use. */
export interface OpenConnection extends MongooseConnection {
  readonly db: Database
  readonly readyState: number
  readonly models: object
  readonly client: { eventNames(): (string | symbol)[]; listenerCount(event: string | symbol): number }
  close(): Promise<unknown>
  useDb(name: string): OpenConnection
  eventNames(): (string | symbol)[]
  listenerCount(event: string | symbol): number
  model(name: string, schema: unknown, collection: string): Model
}

/** The members of a model that the tests use. */
export interface Model {
  findOne(filter: object): { lean(): Promise<Record<string, unknown> | null> }
  create(document: object): Promise<{ toObject(): Record<string, unknown> }>
  countDocuments(filter: object): Promise<number>
  createIndexes(): Promise<unknown>
  readonly schema: { indexes(): unknown; get(option: string): unknown }
}

interface Database extends MongoDatabase {
  collection(name: string, options?: object): Collection
  dropCollection(name: string): Promise<unknown>
}

export interface Collection extends MongoCollection {
  insertOne(document: object): Promise<unknown>
  find(filter: object): { toArray(): Promise<Record<string, unknown>[]> }
  indexes(): Promise<{ key: object; unique?: boolean; expireAfterSeconds?: number }[]>
}

export interface Mongoose {
  createConnection(url?: string, options?: object): OpenConnection
  readonly connection: OpenConnection
  readonly models: object
  set(option: string, value: unknown): unknown
  plugin(plugin: (schema: { pre(hook: RegExp, run: () => void): unknown }) => void): unknown
  readonly mongo: {
    Long: { fromString(text: string): object }
    Decimal128: { fromString(text: string): object }
    Int32: new (value: number) => object
    Double: new (value: number) => object
    ObjectId: new () => { toHexString(): string }
  }
}

/** The supported versions of mongoose, with the names of their packages in this workspace. */
const packages = { 'mongoose 8': 'mongoose-8', 'mongoose 9': 'mongoose' } as const

export type MongooseName = keyof typeof packages
export const mongooseNames = Object.keys(packages) as MongooseName[]

/** Loads a version on demand, because loading is slow. */
export async function load(name: MongooseName): Promise<Mongoose> {
  const { default: mongoose } = (await import(packages[name])) as { default: Mongoose }
  return mongoose
}

/** Opens a connection as an application does. The caller closes it. */
export async function connect(
  name: MongooseName,
  url: string,
  options: object = {},
): Promise<OpenConnection> {
  const mongoose = await load(name)
  const connection = mongoose.createConnection(url, options)
  await connection.asPromise()
  return connection
}
