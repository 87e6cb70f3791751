import { once } from 'node:events'
import http, { createServer } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { startSandbox } from '@wechat-auth/wechat-sandbox'
import { expect } from 'chai'
import { stub } from 'sinon'
import { Agent, getGlobalDispatcher, MockAgent, setGlobalDispatcher } from 'undici'
import {
  body,
  endless,
  json,
  startLoopbackServer,
  type LoopbackServer,
} from '../../helpers/loopback-server.js'
import { rejection } from '../../helpers/rejection.js'
import { skipBecause } from '../../helpers/skip.js'
import { appSecret, client, code, openid, tokenReply } from '../../helpers/wechat-replies.js'

describe('a call', () => {
  let server: LoopbackServer
  before(async () => {
    server = await startLoopbackServer()
  })
  beforeEach(() => {
    server.answer(json(tokenReply()))
  })
  after(async () => server.close())

  const exchange = async (endpoints = server.url): Promise<unknown> =>
    client({ endpoints }).getAccessToken(code)

  it("is made by Node.js's own client, without fetch", async () => {
    await exchange()
    expect(server.requests[0]?.headers)
      .to.include({ 'user-agent': 'node' })
      .and.not.have.any.keys('sec-fetch-mode', 'accept-language')
  })

  it('uses the path of the endpoint', async () => {
    await exchange(`${server.url}/wechat/`)
    expect(server.paths).to.deep.equal(['/wechat/sns/oauth2/access_token'])
  })

  it('reaches an IPv6 address', async function () {
    const six = createServer((_request, response) => {
      response.end(JSON.stringify(tokenReply()))
    })
    six.listen(0, '::1')
    await once(six, 'listening').catch(() => skipBecause(this, 'this machine has no IPv6'))
    try {
      expect(await exchange(`http://[::1]:${(six.address() as AddressInfo).port}`)).to.include({ openid })
    } finally {
      six.closeAllConnections()
      six.close()
    }
  })

  it('uses the connection of the previous call', async () => {
    const ports = new Set<number | undefined>()
    server.answer((response, request) => {
      ports.add(response.socket?.remotePort)
      return json(tokenReply())(response, request)
    })
    for (let call = 0; call < 5; call++) await exchange()
    expect(ports).to.have.lengthOf(1)
  })

  it('that fails leaves no open connection', async () => {
    const { answer, closed } = endless(500)
    server.answer(answer)
    expect(await rejection(exchange())).to.include({ code: 'ERR_WECHAT_STATUS' })
    await closed
  })

  describe('with a reply that is compressed', () => {
    const text = JSON.stringify(tokenReply())
    for (const [encoding, packed] of Object.entries({
      gzip: gzipSync(text),
      'X-Gzip': gzipSync(text),
      deflate: deflateSync(text),
      br: brotliCompressSync(text),
      identity: text,
    })) {
      it(`is understood if it is ${encoding}`, async () => {
        server.answer(body(packed, { 'content-encoding': encoding }))
        expect(await exchange()).to.include({ openid })
      })
    }

    it('is refused if the encoding is unknown', async () => {
      server.answer(body(gzipSync(text), { 'content-encoding': 'zip' }))
      expect(await rejection(exchange())).to.include({ code: 'ERR_WECHAT_RESPONSE' })
    })
  })

  describe("of an application that replaces Node.js's functions", () => {
    const { fetch } = globalThis
    const dispatcher = getGlobalDispatcher()
    afterEach(() => {
      globalThis.fetch = fetch
      setGlobalDispatcher(dispatcher)
    })

    it('is made by its global fetch, even if it was set after the client was made', async () => {
      const oauth = client({ endpoints: server.url })
      const seen: string[] = []
      globalThis.fetch = async (input, init) => {
        seen.push(input as string)
        return fetch(input, init)
      }
      await oauth.getAccessToken(code)
      globalThis.fetch = fetch
      await oauth.getAccessToken(code)
      expect(seen).to.have.lengthOf(1)
      expect(server.requests.map(({ headers }) => 'sec-fetch-mode' in headers)).to.deep.equal([true, false])
    })

    it('does not reach the network if undici has a mock dispatcher', async () => {
      const mock = new MockAgent()
      mock.disableNetConnect()
      mock
        .get(server.url)
        .intercept({ path: (path) => path.startsWith('/sns/oauth2/access_token?') })
        .reply(200, tokenReply({ scope: 'of the mock' }))
      setGlobalDispatcher(mock)
      expect(await exchange()).to.include({ scope: 'of the mock' })
      expect(server.requests).to.be.empty
      await mock.close()
    })

    it('does not trust a certificate that only the global agent trusts', async () => {
      const sandbox = await startSandbox({ tls: { port: 0 } })
      https.globalAgent.options.rejectUnauthorized = false
      try {
        const error = await rejection(
          client({ endpoints: `https://localhost:${sandbox.tls?.port}` }).getAccessToken(code),
        )
        expect(error).to.include({ code: 'ERR_WECHAT_NETWORK', reason: 'SELF_SIGNED_CERT_IN_CHAIN' })
      } finally {
        delete https.globalAgent.options.rejectUnauthorized
        await sandbox.close()
      }
    })

    it("fails without a secret if a replacement of Node.js's client throws the address", async () => {
      const request = stub(http, 'request').callsFake((options) => {
        throw new Error(JSON.stringify(options))
      })
      try {
        const error = await rejection(exchange())
        expect(error).to.include({ code: 'ERR_WECHAT_NETWORK' })
        expect(inspect(error, { depth: 9, showHidden: true })).to.not.contain(appSecret)
      } finally {
        request.restore()
      }
    })

    describe('if undici keeps a wrapper of its dispatcher, as in Node.js 26,', () => {
      const [older, newer] = [
        Symbol.for('undici.globalDispatcher.1'),
        Symbol.for('undici.globalDispatcher.2'),
      ]
      const globals = globalThis as Record<symbol, unknown>
      class Dispatcher1Wrapper {
        readonly dispatch = (): boolean => true
      }
      let before: unknown[]

      beforeEach(() => {
        before = [globals[older], globals[newer]]
        globals[older] = new Dispatcher1Wrapper()
      })
      afterEach(() => {
        ;[globals[older], globals[newer]] = before
      })

      it('is made as usual with the default dispatcher', async () => {
        globals[newer] = new Agent()
        await exchange()
        expect(server.requests[0]?.headers).to.not.have.any.keys('sec-fetch-mode')
      })

      it('does not use the network with a mock', async () => {
        const [mocked, fetch] = [new MockAgent(), stub(globalThis, 'fetch').rejects(new Error('mocked'))]
        globals[newer] = mocked
        try {
          await rejection(exchange())
          expect(server.requests).to.have.length(0)
          expect(fetch.calledOnce).to.be.true
        } finally {
          fetch.restore()
          await mocked.close()
        }
      })
    })

    it('is made as usual if undici has its default agent', async () => {
      setGlobalDispatcher(new Agent())
      await exchange()
      expect(server.requests[0]?.headers).to.not.have.any.keys('sec-fetch-mode')
    })
  })
})
