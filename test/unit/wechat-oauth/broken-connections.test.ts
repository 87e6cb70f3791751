import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import { WechatTransportError, type WechatOAuth, type WechatOAuthOptions } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import {
  body,
  deadURL,
  drip,
  endless,
  hang,
  reset,
  stall,
  startLoopbackServer,
  truncated,
  type Answer,
  type LoopbackServer,
} from '../../helpers/loopback-server.js'
import { rejection } from '../../helpers/rejection.js'
import {
  appSecret,
  client,
  code,
  now,
  openid,
  sessionReply,
  tokenReply,
  userReply,
} from '../../helpers/wechat-replies.js'
import { inTime } from '../../helpers/pace.js'

const timeout = 150
const secrets = { accessToken: 'the-access-token', refreshToken: 'the-refresh-token' }

const calls: Record<string, { call: (oauth: WechatOAuth) => Promise<unknown>; good: object }> = {
  getAccessToken: { call: (oauth) => oauth.getAccessToken(code), good: tokenReply() },
  refreshAccessToken: { call: (oauth) => oauth.refreshAccessToken(secrets.refreshToken), good: tokenReply() },
  getUserByToken: {
    call: (oauth) => oauth.getUserByToken({ openid, access_token: secrets.accessToken, create_at: now }),
    good: userReply(),
  },
  verifyToken: {
    call: (oauth) => oauth.verifyToken(openid, secrets.accessToken),
    good: { errcode: 0, errmsg: 'ok' },
  },
  code2Session: { call: (oauth) => oauth.code2Session(code), good: sessionReply() },
}

const faults: Record<string, { answer: (good: object) => Answer; code: string }> = {
  'is reset': { answer: () => reset, code: 'ERR_WECHAT_NETWORK' },
  'ends in the middle of the body': {
    answer: (good) => truncated(JSON.stringify(good)),
    code: 'ERR_WECHAT_NETWORK',
  },
  'is reset in the middle of the body': {
    answer: () => (response) =>
      response.writeHead(200).write('{"open', () => response.socket?.resetAndDestroy()),
    code: 'ERR_WECHAT_NETWORK',
  },
  'brings bad gzip': {
    answer: () => body('no gzip at all', { 'content-encoding': 'gzip' }),
    code: 'ERR_WECHAT_NETWORK',
  },
  'brings half of a gzip': {
    answer: (good) => body(gzipSync(JSON.stringify(good)).subarray(0, 30), { 'content-encoding': 'gzip' }),
    code: 'ERR_WECHAT_RESPONSE',
  },
  'brings no HTTP': {
    answer: () => (response) => response.socket?.end('220 smtp ready\r\n'),
    code: 'ERR_WECHAT_NETWORK',
  },
  'brings no answer': { answer: () => hang, code: 'ERR_WECHAT_TIMEOUT' },
  'brings half of an answer': { answer: () => stall('{"openid":'), code: 'ERR_WECHAT_TIMEOUT' },
  'drips a byte at a time': { answer: (good) => drip(JSON.stringify(good), 40), code: 'ERR_WECHAT_TIMEOUT' },
}

describe('a connection that', () => {
  let server: LoopbackServer
  before(async () => {
    server = await startLoopbackServer()
  })
  after(async () => server.close())

  const failing = async (
    call: (oauth: WechatOAuth) => Promise<unknown>,
    endpoints: string,
    timeout = 5000,
    options: Partial<WechatOAuthOptions> = {},
  ): Promise<{ error: WechatTransportError; over: number }> => {
    const startedAt = performance.now()
    const error = await rejection(call(client({ endpoints, timeout, ...options })), WechatTransportError)
    return { error, over: performance.now() - startedAt - timeout }
  }
  const check = ({ error, over }: Awaited<ReturnType<typeof failing>>, errorCode: string): void => {
    expect(error.code).to.equal(errorCode)
    expect(error.status).to.equal(errorCode === 'ERR_WECHAT_TIMEOUT' ? 504 : 502)
    expect(error.endpoint).to.match(/^\/sns\/[a-z0-9_/]+$/)
    expect(over).to.be.lessThan(inTime(0))
    const text = [error.stack, JSON.stringify(error), inspect(error, { depth: 9, showHidden: true })].join(
      '\n',
    )
    for (const secret of [appSecret, code, 'secret=', 'access_token=', ...Object.values(secrets)])
      expect(text).to.not.contain(secret)
    expect(error.cause).to.equal(undefined)
  }

  for (const [method, { call, good }] of Object.entries(calls)) {
    for (const [fault, { answer, code }] of Object.entries(faults)) {
      it(`${fault} makes ${method} reject with ${code}, before the deadline and without a secret`, async () => {
        server.answer(answer(good))
        check(await failing(call, server.url, code === 'ERR_WECHAT_TIMEOUT' ? timeout : undefined), code)
      })
    }

    it(`is refused makes ${method} reject with ERR_WECHAT_NETWORK and the system's code`, async () => {
      const failure = await failing(call, await deadURL())
      check(failure, 'ERR_WECHAT_NETWORK')
      expect(failure.error.reason).to.equal('ECONNREFUSED')
    })

    it(`drips slowly does not make ${method} fail if it ends before the deadline`, async () => {
      server.answer(drip(JSON.stringify(good), 0))
      await call(client({ endpoints: server.url, timeout: 5000 }))
    })
  }

  for (const [fault, { answer, code: errorCode }] of Object.entries(faults)) {
    it(`${fault} makes getAccessToken reject with ${errorCode} through a fetch too`, async () => {
      server.answer(answer(tokenReply()))
      check(
        await failing(
          (oauth) => oauth.getAccessToken(code),
          server.url,
          errorCode === 'ERR_WECHAT_TIMEOUT' ? timeout : undefined,
          { fetch },
        ),
        errorCode,
      )
    })
  }

  it('times out is closed, also in the middle of a body', async () => {
    for (const answer of [hang, stall('{"openid":')]) {
      const closed = new Promise((resolve) => {
        server.answer((response, request) => {
          response.once('close', resolve)
          return answer(response, request)
        })
      })
      await failing((oauth) => oauth.getAccessToken(code), server.url, timeout)
      await closed
    }
  })

  it('sends too much is closed', async () => {
    const { answer, closed } = endless(200)
    server.answer(answer)
    expect(await rejection(client({ endpoints: server.url, timeout: 5000 }).getAccessToken(code))).to.include(
      { code: 'ERR_WECHAT_RESPONSE' },
    )
    await closed
  })
})

describe('a fetch that the application supplies', () => {
  const failing = async (ownFetch: unknown): Promise<WechatTransportError> =>
    rejection(
      client({ timeout: 100, fetch: ownFetch as typeof fetch }).getAccessToken(code),
      WechatTransportError,
    )

  it('and that ignores its signal does not delay the rejection', async () => {
    expect(await failing(async () => new Promise(() => {}))).to.include({ code: 'ERR_WECHAT_TIMEOUT' })
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield await new Promise<Uint8Array>(() => {})
    }
    expect(await failing(async () => ({ ok: true, status: 200, body: endless() }))).to.include({
      code: 'ERR_WECHAT_TIMEOUT',
    })
  })

  it('and that throws is a network failure', async () => {
    expect(
      await failing(() => {
        throw new Error('no')
      }),
    ).to.include({ code: 'ERR_WECHAT_NETWORK', reason: undefined })
  })

  it('and that rejects after the timeout leaves no rejection behind', async () => {
    let fail: (error: Error) => void = () => {}
    const error = await failing(
      async () =>
        new Promise((_resolve, reject) => {
          fail = reject
        }),
    )
    fail(new Error('too late'))
    expect(error).to.include({ code: 'ERR_WECHAT_TIMEOUT' })
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  })

  it('and that puts the address into its error does not expose it', async () => {
    const error = await failing(async (url: string) => {
      throw Object.assign(new Error(`failed: ${url}`), {
        code: url,
        config: { url },
        cause: { code: appSecret },
      })
    })
    expect(inspect(error, { depth: 9, showHidden: true }))
      .to.not.contain(appSecret)
      .and.not.contain('secret=')
    expect(error.reason).to.equal(undefined)
  })

  for (const strange of [undefined, null, 'no', 5]) {
    it(`and that rejects with ${String(strange)} is a network failure`, async () => {
      expect(await failing(async () => Promise.reject(strange))).to.include({ code: 'ERR_WECHAT_NETWORK' })
    })
  }

  it('gets a plain request, and must not follow redirects', async () => {
    const seen: [string, RequestInit | undefined][] = []
    await client({
      fetch: async (input, init) => {
        seen.push([input as string, init])
        return Response.json(tokenReply())
      },
    }).getAccessToken(code)
    expect(seen).to.have.lengthOf(1)
    expect(seen[0]?.[0]).to.equal(
      `https://api.weixin.qq.com/sns/oauth2/access_token?appid=wx00000000000000aa&secret=${appSecret}&code=${code}&grant_type=authorization_code`,
    )
    expect(seen[0]?.[1])
      .to.include({ redirect: 'manual', cache: 'no-store' })
      .and.not.have.any.keys('body', 'method')
    expect(seen[0]?.[1]?.signal).to.be.an.instanceOf(AbortSignal)
  })
})
