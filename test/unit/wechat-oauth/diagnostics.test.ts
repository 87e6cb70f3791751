import { tracingChannel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import {
  MemoryTokenStore,
  NoOAuthTokenError,
  StoreError,
  WechatError,
  type TokenStore,
  type WechatCallMessage,
  type WechatLockMessage,
  type WechatLoginMessage,
  type WechatOperationMessage,
  type WechatRefreshMessage,
  type WechatStoreMessage,
} from '@wechat-auth/wechat-oauth'
import { OAuth } from '@wechat-auth/wechat-oauth/compat'
import { publishLogin } from '@wechat-auth/wechat-oauth/strategy-kit'
import { expect } from 'chai'
import {
  deadURL,
  hang,
  json,
  startLoopbackServer,
  status,
  type LoopbackServer,
} from '../../helpers/loopback-server.js'
import { rejection } from '../../helpers/rejection.js'
import {
  appId,
  appSecret,
  client,
  code,
  now,
  openid,
  record,
  sessionReply,
  tokenReply,
  userReply,
} from '../../helpers/wechat-replies.js'
import { exposed, Secrets } from '../../integration/faults/leaks.js'

interface Messages {
  call: WechatCallMessage
  refresh: WechatRefreshMessage
  lock: WechatLockMessage
  store: WechatStoreMessage
}
type Name = keyof Messages

const names: readonly Name[] = ['call', 'refresh', 'lock', 'store']

/** What has been published since the subscription. */
class Recorder {
  readonly published: { name: Name; event: string; message: object; copy: WechatOperationMessage }[] = []
  readonly #unsubscribe: (() => void)[] = []

  constructor() {
    for (const name of names) {
      const channel = tracingChannel<unknown, WechatOperationMessage>(`wechat-auth:${name}`)
      const record = (event: string) => (message: WechatOperationMessage) =>
        void this.published.push({ name, event, message, copy: { ...message } })
      const handlers = {
        start: record('start'),
        end: record('end'),
        asyncStart: record('asyncStart'),
        asyncEnd: record('asyncEnd'),
        error: record('error'),
      }
      channel.subscribe(handlers)
      this.#unsubscribe.push(() => {
        channel.unsubscribe(handlers)
      })
    }
  }

  /** The messages of the operations that have ended, in this order. */
  ended<N extends Name>(name: N): Messages[N][] {
    return this.published
      .filter((one) => one.name === name && one.event === 'asyncEnd')
      .map(({ message }) => message as Messages[N])
  }

  events(name: Name): string[] {
    return this.published.filter((one) => one.name === name).map(({ event }) => event)
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
  }
}

describe('the diagnostics channels', () => {
  let server: LoopbackServer
  let recorder: Recorder
  before(async () => {
    server = await startLoopbackServer()
  })
  after(async () => server.close())
  beforeEach(() => {
    recorder = new Recorder()
  })
  afterEach(() => {
    recorder.stop()
    for (const name of names)
      expect(tracingChannel(`wechat-auth:${name}`).hasSubscribers, 'the recorder has stopped').to.be.false
  })

  describe('of calls', () => {
    it('tell the app, the endpoint, the host, the HTTP status and the duration', async () => {
      server.answer(json({ errcode: 0 }))
      await client({ endpoints: server.url }).verifyToken(openid, 'a')
      const [message] = recorder.ended('call')
      expect(message).to.have.property('durationMs').that.is.greaterThan(0)
      expect({ ...message, durationMs: 0 }).to.deep.equal({
        appId,
        endpoint: '/sns/auth',
        method: 'GET',
        attempts: 1,
        host: new URL(server.url).host,
        status: 200,
        durationMs: 0,
        result: undefined,
      })
    })

    it('publish the events of a TracingChannel, all with one message', async () => {
      server.answer(json({ errcode: 0 }))
      await client({ endpoints: server.url }).verifyToken(openid, 'a')
      expect(recorder.events('call')).to.deep.equal(['start', 'end', 'asyncStart', 'asyncEnd'])
      expect(new Set(recorder.published.map(({ message }) => message)).size).to.equal(1)
      expect(recorder.published[0]!.copy).to.deep.equal({
        appId,
        endpoint: '/sns/auth',
        method: 'GET',
        attempts: 0,
      })
    })

    it('tell the code, the errcode and the error of a failure before the event error', async () => {
      server.answer(json({ errcode: 40029, errmsg: 'invalid code' }))
      const error = await rejection(client({ endpoints: server.url }).getAccessToken(code), WechatError)
      const [failure] = recorder.published.filter(({ event }) => event === 'error')
      expect(failure?.copy).to.include({ code: 'ERR_WECHAT_API', errcode: 40029, status: 200, error })
      expect(failure?.copy).to.have.property('durationMs')
    })

    it('count the repetitions and tell the last host', async () => {
      server.answer(json({ errcode: 0 }))
      const endpoints = await deadURL()
      await client({ endpoints, fallbackHosts: [server.url] }).verifyToken(openid, 'a')
      expect(recorder.ended('call')[0]).to.include({
        attempts: 2,
        host: new URL(server.url).host,
        status: 200,
      })
    })

    it('tell the HTTP status that is not good, and none without a response', async () => {
      server.answer(status(502), hang)
      const oauth = client({ endpoints: server.url, timeout: 50 })
      await rejection(oauth.getAccessToken(code))
      await rejection(oauth.getAccessToken(code))
      const [bad, late] = recorder.ended('call')
      expect(bad).to.include({ code: 'ERR_WECHAT_STATUS', status: 502 })
      expect(late).to.include({ code: 'ERR_WECHAT_TIMEOUT' }).and.not.have.property('status')
    })

    it('tell the method', async () => {
      server.answer(json({ access_token: 'a', expires_in: 7200 }))
      await client({ endpoints: server.url }).getClientAccessToken()
      expect(recorder.ended('call')[0]).to.include({ method: 'POST', endpoint: '/cgi-bin/stable_token' })
    })

    it('tell the status of a fetch, too', async () => {
      const fetch = async (): Promise<Response> => Promise.resolve(new Response('', { status: 500 }))
      await rejection(client({ fetch }).getAccessToken(code))
      expect(recorder.ended('call')[0]).to.include({ status: 500, host: 'api.weixin.qq.com' })
    })
  })

  describe('of refreshes', () => {
    const expired = record({ create_at: now - 8_000_000 })

    it('tell of one refresh of a user, however many wait for it', async () => {
      server.answerByPath({
        '/sns/oauth2/refresh_token': json(tokenReply()),
        '/sns/userinfo': json(userReply()),
      })
      const tokenStore = new MemoryTokenStore()
      await tokenStore.saveToken(openid, expired)
      const oauth = client({ endpoints: server.url, tokenStore })
      await Promise.all([oauth.getUser(openid), oauth.getUser(openid)])
      const messages = recorder.ended('refresh')
      expect(messages).to.have.length(1)
      expect(messages[0]).to.include({ appId, record: 'user', renewed: true })
      expect(messages[0]).to.have.property('durationMs').that.is.greaterThan(0)
    })

    it('tell that another process has renewed it', async () => {
      server.answer(json(userReply()))
      const store = new MemoryTokenStore()
      await store.saveToken(openid, expired)
      const tokenStore: TokenStore = {
        getToken: (key) => store.getToken(key),
        saveToken: (key, token) => store.saveToken(key, token),
        withLock: async (_key, task) => {
          await store.saveToken(openid, record())
          return task(new AbortController().signal)
        },
      }
      await client({ endpoints: server.url, tokenStore }).getUser(openid)
      expect(recorder.ended('refresh')[0]).to.include({ renewed: false }).and.not.have.property('code')
    })

    it('tell why it failed', async () => {
      server.answer(json({ errcode: 42002, errmsg: 'refresh_token expired' }))
      await rejection(client({ endpoints: server.url }).refreshAccessToken('a'))
      expect(recorder.ended('refresh')[0])
        .to.include({ record: 'user', code: 'ERR_WECHAT_API', errcode: 42002 })
        .and.not.have.property('renewed')
    })

    it('tell which app-level credential is renewed', async () => {
      server.answerByPath({
        '/cgi-bin/stable_token': json({ access_token: 'a', expires_in: 7200 }),
        '/cgi-bin/ticket/getticket': json({ errcode: 0, ticket: 't', expires_in: 7200 }),
      })
      const oauth = client({ endpoints: server.url })
      await oauth.getJsApiTicket()
      await oauth.getJsApiTicket('wx_card')
      expect(recorder.ended('refresh').map(({ record }) => record)).to.deep.equal([
        'client',
        'jsapi',
        'wx_card',
      ])
    })

    it('do not name a user who must log in again', async () => {
      const tokenStore = new MemoryTokenStore()
      const { refresh_token: _, ...withoutRefreshToken } = expired
      await tokenStore.saveToken(openid, withoutRefreshToken)
      const error = await rejection(client({ tokenStore }).getUser(openid), WechatError)
      expect(error.message).to.contain(openid)
      const [message] = recorder.ended('refresh')
      expect(message).to.include({ code: 'ERR_WECHAT_NO_TOKEN' })
      expect(message?.error).to.be.an.instanceOf(NoOAuthTokenError)
      expect(exposed(recorder.published)).to.not.contain(openid)
    })

    it('say nothing if the argument is wrong', async () => {
      await rejection(client().refreshAccessToken(''), TypeError)
      expect(recorder.published).to.deep.equal([])
    })
  })

  describe('of locks', () => {
    const renew = async (withLock: TokenStore['withLock']): Promise<WechatLockMessage | undefined> => {
      server.answer(json({ access_token: 'a', expires_in: 7200 }))
      const store = new MemoryTokenStore()
      await client({
        endpoints: server.url,
        tokenStore: {
          getToken: (key) => store.getToken(key),
          saveToken: (key, token) => store.saveToken(key, token),
          ...(withLock && { withLock }),
        },
      }).getClientAccessToken()
      return recorder.ended('lock')[0]
    }

    it('end when the lock is held, before the task', async () => {
      const message = await renew(async (_key, task) => task(new AbortController().signal))
      expect(message).to.include({ appId, record: 'client' }).and.not.have.property('code')
      const order = recorder.published.map(({ name, event }) => `${name} ${event}`)
      expect(order.indexOf('lock asyncEnd')).to.be.lessThan(order.indexOf('call start'))
    })

    it('tell why there is no lock', async () => {
      const busy = new StoreError('busy', { code: 'ERR_WECHAT_LOCK' })
      expect(await renew(async () => Promise.reject(busy))).to.include({
        code: 'ERR_WECHAT_LOCK',
        error: busy,
      })
    })

    it('tell the facts of a driver, and not its message', async () => {
      const error = Object.assign(new Error('table SECRET'), { code: 'ER_NO_SUCH_TABLE' })
      const message = await renew(async () => Promise.reject(error))
      expect(message?.error).to.have.nested.property('driver.code', 'ER_NO_SUCH_TABLE')
      expect(exposed(message)).to.not.contain('SECRET')
    })

    it('call it a failure if the store does not run the task', async () => {
      expect(await renew(async () => undefined as never)).to.include({ code: 'ERR_WECHAT_LOCK' })
    })

    it('are silent if the store has no locks', async () => {
      expect(await renew(undefined)).to.equal(undefined)
    })
  })

  describe('of the store', () => {
    it('tell the methods that a login calls', async () => {
      server.answer(json(tokenReply()))
      await client({ endpoints: server.url }).getAccessToken(code)
      expect(recorder.ended('store').map(({ operation, record }) => [operation, record])).to.deep.equal([
        ['getToken', 'user'],
        ['saveToken', 'user'],
      ])
      expect(recorder.ended('store')[0]).to.have.property('appId', appId)
    })

    it('tell of a failure without the driver’s message', async () => {
      server.answer(json(tokenReply()))
      const tokenStore = {
        getToken: async () => undefined,
        saveToken: async () => Promise.reject(Object.assign(new Error('SECRET'), { code: 'ER_DUP_ENTRY' })),
      }
      await rejection(client({ endpoints: server.url, tokenStore }).getAccessToken(code))
      const [, saving] = recorder.ended('store')
      expect(saving).to.include({ operation: 'saveToken', code: 'ERR_WECHAT_STORE' })
      expect(exposed(saving)).to.not.contain('SECRET')
    })

    it('end with the timeout if the store hangs, so that no span stays open', async () => {
      const tokenStore = { getToken: async () => new Promise<never>(() => {}), saveToken: async () => {} }
      await rejection(client({ tokenStore, timeout: 20 }).getUser(openid))
      expect(recorder.events('store')).to.deep.equal(['start', 'end', 'error', 'asyncStart', 'asyncEnd'])
      expect(recorder.ended('store')[0]).to.include({ operation: 'getToken', code: 'ERR_WECHAT_STORE' })
    })

    it('do not show what the application’s function of the drop-in failed with', async () => {
      server.answer(json(tokenReply()))
      const oauth = new OAuth(
        appId,
        appSecret,
        (_key, callback) => {
          callback(null)
        },
        (_key, _token, callback) => {
          callback(new Error('SECRET of the application'))
        },
      )
      oauth.setOpts({ endpoints: server.url })
      const error = await new Promise<unknown>((resolve) => {
        oauth.getAccessToken(code, resolve)
      })
      expect(error).to.have.property('message', 'SECRET of the application')
      const shown = exposed(recorder.published)
      expect(recorder.ended('store').at(-1)).to.include({ operation: 'saveToken', code: 'ERR_WECHAT_STORE' })
      expect(shown).to.not.contain('SECRET of the application')
      expect(shown).to.not.contain('ACCESS-TOKEN')
    })
  })

  it('never hold a secret, a token, a code, a session_key or an openid', async () => {
    const replies = {
      '/sns/oauth2/access_token': json(tokenReply()),
      '/sns/oauth2/refresh_token': json(tokenReply()),
      '/sns/userinfo': json({ errcode: 42001, errmsg: `expired ${openid} 70_ACCESS-TOKEN_of/the+user` }),
      '/sns/jscode2session': json(sessionReply()),
      '/cgi-bin/stable_token': json({ access_token: 'the-client-token', expires_in: 7200 }),
      '/cgi-bin/ticket/getticket': json({ errcode: 0, ticket: 'the-jsapi-ticket', expires_in: 7200 }),
    }
    server.answerByPath(replies)
    const oauth = client({ endpoints: server.url })
    await oauth.getAccessToken(code)
    await oauth.code2Session(code)
    await oauth.getAccessToken(code)
    await rejection(oauth.getUser(openid))
    await oauth.refreshAccessToken('70_REFRESH-TOKEN_of/the+user')
    await oauth.getJsApiTicket()
    server.answer(json({ errcode: 40029, errmsg: `bad ${code} of ${appSecret}` }))
    await rejection(oauth.getAccessToken(code))
    expect(new Set(recorder.published.map(({ name }) => name))).to.have.all.keys(...names)

    const secrets = new Secrets()
    for (const value of [
      appSecret,
      code,
      openid,
      'the-client-token',
      'the-jsapi-ticket',
      'stored-refresh-token',
    ])
      secrets.add('secret', value)
    secrets.addAllOf(tokenReply())
    secrets.addAllOf(sessionReply())
    expect(secrets.leaksIn(exposed(recorder.published))).to.deep.equal([])
  })

  it('subscribers of one event are enough', async () => {
    recorder.stop()
    server.answer(json({ errcode: 0 }))
    const messages: unknown[] = []
    const keep = (message: unknown): void => void messages.push(message)
    subscribe('tracing:wechat-auth:call:asyncEnd', keep)
    try {
      await client({ endpoints: server.url }).verifyToken(openid, 'a')
    } finally {
      unsubscribe('tracing:wechat-auth:call:asyncEnd', keep)
    }
    expect(messages).to.have.length(1)
  })

  describe('of logins', () => {
    const facts: WechatLoginMessage = {
      strategy: 'wechat',
      mode: 'mp',
      outcome: 'fail',
      code: 'ERR_WECHAT_STATE',
      durationMs: 1,
    }

    it('publish what a strategy tells', () => {
      const messages: unknown[] = []
      const keep = (message: unknown): void => void messages.push(message)
      subscribe('wechat-auth:login', keep)
      try {
        publishLogin(() => facts)
      } finally {
        unsubscribe('wechat-auth:login', keep)
      }
      expect(messages).to.deep.equal([facts])
    })

    it('ask for nothing if nobody listens', () => {
      publishLogin(() => {
        throw new Error('it was called')
      })
    })
  })
})
