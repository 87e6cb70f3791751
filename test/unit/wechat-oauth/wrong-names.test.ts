import { CookieStateStore, WechatStrategy } from '@wechat-auth/passport-wechat'
import { MongoTokenStore } from '@wechat-auth/store-mongo'
import { MysqlTokenStore } from '@wechat-auth/store-mysql'
import { RedisSessionStore, RedisTokenStore } from '@wechat-auth/store-redis'
import { SqliteSessionStore, SqliteTokenStore, SqliteUserStore } from '@wechat-auth/store-sqlite'
import { encryptedTokenStore, jsSDKHandler, MemoryTokenStore, WechatOAuth } from '@wechat-auth/wechat-oauth'
import { MemorySessionStore, MemoryUserStore, WechatSessions, WechatSessionStrategy } from '@wechat-auth/wechat-session'
import { expect } from 'chai'
import { thrown } from '../../helpers/rejection.js'
import { client } from '../../helpers/wechat-replies.js'

type Construct = (options: object) => unknown

const made = (Class: new (options: never) => unknown): Construct => (options) => new Class(options as never)
const none = (): void => {}
const app = { appId: 'wxa', appSecret: 'secret' }
const strategy = { ...app, callbackURL: '/callback' }
const sessionOptions = { oauth: client(), sessionStore: new MemorySessionStore(), userStore: new MemoryUserStore(), sku: 'shop' }
const sqlite = { database: { exec: none, prepare: () => ({ get: () => [0], run: () => ({ changes: 1 }) }) } }
const redis = { client: { withCommandOptions: none } }
const key = { id: 'a', key: new Uint8Array(32) }

interface Case {
  construct: Construct
  /** Options that are good without the wrong name. */
  good: object
  /** Wrong names with a value, and what the message says to write instead. */
  wrong: [name: string, value: unknown, instead: string][]
}

const cases: Record<string, Case> = {
  WechatOAuth: {
    construct: made(WechatOAuth),
    good: app,
    wrong: [
      ...['appID', 'appid', 'AppID', 'app_id', 'clientID', 'clientId'].map((name): Case['wrong'][0] => [name, 'wxa', 'appId']),
      ...['appsecret', 'AppSecret', 'app_secret', 'clientSecret', 'secret'].map((name): Case['wrong'][0] => [name, 'secret', 'appSecret']),
      ['store', new MemoryTokenStore(), 'tokenStore'], ['agent', {}, 'fetch'], ['proxy', 'http://proxy.example', 'fetch'], ['snapshotUser', 'allow', 'saveSnapshotUsers'],
    ],
  },
  WechatStrategy: {
    construct: (options) => new WechatStrategy(options as typeof strategy, () => false),
    good: strategy,
    wrong: [
      ...['appID', 'appid', 'AppID', 'app_id', 'clientID', 'clientId'].map((name): Case['wrong'][0] => [name, 'wxa', 'appId']),
      ...['appsecret', 'AppSecret', 'app_secret', 'clientSecret', 'secret'].map((name): Case['wrong'][0] => [name, 'secret', 'appSecret']),
      ...['callbackUrl', 'callbackUri', 'redirect_uri', 'redirectUri', 'redirectURI'].map((name): Case['wrong'][0] => [name, 'https://a.cn/', 'callbackURL']),
      ['client', 'web', 'mode'], ['requireState', true, 'state'], ['trustProxy', true, 'proxy'], ['authorizationURL', 'https://a.cn/', 'endpoints'],
      ['tokenURL', 'https://a.cn/', 'endpoints'], ['userProfileURL', 'https://a.cn/', 'endpoints'], ['agent', {}, 'fetch'], ['saveSnapshotUsers', true, 'snapshotUser'],
    ],
  },
  'WechatStrategy: apps': {
    construct: (options) => new WechatStrategy({ callbackURL: '/callback', apps: { website: options as typeof app } }, () => false),
    good: app,
    wrong: [['clientID', 'wxa', 'apps.website.appId'], ['secret', 'secret', 'apps.website.appSecret'], ['callbackUrl', '/', 'apps.website.callbackURL']],
  },
  CookieStateStore: {
    construct: made(CookieStateStore), good: { secret: 'x'.repeat(32) }, wrong: [['keys', ['x'], 'secret'], ['ttl', 60, 'maxAge'], ['maxage', 60, 'maxAge']],
  },
  jsSDKHandler: {
    construct: (options) => jsSDKHandler(client(), options as { hosts: string[] }),
    good: { hosts: ['a.cn'] },
    wrong: [['host', 'a.cn', 'hosts'], ['domains', ['a.cn'], 'hosts'], ['origins', ['https://a.cn'], 'hosts']],
  },
  MemoryTokenStore: { construct: made(MemoryTokenStore), good: {}, wrong: [['maxSize', 5, 'max'], ['maxAge', 5, 'ttl']] },
  encryptedTokenStore: {
    construct: (options) => encryptedTokenStore(new MemoryTokenStore(), options as { keys: [typeof key] }),
    good: { keys: [key] },
    wrong: [['key', key.key, 'keys'], ['secret', 'secret', 'keys'], ['acceptPlainText', true, 'acceptPlaintext']],
  },
  RedisTokenStore: {
    construct: made(RedisTokenStore), good: redis, wrong: [['redis', {}, 'client'], ['connection', {}, 'client'], ['url', 'redis://a', 'client'], ['keyPrefix', 'a:', 'prefix']],
  },
  RedisSessionStore: { construct: made(RedisSessionStore), good: redis, wrong: [['redis', {}, 'client'], ['pool', {}, 'client'], ['keyPrefix', 'a:', 'prefix']] },
  MysqlTokenStore: {
    construct: made(MysqlTokenStore),
    good: { pool: { getConnection: none, execute: none } },
    wrong: [['connection', {}, 'pool'], ['db', {}, 'pool'], ['url', 'mysql://a', 'pool'], ['tableName', 'a', 'table']],
  },
  MongoTokenStore: {
    construct: made(MongoTokenStore),
    good: { connection: { asPromise: none, getClient: none } },
    wrong: [['mongoose', {}, 'connection'], ['db', {}, 'connection'], ['pool', {}, 'connection'], ['url', 'mongodb://a', 'connection'], ['collectionName', 'a', 'collection']],
  },
  SqliteTokenStore: {
    construct: made(SqliteTokenStore), good: sqlite, wrong: [['db', {}, 'database'], ['filename', 'a.db', 'database'], ['pool', {}, 'database'], ['tableName', 'a', 'table']],
  },
  SqliteSessionStore: { construct: made(SqliteSessionStore), good: sqlite, wrong: [['db', {}, 'database'], ['tableName', 'a', 'table']] },
  SqliteUserStore: { construct: made(SqliteUserStore), good: sqlite, wrong: [['db', {}, 'database'], ['tableName', 'a', 'table']] },
  MemorySessionStore: { construct: made(MemorySessionStore), good: {}, wrong: [['maxSize', 5, 'max']] },
  WechatSessions: {
    construct: made(WechatSessions), good: sessionOptions, wrong: [['store', {}, 'sessionStore'], ['client', {}, 'oauth'], ['maxAge', 60, 'ttl'], ['expiresIn', 60, 'ttl']],
  },
  WechatSessionStrategy: {
    construct: (options) => new WechatSessionStrategy(options as { sessions: WechatSessions }),
    good: { sessions: new WechatSessions(sessionOptions) },
    wrong: [['session', {}, 'sessions'], ['realm', 'shop', 'name']],
  },
}

describe('options by the names of other packages', () => {
  for (const [title, { construct, good, wrong }] of Object.entries(cases)) {
    const [who = '', prefix] = title.split(': ')
    for (const [name, value, instead] of wrong) {
      it(`are refused by ${title}: ${name}`, () => {
        expect(() => construct(good)).to.not.throw()
        const error = thrown(() => construct({ ...good, [name]: value })) as Error
        expect(error).to.be.an.instanceOf(TypeError)
        expect(error.message).to.match(new RegExp(`^${who}: ${prefix === undefined ? '' : 'apps\\.website\\.'}${name} is not an option\\. Write ${instead}(?![\\w.])`))
      })
    }

    it(`are ignored by ${title} where they are undefined, as are names that nobody knows`, () => {
      const undefinedOnes = Object.fromEntries(wrong.map(([name]) => [name, undefined]))
      expect(() => construct({ ...undefinedOnes, note: 'mine', ...good })).to.not.throw()
    })
  }
})
