import { randomBytes } from 'node:crypto'
import type { Context } from 'mocha'
import type { WechatToken } from '@wechat-auth/wechat-oauth'
import { MongoTokenStore, type MongoTokenStoreOptions } from '@wechat-auth/store-mongo'
import {
  connect,
  mongooseNames,
  type Collection,
  type MongooseName,
  type OpenConnection,
} from '../../helpers/mongo.js'
import { skipEverywhere } from '../../helpers/skip.js'
import { sharedMongo, type MongoService } from '../../services/mongo.js'

export const secrets = { access_token: 'SECRET-access-token', refresh_token: 'SECRET-refresh-token' }

/** The record of a user who logged in on a web page. */
export function makeToken(openid: string, fields: Record<string, unknown> = {}): WechatToken {
  return {
    openid,
    ...secrets,
    expires_in: 7200,
    scope: 'snsapi_userinfo',
    create_at: 1_763_000_000_123,
    ...fields,
  }
}

/** A server, a connection, and each test's own collections. */
export class Setting {
  service!: MongoService
  connection!: OpenConnection
  readonly mongoose: MongooseName
  #collections: string[] = []
  readonly #connections: OpenConnection[] = []

  constructor(mongoose: MongooseName) {
    this.mongoose = mongoose
  }

  async start(service: MongoService): Promise<void> {
    this.service = service
    this.connection = await this.open()
  }

  /** A connection that is closed in the end. */
  async open(options: object = {}): Promise<OpenConnection> {
    return this.keep(await connect(this.mongoose, this.service.url, options))
  }

  keep(connection: OpenConnection): OpenConnection {
    this.#connections.push(connection)
    return connection
  }

  /** A name that no other test has. What it stands for, and its locks, are removed after the test. */
  name(): string {
    const name = `t_${randomBytes(6).toString('hex')}`
    this.#collections.push(name)
    return name
  }

  raw(name: string): Collection {
    return this.connection.db.collection(name)
  }

  /** A store with its indexes, and the collection as it is. */
  async freshStore(
    options: Partial<MongoTokenStoreOptions> = {},
  ): Promise<{ store: MongoTokenStore; raw: Collection; collection: string }> {
    const { collection = this.name() } = options
    const store = new MongoTokenStore({ connection: this.connection, ...options, collection })
    await store.init()
    return { store, raw: this.raw(collection), collection }
  }

  /** The stand-in knows no `drop`. */
  async clear(): Promise<void> {
    for (const name of this.#collections) {
      for (const collection of [name, `${name}_locks`]) {
        if (this.service.isRealMongo) await this.connection.db.dropCollection(collection).catch(ignoreMissing)
        else await this.raw(collection).deleteMany({}, {})
      }
    }
    this.#collections = []
  }

  async stop(): Promise<void> {
    for (const connection of this.#connections) await connection.close()
  }
}

function ignoreMissing(error: unknown): void {
  if ((error as { code?: unknown }).code !== 26) throw error
}

/** Declares a suite for each version of mongoose, on the server that all tests share. */
export function describeMongo(title: string, body: (setting: Setting) => void): void {
  describe(title, () => {
    for (const mongoose of mongooseNames) {
      describe(mongoose, () => {
        const setting = new Setting(mongoose)
        before(async function () {
          await setting.start(await sharedMongo(this))
        })
        afterEach(() => setting.clear())
        after(() => setting.stop())
        body(setting)
      })
    }
  })
}

export function onlyOnRealMongo(context: Context, service: MongoService, reason: string): void {
  if (!service.isRealMongo) skipEverywhere(context, `needs a real MongoDB: ${reason}`)
}
