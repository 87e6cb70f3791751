import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { inspect } from 'node:util'
import {
  MemoryTokenStore,
  WechatAPIError,
  WechatTransportError,
  type WechatLogger,
  type WechatOAuth,
  type WechatOAuthOptions,
} from '@wechat-auth/wechat-oauth'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { expect } from 'chai'
import {
  deadURL,
  hang,
  json,
  reset,
  startLoopbackServer,
  truncated,
  type Answer,
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
  sessionReply,
  tokenReply,
  userReply,
} from '../../helpers/wechat-replies.js'

type Call = (oauth: WechatOAuth) => Promise<unknown>

const sessionKey = '/IkZjsessionkey+sessio=='
const scene = { scene: { scene_str: 'x' } }
const userToken = { openid, access_token: 'a', create_at: now }
const busy = json({ errcode: -1, errmsg: 'system error' })
const noSuchHost = 'https://wechat.invalid'

/** The calls that must not be sent twice. */
const spending: Record<string, { call: Call; good: object }> = {
  getAccessToken: { call: async (oauth) => oauth.getAccessToken(code), good: tokenReply() },
  code2Session: { call: async (oauth) => oauth.code2Session(code), good: sessionReply() },
  getPhoneNumber: {
    call: async (oauth) => oauth.getPhoneNumber(code),
    good: {
      phone_info: { phoneNumber: '1', purePhoneNumber: '1', countryCode: '86', watermark: { appid: appId } },
    },
  },
  resetSession: { call: async (oauth) => oauth.resetSession(openid), good: sessionReply({ errcode: 0 }) },
}
const exchange = spending.getAccessToken!.call

/** Failures after a host has read the request. */
const afterReading: Record<string, Answer> = {
  'resets the connection': reset,
  'closes the connection': (response) => response.socket?.end(),
  'breaks off its answer': truncated('{'),
  'is busy': busy,
}

describe('fallback hosts', () => {
  let server: LoopbackServer
  let other: LoopbackServer
  let sandbox: Sandbox
  let store: MemoryTokenStore
  before(async () => {
    server = await startLoopbackServer()
    other = await startLoopbackServer()
    sandbox = await startSandbox({ tls: { port: 0 } })
  })
  beforeEach(async () => {
    store = new MemoryTokenStore()
    const key = `client:${appId}`
    await store.saveToken(key, { openid: key, access_token: 'app', expires_in: 7200, create_at: now })
    await store.saveToken(openid, { openid, session_key: sessionKey, create_at: now })
    server.answer(json({}))
    other.answer(json({}))
  })
  after(async () => Promise.all([server.close(), other.close(), sandbox.close()]))

  const oauthAt = (hosts: readonly string[], options: Partial<WechatOAuthOptions> = {}): WechatOAuth => {
    const [endpoints = '', ...fallbackHosts] = hosts
    return client({ endpoints, fallbackHosts, tokenStore: store, ...options })
  }

  /** Failures without a connection. */
  const unreachable: Record<string, () => Promise<string>> = {
    'that refuses connections': deadURL,
    'whose name does not resolve': async () => Promise.resolve(noSuchHost),
    'whose certificate nobody trusts': async () => Promise.resolve(`https://localhost:${sandbox.tls?.port}`),
  }

  const ways: Record<string, { options: Partial<WechatOAuthOptions>; calls: typeof spending }> = {
    'Node.js': { options: {}, calls: spending },
    fetch: { options: { fetch }, calls: { getAccessToken: spending.getAccessToken! } },
  }
  for (const [by, { options, calls }] of Object.entries(ways)) {
    describe(`asked by ${by}`, () => {
      for (const [method, { call, good }] of Object.entries(calls)) {
        for (const [what, urlOf] of Object.entries(unreachable)) {
          it(`get ${method} after a host ${what}`, async () => {
            server.answer(json(good))
            const requests = sandbox.requests.length
            await call(oauthAt([await urlOf(), server.url, other.url], options))
            expect(server.requests).to.have.lengthOf(1)
            expect(other.requests).to.have.lengthOf(0)
            expect(sandbox.requests).to.have.lengthOf(requests)
          })
        }

        for (const [what, answer] of Object.entries(afterReading)) {
          it(`do not get ${method} after a host that has read it and ${what}`, async () => {
            server.answer(answer)
            other.answer(json(good))
            await rejection(call(oauthAt([server.url, other.url], options)))
            expect(server.requests).to.have.lengthOf(1)
            expect(other.requests).to.have.lengthOf(0)
          })
        }
      }

      it('get a code one after the other, until one can be reached', async () => {
        server.answer(reset)
        other.answer(json(tokenReply()))
        const hosts = [await deadURL(), noSuchHost, await deadURL(), server.url, other.url]
        expect(await rejection(exchange(oauthAt(hosts, options)))).to.include({ code: 'ERR_WECHAT_NETWORK' })
        expect(server.requests).to.have.lengthOf(1)
        expect(other.requests).to.have.lengthOf(0)
        server.answer(json(tokenReply()))
        expect(await exchange(oauthAt(hosts, options))).to.include({ openid })
      })

      it('get a call that may be repeated one after the other, until one replies', async () => {
        const hosts = [server.url, await deadURL(), server.url, noSuchHost, server.url, other.url]
        const oauth = oauthAt(hosts, options)
        server.answer(reset, busy, json(userReply()))
        expect(await oauth.getUserByToken(userToken)).to.include({ openid })
        expect(server.requests).to.have.lengthOf(3)
        expect(other.requests).to.have.lengthOf(0)
      })
    })
  }

  it('do not get a code after a kept connection was closed', async () => {
    const oauth = oauthAt([server.url, other.url])
    const ports = new Set<number | undefined>()
    const noting =
      (answer: Answer): Answer =>
      (response, request) => {
        ports.add(response.socket?.remotePort)
        return answer(response, request)
      }
    server.answer(noting(json(tokenReply())), noting(reset))
    await oauth.getAccessToken(code)
    expect(await rejection(oauth.getAccessToken(code))).to.include({ code: 'ERR_WECHAT_NETWORK' })
    expect(ports).to.have.lengthOf(1)
    expect(other.requests).to.have.lengthOf(0)
  })

  describe('after a broken TLS handshake', () => {
    let broken: Server
    before(async () => {
      broken = createServer((socket) => {
        socket.on('error', () => {}).once('data', () => socket.resetAndDestroy())
      })
      broken.listen(0, '127.0.0.1')
      await once(broken, 'listening')
    })
    beforeEach(() => {
      server.answer(json(tokenReply()))
    })
    after(() => broken.close())
    const hosts = (): string[] => [`https://127.0.0.1:${(broken.address() as AddressInfo).port}`, server.url]

    it('get a code', async () => {
      expect(await exchange(oauthAt(hosts()))).to.include({ openid })
    })

    it('do not get a code through fetch, which reports it like any reset', async () => {
      await rejection(exchange(oauthAt(hosts(), { fetch })), WechatTransportError)
      expect(server.requests).to.have.lengthOf(0)
    })
  })

  const causes: Record<'get' | 'do not get', Record<string, unknown>> = {
    get: {
      'connect ECONNREFUSED': { code: 'ECONNREFUSED', syscall: 'connect' },
      'connect EHOSTUNREACH': { code: 'EHOSTUNREACH', syscall: 'connect' },
      'connect ENETUNREACH': { code: 'ENETUNREACH', syscall: 'connect' },
      'connect ETIMEDOUT': { code: 'ETIMEDOUT', syscall: 'connect' },
      'getaddrinfo EAI_AGAIN': { code: 'EAI_AGAIN', syscall: 'getaddrinfo' },
      ECONNREFUSED: { code: 'ECONNREFUSED' },
      UND_ERR_CONNECT_TIMEOUT: { code: 'UND_ERR_CONNECT_TIMEOUT' },
      CERT_HAS_EXPIRED: { code: 'CERT_HAS_EXPIRED' },
      ERR_TLS_CERT_ALTNAME_INVALID: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
      UNABLE_TO_VERIFY_LEAF_SIGNATURE: { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
      'a failure of each address': new AggregateError([
        { code: 'ETIMEDOUT', syscall: 'connect' },
        { code: 'ENETUNREACH', syscall: 'connect' },
      ]),
    },
    'do not get': {
      'read ECONNREFUSED': { code: 'ECONNREFUSED', syscall: 'read' },
      'read EHOSTUNREACH': { code: 'EHOSTUNREACH', syscall: 'read' },
      'write ETIMEDOUT': { code: 'ETIMEDOUT', syscall: 'write' },
      'connect ECONNRESET': { code: 'ECONNRESET', syscall: 'connect' },
      ETIMEDOUT: { code: 'ETIMEDOUT' },
      ECONNRESET: { code: 'ECONNRESET' },
      EPIPE: { code: 'EPIPE', syscall: 'write' },
      UND_ERR_SOCKET: { code: 'UND_ERR_SOCKET' },
      UND_ERR_HEADERS_TIMEOUT: { code: 'UND_ERR_HEADERS_TIMEOUT' },
      ERR_SSL_WRONG_VERSION_NUMBER: { code: 'ERR_SSL_WRONG_VERSION_NUMBER' },
      'a failure that one address had later': new AggregateError([
        { code: 'ETIMEDOUT', syscall: 'connect' },
        { code: 'ECONNRESET', syscall: 'read' },
      ]),
      'an empty list of failures': new AggregateError([]),
      'no cause': undefined,
      'a cause that is a text': 'ECONNREFUSED',
    },
  }
  const cases = Object.entries(causes).flatMap(([verb, each]) =>
    Object.entries(each).map(([what, cause]) => ({ verb, what, cause })),
  )
  for (const { verb, what, cause } of cases) {
    it(`${verb} a code after a fetch that failed with ${what}`, async () => {
      let asked = 0
      const ownFetch: typeof fetch = async () => {
        asked += 1
        if (asked === 1) throw new TypeError('fetch failed', { cause })
        return Response.json(tokenReply())
      }
      const oauth = oauthAt(['https://one.example', 'https://two.example'], { fetch: ownFetch })
      await exchange(oauth).catch(() => undefined)
      expect(asked).to.equal(verb === 'get' ? 2 : 1)
    })
  }

  for (const [verb, code] of [
    ['get', 'ECONNREFUSED'],
    ['get', 'ENOTFOUND'],
    ['get', 'SELF_SIGNED_CERT_IN_CHAIN'],
    ['do not get', 'ECONNRESET'],
  ] as const) {
    it(`${verb} a code after a fetch whose error has itself the code ${code}, as in Bun`, async () => {
      let asked = 0
      const ownFetch: typeof fetch = async () => {
        asked += 1
        if (asked === 1) throw Object.assign(new TypeError('Unable to connect'), { code })
        return Response.json(tokenReply())
      }
      const oauth = oauthAt(['https://one.example', 'https://two.example'], { fetch: ownFetch })
      await exchange(oauth).catch(() => undefined)
      expect(asked).to.equal(verb === 'get' ? 2 : 1)
    })
  }

  describe('that fail too', () => {
    it('leave the error of the first host if none was reached', async () => {
      const oauth = oauthAt([await deadURL(), noSuchHost, noSuchHost])
      const error = await rejection(exchange(oauth), WechatTransportError)
      expect(error).to.include({ code: 'ERR_WECHAT_NETWORK', reason: 'ECONNREFUSED' })
    })

    it('leave the error of the last host that was reached', async () => {
      server.answer(busy)
      for (const hosts of [
        [server.url, noSuchHost],
        [noSuchHost, server.url],
      ]) {
        const error = await rejection(oauthAt(hosts).verifyToken(openid, 'a'), WechatAPIError)
        expect(error).to.include({ errcode: -1 })
      }
      server.answer(json({ errcode: 40029, errmsg: 'invalid code' }))
      const error = await rejection(exchange(oauthAt([noSuchHost, server.url])), WechatAPIError)
      expect(error).to.include({ errcode: 40029 })
    })

    it('share one timeout', async () => {
      server.answer(hang)
      const startedAt = performance.now()
      const oauth = oauthAt([await deadURL(), server.url, other.url], { timeout: 100 })
      const error = await rejection(exchange(oauth))
      expect(error).to.include({ code: 'ERR_WECHAT_TIMEOUT' })
      expect(performance.now() - startedAt).to.be.lessThan(350)
      expect(other.requests).to.have.lengthOf(0)
    })

    it('are all logged, by their host names only', async () => {
      const lines: unknown[] = []
      const logger: WechatLogger = {
        debug: () => {},
        warn: (message, details) => {
          lines.push({ message, ...details, ms: 0 })
        },
      }
      const hosts = [`${await deadURL()}/secret-path`, noSuchHost]
      const { reason } = await rejection(exchange(oauthAt(hosts, { logger })), WechatTransportError)
      const facts = { endpoint: '/sns/oauth2/access_token', ms: 0, code: 'ERR_WECHAT_NETWORK' }
      expect(lines).to.have.lengthOf(3)
      expect(lines[0]).to.deep.include({ ...facts, reason, host: new URL(hosts[0]!).host })
      expect(lines[1])
        .to.deep.include({ ...facts, host: 'wechat.invalid' })
        .and.not.include({ reason })
      expect(lines[2]).to.deep.equal({ message: 'WeChat call failed', ...facts, reason })
      expect(inspect(lines)).to.not.contain('secret-path').and.not.contain(appSecret).and.not.contain(code)
    })
  })

  it("get no call that WeChat's documentation does not list for them", async () => {
    const asked: string[] = []
    const refusing: typeof fetch = async (input) => {
      asked.push(new URL(input as string).host)
      throw new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED', syscall: 'connect' } })
    }
    const options = { fetch: refusing, clientCredential: 'classic' } as const
    const oauth = oauthAt(['https://one.example', 'https://two.example'], options)
    const calls: [call: () => Promise<unknown>, tries: number][] = [
      [async () => oauth.getQRCodeTicket({ action_name: 'QR_STR_SCENE', action_info: scene }), 2],
      [async () => oauth.getQRCodeTicket({ action_name: 'QR_LIMIT_STR_SCENE', action_info: scene }), 1],
      [async () => oauth.getQRCodeByTicket('t'), 2],
      [async () => oauth.getClientAccessToken({ forceRefresh: true }), 2],
    ]
    for (const [call, tries] of calls) {
      asked.length = 0
      await rejection(call(), WechatTransportError)
      expect(asked).to.deep.equal(Array.from({ length: tries }, () => 'one.example'))
    }
  })

  it('may be absent: then a code is sent once', async () => {
    let asked = 0
    const refusing: typeof fetch = async () => {
      asked += 1
      throw new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED', syscall: 'connect' } })
    }
    await rejection(exchange(oauthAt(['https://one.example'], { fetch: refusing })), WechatTransportError)
    expect(asked).to.equal(1)
  })
})
