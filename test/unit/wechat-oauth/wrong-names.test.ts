import { CookieStateStore, WechatStrategy } from '@wechat-auth/passport-wechat'
import { MongoTokenStore } from '@wechat-auth/store-mongo'
import { MysqlTokenStore } from '@wechat-auth/store-mysql'
import { RedisSessionStore, RedisTokenStore } from '@wechat-auth/store-redis'
import { SqliteSessionStore, SqliteTokenStore, SqliteUserStore } from '@wechat-auth/store-sqlite'
import { encryptedTokenStore, jsSDKHandler, MemoryTokenStore, WechatOAuth } from '@wechat-auth/wechat-oauth'
import {
  MemorySessionStore,
  MemoryUserStore,
  WechatSessions,
  WechatSessionStrategy,
} from '@wechat-auth/wechat-session'
import { expect } from 'chai'
import { thrown } from '../../helpers/rejection.js'
import { client } from '../../helpers/wechat-replies.js'

type Construct = (options: object) => unknown

const made =
  (Class: new (options: never) => unknown): Construct =>
  (options) =>
    new Class(options as never)
const none = (): void => {}
const app = { appId: 'wxa', appSecret: 'secret' }
const strategy = { ...app, callbackURL: '/callback' }
const sessionStore = new MemorySessionStore()
const sessionOptions = { oauth: client(), sessionStore, userStore: new MemoryUserStore(), sku: 'shop' }
const sqlite = { database: { exec: none, prepare: () => ({ get: () => [0], run: () => ({ changes: 1 }) }) } }
const redis = { client: { withCommandOptions: none } }
const key = { id: 'a', key: new Uint8Array(32) }

interface Case {
  construct: Construct
  /** Options that are good without the wrong name. */
  good: object
  /** What the message says to write; the names that are refused. */
  wrong: Record<string, string[]>
  /** The option for the connection of a store: where it is given, other names for it are ignored. */
  connection?: 'client' | 'pool' | 'connection' | 'database'
}

const credentials = {
  appId: ['appID', 'appid', 'AppID', 'app_id', 'clientID', 'clientId'],
  appSecret: ['appsecret', 'AppSecret', 'app_secret', 'clientSecret', 'secret'],
}

const cases: Record<string, Case> = {
  WechatOAuth: {
    construct: made(WechatOAuth),
    good: app,
    wrong: {
      ...credentials,
      tokenStore: ['store'],
      fetch: ['agent', 'proxy'],
      saveSnapshotUsers: ['snapshotUser'],
    },
  },
  WechatStrategy: {
    construct: (options) => new WechatStrategy(options as typeof strategy, () => false),
    good: strategy,
    wrong: {
      ...credentials,
      callbackURL: ['callbackUrl', 'callbackUri', 'redirect_uri', 'redirectUri', 'redirectURI'],
      mode: ['client'],
      state: ['requireState'],
      proxy: ['trustProxy'],
      endpoints: ['authorizationURL', 'tokenURL', 'userProfileURL'],
      fetch: ['agent'],
      snapshotUser: ['saveSnapshotUsers'],
    },
  },
  'WechatStrategy: apps.website.': {
    construct: (website) => {
      const options = { callbackURL: '/', apps: { website: website as typeof app } }
      return new WechatStrategy(options, () => false)
    },
    good: app,
    wrong: { appId: ['clientID'], appSecret: ['secret'], callbackURL: ['callbackUrl'] },
  },
  CookieStateStore: {
    construct: made(CookieStateStore),
    good: { secret: 'x'.repeat(32) },
    wrong: { secret: ['keys'], maxAge: ['ttl', 'maxage'], sameSite: ['samesite'] },
  },
  jsSDKHandler: {
    construct: (options) => jsSDKHandler(client(), options as { hosts: string[] }),
    good: { hosts: ['a.cn'] },
    wrong: { hosts: ['host', 'domains', 'origins'] },
  },
  MemoryTokenStore: {
    construct: made(MemoryTokenStore),
    good: {},
    wrong: { max: ['maxSize'], ttl: ['maxAge'] },
  },
  encryptedTokenStore: {
    construct: (options) => encryptedTokenStore(new MemoryTokenStore(), options as { keys: [typeof key] }),
    good: { keys: [key] },
    wrong: { keys: ['key', 'secret'], acceptPlaintext: ['acceptPlainText'] },
  },
  RedisTokenStore: {
    construct: made(RedisTokenStore),
    good: redis,
    connection: 'client',
    wrong: { client: ['redis', 'connection', 'pool', 'db', 'url'], prefix: ['keyPrefix'] },
  },
  RedisSessionStore: {
    construct: made(RedisSessionStore),
    good: redis,
    connection: 'client',
    wrong: { client: ['redis', 'url'], prefix: ['keyPrefix'] },
  },
  MysqlTokenStore: {
    construct: made(MysqlTokenStore),
    connection: 'pool',
    good: { pool: { getConnection: none, execute: none } },
    wrong: { pool: ['connection', 'client', 'db', 'url'], table: ['tableName'] },
  },
  MongoTokenStore: {
    construct: made(MongoTokenStore),
    connection: 'connection',
    good: { connection: { asPromise: none, getClient: none } },
    wrong: { connection: ['mongoose', 'client', 'db', 'pool', 'url'], collection: ['collectionName'] },
  },
  SqliteTokenStore: {
    construct: made(SqliteTokenStore),
    good: sqlite,
    connection: 'database',
    wrong: { database: ['db', 'connection', 'pool', 'filename'], table: ['tableName'] },
  },
  SqliteSessionStore: {
    construct: made(SqliteSessionStore),
    good: sqlite,
    connection: 'database',
    wrong: { database: ['db'], table: ['tableName'] },
  },
  SqliteUserStore: {
    construct: made(SqliteUserStore),
    good: sqlite,
    connection: 'database',
    wrong: { database: ['db'], table: ['tableName'] },
  },
  MemorySessionStore: { construct: made(MemorySessionStore), good: {}, wrong: { max: ['maxSize'] } },
  WechatSessions: {
    construct: made(WechatSessions),
    good: sessionOptions,
    wrong: { sessionStore: ['store'], oauth: ['client'], ttl: ['maxAge', 'expiresIn'] },
  },
  WechatSessionStrategy: {
    construct: made(WechatSessionStrategy),
    good: { sessions: new WechatSessions(sessionOptions) },
    wrong: { sessions: ['session'], name: ['realm'] },
  },
}

describe('options by the names of other packages', () => {
  for (const [title, { construct, good, wrong, connection }] of Object.entries(cases)) {
    const [who = '', prefix = ''] = title.split(': ')

    for (const [instead, names] of Object.entries(wrong)) {
      for (const name of names) {
        it(`are refused by ${title}: ${name}`, () => {
          expect(() => construct(good)).to.not.throw()
          const given = instead === connection ? {} : good
          const error = thrown(() => construct({ ...given, [name]: 'x' })) as Error
          expect(error).to.be.an.instanceOf(TypeError)
          const [told] = /^.* Write [\w.]+/.exec(error.message) ?? []
          expect(told).to.equal(`${who}: ${prefix}${name} is not an option. Write ${prefix}${instead}`)
        })
      }
    }

    it(`are ignored by ${title} if they are undefined, null or false, as are unknown names`, () => {
      for (const value of [undefined, null, false]) {
        const unset = Object.fromEntries(
          Object.values(wrong)
            .flat()
            .map((name) => [name, value]),
        )
        expect(() => construct({ ...unset, note: 'mine', ...good })).to.not.throw()
      }
    })

    if (connection) {
      it(`are ignored by ${title} if they name the connection and ${connection} is given`, () => {
        const driverConfig = Object.fromEntries(wrong[connection]?.map((name) => [name, 'x']) ?? [])
        expect(() => construct({ ...driverConfig, ...good })).to.not.throw()
      })
    }
  }

  it('do not make the message choose the value of another option', () => {
    const ofClient = thrown(() => new WechatOAuth({ ...app, snapshotUser: 'fail' } as typeof app)) as Error
    expect(ofClient.message).to.match(/ Write saveSnapshotUsers: true or false$/)
    const options = { ...strategy, saveSnapshotUsers: true }
    const ofStrategy = thrown(() => new WechatStrategy(options, () => false)) as Error
    expect(ofStrategy.message).to.match(/ Write snapshotUser: 'fail' or 'allow'$/)
  })
})
