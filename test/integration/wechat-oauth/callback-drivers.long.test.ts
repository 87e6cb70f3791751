import { randomBytes } from 'node:crypto'
import type { GetTokenFunction, SaveTokenFunction, WechatToken } from '@wechat-auth/wechat-oauth'
import { WechatOAuth } from '@wechat-auth/wechat-oauth'
import { OAuth } from '@wechat-auth/wechat-oauth/compat'
import { expect } from 'chai'
import * as mysql2 from 'mysql2'
import { FakeWechat } from '../../helpers/fake-wechat.js'
import { rejection } from '../../helpers/rejection.js'
import { appId, appSecret, code, openid } from '../../helpers/wechat-replies.js'
import { callbackDrivers, type CallbackDriver } from '../../services/callback-drivers.js'
import { sharedMariadb } from '../../services/mariadb.js'
import { sharedMongo } from '../../services/mongo.js'
import { sharedRedis } from '../../services/redis.js'

type Callback<T = unknown> = (error: Error | null, result: T) => void

interface Pair {
  getToken: GetTokenFunction
  saveToken: SaveTokenFunction
}

/** An application that keeps tokens with a driver, as the driver's documentation shows. */
interface Application {
  /** Functions for a table, or what the database has instead. */
  pairFor(place: string): Pair
  /** Makes a place for tokens. */
  make(place: string): Promise<unknown>
  /** Makes a place that can be read but refuses writes. */
  makeUnfit(place: string): Promise<unknown>
  remove(place: string): Promise<unknown>
  close(): Promise<unknown>
}

type Load = (name: CallbackDriver) => unknown

interface Service {
  start: (context: Mocha.Context) => Promise<{ url: string }>
  /** The database's error for a write to such a place. */
  refusal: RegExp
  drivers: Record<string, (load: Load, url: string) => Promise<Application>>
}

function promised<T>(start: (callback: Callback<T>) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, result) => {
      if (error) reject(error)
      else resolve(result)
    })
  })
}

interface SqlPool {
  query(sql: string, values: unknown[], callback: Callback<{ record: string }[] | undefined>): unknown
  end(callback: Callback): unknown
}

interface Sql {
  createPool(url: string): SqlPool
}

async function sqlApplication(sql: Sql, url: string): Promise<Application> {
  const pool = sql.createPool(url)
  const run = (statement: string): Promise<unknown> => {
    return promised((callback) => pool.query(statement, [], callback))
  }
  return Promise.resolve({
    pairFor: (table) => ({
      getToken: (key, callback) => {
        return pool.query(`SELECT * FROM ${table} WHERE openid = ?`, [key], (error, [row] = []) => {
          if (error) callback(error)
          else callback(null, row && (JSON.parse(row.record) as WechatToken))
        })
      },
      saveToken: (key, token, callback) =>
        pool.query(
          `REPLACE INTO ${table} (openid, record) VALUES (?, ?)`,
          [key, JSON.stringify(token)],
          callback,
        ),
    }),
    make: (table) => run(`CREATE TABLE ${table} (openid VARCHAR(64) PRIMARY KEY, record TEXT NOT NULL)`),
    makeUnfit: (table) => run(`CREATE TABLE ${table} (openid VARCHAR(64) PRIMARY KEY)`),
    remove: (table) => run(`DROP TABLE ${table}`),
    close: () => promised((callback) => pool.end(callback)),
  })
}

interface RedisClient {
  set(key: string, value: string, callback: Callback): unknown
  hget(key: string, field: string, callback: Callback<string | null>): unknown
  hset(key: string, field: string, value: string, callback: Callback): unknown
  del(key: string, callback: Callback): unknown
  quit(callback: Callback): unknown
}

async function redisApplication(client: RedisClient): Promise<Application> {
  return Promise.resolve({
    pairFor: (key) => ({
      getToken: (field, callback) =>
        client.hget(key, field, (error, text) => {
          callback(error, text ? (JSON.parse(text) as WechatToken) : null)
        }),
      saveToken: (field, token, callback) => client.hset(key, field, JSON.stringify(token), callback),
    }),
    make: () => Promise.resolve(),
    makeUnfit: (key) => promised((callback) => client.set(key, 'not a hash', callback)),
    remove: (key) => promised((callback) => client.del(key, callback)),
    close: () => promised((callback) => client.quit(callback)),
  })
}

interface Collection {
  createIndex(keys: object, options: object): Promise<unknown>
  insertOne(document: object): Promise<unknown>
  deleteMany(filter: object): Promise<unknown>
}

const mongoOptions = { useNewUrlParser: true, useUnifiedTopology: true }

/** What is the same for all drivers of MongoDB. */
function mongoPlaces(collection: (name: string) => Collection): Omit<Application, 'pairFor' | 'close'> {
  return {
    make: () => Promise.resolve(),
    // One document for each scope, and there is one already.
    makeUnfit: async (name) => {
      await collection(name).createIndex({ scope: 1 }, { unique: true })
      await collection(name).insertOne({ openid: 'somebody else', scope: 'snsapi_userinfo' })
    },
    remove: (name) => collection(name).deleteMany({}),
  }
}

interface CallbackCollection extends Collection {
  findOne(filter: object, callback: Callback<WechatToken | null>): unknown
  replaceOne(filter: object, document: object, options: object, callback: Callback): unknown
}

interface MongoClient {
  db(): { collection(name: string): CallbackCollection }
  close(): Promise<unknown>
}

interface Mongo {
  MongoClient: { connect(url: string, options: object): Promise<MongoClient> }
}

async function mongodbApplication(mongo: Mongo, url: string): Promise<Application> {
  const client = await mongo.MongoClient.connect(url, mongoOptions)
  const collection = (name: string): CallbackCollection => client.db().collection(name)
  return {
    ...mongoPlaces(collection),
    pairFor: (name) => ({
      getToken: (key, callback) => collection(name).findOne({ openid: key }, callback),
      saveToken: (key, token, callback) => {
        return collection(name).replaceOne({ openid: key }, token, { upsert: true }, callback)
      },
    }),
    close: () => client.close(),
  }
}

interface Model {
  findOne(filter: object, callback: Callback<WechatToken | null>): unknown
  updateOne(filter: object, change: object, options: object, callback: Callback): unknown
}

interface MongooseConnection {
  model(name: string, schema: object, collection: string): Model
  collection(name: string): Collection
  close(): Promise<unknown>
}

interface Mongoose {
  Schema: new (fields: object, options: object) => object
  createConnection(url: string, options: object, callback: Callback<MongooseConnection>): unknown
}

async function mongooseApplication(mongoose: Mongoose, url: string, options: object): Promise<Application> {
  const connection = await promised<MongooseConnection>((callback) => {
    return mongoose.createConnection(url, options, callback)
  })
  const texts = { openid: String, access_token: String, refresh_token: String, scope: String }
  const fields = { ...texts, expires_in: Number, create_at: Number }
  const schema = new mongoose.Schema(fields, { autoIndex: false, autoCreate: false })
  return {
    ...mongoPlaces((name) => connection.collection(name)),
    pairFor: (name) => {
      const Token = connection.model(name, schema, name)
      return {
        getToken: (key, callback) => Token.findOne({ openid: key }, callback),
        saveToken: (key, token, callback) => {
          return Token.updateOne({ openid: key }, token, { upsert: true }, callback)
        },
      }
    },
    close: () => connection.close(),
  }
}

const services: Record<string, Service> = {
  MySQL: {
    start: sharedMariadb,
    refusal: /Unknown column 'record'/,
    drivers: {
      mysql2: (_load, url) => sqlApplication(mysql2, url),
      'mysql 2': (load, url) => sqlApplication(load('mysql') as Sql, url),
    },
  },
  Redis: {
    start: sharedRedis,
    refusal: /WRONGTYPE/,
    drivers: {
      'node-redis 3': (load, url) => {
        const { createClient } = load('redis-3') as { createClient: (url: string) => RedisClient }
        return redisApplication(createClient(url))
      },
      ioredis: (load, url) => {
        const Redis = load('ioredis') as new (url: string) => RedisClient
        return redisApplication(new Redis(url))
      },
    },
  },
  MongoDB: {
    start: sharedMongo,
    refusal: /E11000/,
    drivers: {
      'mongodb 3': (load, url) => mongodbApplication(load('mongodb-3') as Mongo, url),
      'mongoose 5': (load, url) => mongooseApplication(load('mongoose-5') as Mongoose, url, mongoOptions),
      'mongoose 6': (load, url) => mongooseApplication(load('mongoose-6') as Mongoose, url, {}),
    },
  },
}

interface Client {
  logIn(): Promise<unknown>
  getUser(): Promise<unknown>
}

const clients: Record<string, (pair: Pair, wechat: FakeWechat) => Client> = {
  WechatOAuth: (pair, { fetch }) => {
    const oauth = new WechatOAuth({ appId, appSecret, ...pair, fetch })
    return { logIn: () => oauth.getAccessToken(code), getUser: () => oauth.getUser(openid) }
  },
  'the drop-in OAuth': ({ getToken, saveToken }, { fetch }) => {
    const oauth = new OAuth(appId, appSecret, getToken, saveToken)
    oauth.setOpts({ fetch })
    return {
      logIn: () => promised((callback) => oauth.getAccessToken(code, callback)),
      getUser: () => promised((callback) => oauth.getUser(openid, callback)),
    }
  },
}

for (const [service, { start, refusal, drivers }] of Object.entries(services)) {
  describe(`functions that give their callback to a driver of ${service}`, () => {
    let load: Load
    let url: string
    before(async function () {
      load = await callbackDrivers(this)
      ;({ url } = await start(this))
    })

    for (const [driver, open] of Object.entries(drivers)) {
      describe(driver, () => {
        let application: Application | undefined
        let fit: Pair
        let unfit: Pair
        let wechat: FakeWechat
        let places: string[]
        before(async () => {
          application = await open(load, url)
        })
        after(() => application?.close())
        beforeEach(async () => {
          wechat = new FakeWechat()
          const place = `t_${randomBytes(6).toString('hex')}`
          places = [place, `${place}_unfit`]
          await application?.make(places[0]!)
          await application?.makeUnfit(places[1]!)
          ;[fit, unfit] = places.map((name) => application!.pairFor(name)) as [Pair, Pair]
        })
        afterEach(async () => {
          for (const name of places) await application?.remove(name)
        })

        for (const [client, make] of Object.entries(clients)) {
          it(`keeps a login of ${client}, which reads it again`, async () => {
            await make(fit, wechat).logIn()
            expect(await make(fit, wechat).getUser()).to.include({ nickname: '爱丽丝🐼' })
            expect(wechat.paths).to.deep.equal(['/sns/oauth2/access_token', '/sns/userinfo'])
          })

          it(`fails a login of ${client} if the write fails`, async () => {
            const pair = { getToken: fit.getToken, saveToken: unfit.saveToken }
            const error = await rejection(make(pair, wechat).logIn(), Error)
            // The drop-in passes on the application's own errors.
            if (client === 'the drop-in OAuth') expect(error.message).to.match(refusal)
            else expect(error).to.include({ code: 'ERR_WECHAT_STORE', message: 'The store failed to save' })
          })
        }
      })
    }
  })
}
