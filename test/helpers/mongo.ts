import type { MongoCollection, MongoDatabase, MongooseConnection } from '@wechat-auth/store-mongo'

/** What the tests use of a connection of either version. */
export interface OpenConnection extends MongooseConnection {
  readonly db: Database
  close(): Promise<unknown>
}

interface Database extends MongoDatabase {
  collection(name: string, options?: object): Collection
}

export interface Collection extends MongoCollection {
  insertOne(document: object): Promise<unknown>
  find(filter: object): { toArray(): Promise<Record<string, unknown>[]> }
  indexes(): Promise<{ key: object, unique?: boolean, expireAfterSeconds?: number }[]>
}

interface Mongoose {
  createConnection(url?: string, options?: object): OpenConnection
}

/** The versions of mongoose that are supported, by the names of their packages here. */
const packages = { 'mongoose 8': 'mongoose-8', 'mongoose 9': 'mongoose' } as const

export type MongooseName = keyof typeof packages
export const mongooseNames = Object.keys(packages) as MongooseName[]

/** Loads one only where it is asked for: each takes its time. */
export async function load(name: MongooseName): Promise<Mongoose> {
  const { default: mongoose } = await import(packages[name]) as { default: Mongoose }
  return mongoose
}

/** Opens a connection, as an application does: the caller closes it. */
export async function connect(name: MongooseName, url: string, options: object = {}): Promise<OpenConnection> {
  const mongoose = await load(name)
  const connection = mongoose.createConnection(url, options)
  await connection.asPromise()
  return connection
}
