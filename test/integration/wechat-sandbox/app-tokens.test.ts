import { expect } from 'chai'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import {
  apiError,
  appOf,
  appToken,
  classicToken,
  oneDay,
  get,
  oneHour,
  login,
  oneMinute,
  post,
  oneSecond,
  stableToken,
  userinfo,
  type Answer,
  type Json,
} from './wechat.js'

const beijingOffset = 8 * oneHour

const validToken = [undefined, undefined]
const unknownToken = [40001, 'invalid credential, access_token is invalid or not latest']
const expiredToken = [42001, 'access_token expired']
const quotaReached = [45009, 'reach max api daily quota limit']

describe('app-level tokens of the sandbox', () => {
  let sandbox: Sandbox

  before(async () => {
    sandbox = await startSandbox()
  })
  afterEach(() => sandbox.reset())
  after(() => sandbox.close())

  /** What an endpoint says to a token: nothing, if it is good. */
  const verdict = async (token: unknown): Promise<unknown[]> => {
    const { json } = await get(sandbox, '/cgi-bin/ticket/getticket', {
      access_token: String(token),
      type: 'jsapi',
    })
    return json['errcode'] === 0 ? validToken : apiError(json)
  }
  const tokenIn = ({ json }: Answer): unknown => {
    expect(json).to.have.all.keys('access_token', 'expires_in')
    return json['access_token']
  }
  /** Goes to shortly after the next midnight in Beijing, so that a test's calls are all on one day. */
  const startOfDay = (): void =>
    sandbox.clock.advance(oneDay - ((sandbox.clock.now() + beijingOffset) % oneDay) + oneSecond)

  for (const [name, fetchToken] of Object.entries<
    (changes?: Record<string, string>, type?: 'mp' | 'website') => Promise<Answer>
  >({
    '/cgi-bin/token': (changes, type) => classicToken(sandbox, type, changes),
    '/cgi-bin/stable_token': (changes, type) => stableToken(sandbox, type, changes),
  })) {
    describe(name, () => {
      it("returns a long token for two hours, as JSON with WeChat's content type", async () => {
        const { status, headers, json } = await fetchToken()
        expect(status).to.equal(200)
        expect(headers.get('content-type')).to.equal('application/json; encoding=utf-8')
        expect(Object.keys(json)).to.deep.equal(['access_token', 'expires_in'])
        expect(json['access_token']).to.match(/^\d\d_[\w-]{154}$/)
        expect(json['expires_in']).to.equal(7200)
      })

      const checks: [string, Record<string, string>, [number, string]][] = [
        ['no appid', { appid: '', secret: '', grant_type: '' }, [41002, 'appid missing']],
        ['an unknown appid', { appid: 'wx0', secret: '', grant_type: '' }, [40013, 'invalid appid']],
        ['no secret', { secret: '', grant_type: '' }, [41004, 'appsecret missing']],
        ['a wrong secret', { secret: 'wrong', grant_type: '' }, [40125, 'invalid appsecret']],
        ['another grant_type', { grant_type: 'client_credentials' }, [40002, 'invalid grant_type']],
      ]
      for (const [what, changes, expected] of checks) {
        it(`refuses ${what}: ${expected.join(' ')}`, async () => {
          expect(apiError((await fetchToken(changes)).json)).to.deep.equal(expected)
        })
      }

      it('refuses website applications: 48001', async () => {
        expect(apiError((await fetchToken({}, 'website')).json)).to.deep.equal([48001, 'api unauthorized'])
      })

      it('refuses addresses that are not on the whitelist, after it checks the secret: 40164 with the address', async () => {
        sandbox.configure({ ipWhitelist: ['203.0.113.7'] })
        expect(apiError((await fetchToken()).json)).to.deep.equal([
          40164,
          'invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist',
        ])
        expect((await fetchToken({ secret: 'wrong' })).json['errcode']).to.equal(40125)
        sandbox.configure({ ipWhitelist: ['203.0.113.7', '127.0.0.1'] })
        tokenIn(await fetchToken())
        sandbox.configure({ ipWhitelist: [] })
        expect((await fetchToken()).json['errcode']).to.equal(40164)
        sandbox.configure({ ipWhitelist: null })
        tokenIn(await fetchToken())
      })

      it('issues tokens that expire after two hours: 42001', async () => {
        const token = tokenIn(await fetchToken())
        sandbox.clock.advance(2 * oneHour - oneMinute)
        expect(await verdict(token)).to.deep.equal(validToken)
        sandbox.clock.advance(oneMinute)
        expect(await verdict(token)).to.deep.equal(expiredToken)
      })

      it('issues tokens with another lifetime, if configured', async () => {
        sandbox.configure({ appTokenLifetime: 10 * oneMinute })
        const { json } = await fetchToken()
        expect(json['expires_in']).to.equal(600)
        sandbox.clock.advance(10 * oneMinute)
        expect(await verdict(json['access_token'])).to.deep.equal(expiredToken)
      })

      it('forgets its tokens at reset()', async () => {
        const token = tokenIn(await fetchToken())
        sandbox.reset()
        expect(await verdict(token)).to.deep.equal(unknownToken)
        expect(tokenIn(await fetchToken())).to.not.equal(token)
      })

      it('issues tokens that are not accepted as tokens of users', async () => {
        const access_token = tokenIn(await fetchToken())
        expect(
          (await userinfo(sandbox, { ...(await login(sandbox)), access_token })).json['errcode'],
        ).to.equal(40001)
      })

      it('can be made to fail, and is counted', async () => {
        sandbox.fail(name, { errcode: -1 }, { times: 1 })
        expect(apiError((await fetchToken()).json)).to.deep.equal([-1, 'system error'])
        tokenIn(await fetchToken())
        expect(sandbox.count(name)).to.equal(2)
      })
    })
  }

  describe('/cgi-bin/token', () => {
    it('issues a new token each time; the previous one works for five more minutes: then 40001', async () => {
      const [first, second] = [tokenIn(await classicToken(sandbox)), tokenIn(await classicToken(sandbox))]
      expect(second).to.not.equal(first)
      sandbox.clock.advance(5 * oneMinute - 5 * oneSecond)
      expect([await verdict(first), await verdict(second)]).to.deep.equal([validToken, validToken])
      sandbox.clock.advance(5 * oneSecond)
      expect([await verdict(first), await verdict(second)]).to.deep.equal([unknownToken, validToken])
      sandbox.clock.advance(2 * oneHour)
      expect([await verdict(first), await verdict(second)]).to.deep.equal([expiredToken, expiredToken])
    })

    it('does not extend a token that is replaced shortly before it expires', async () => {
      const token = tokenIn(await classicToken(sandbox))
      sandbox.clock.advance(2 * oneHour - oneMinute)
      await classicToken(sandbox)
      sandbox.clock.advance(oneMinute)
      expect(await verdict(token)).to.deep.equal(expiredToken)
    })

    it('does not affect the tokens of other apps', async () => {
      const token = tokenIn(await classicToken(sandbox))
      await classicToken(sandbox, 'miniprogram')
      sandbox.clock.advance(5 * oneMinute)
      expect(await verdict(token)).to.deep.equal(validToken)
    })

    it('ignores parameters in the body: 41002', async () => {
      const { appId, appSecret } = appOf(sandbox, 'mp')
      const fields = new URLSearchParams({
        grant_type: 'client_credential',
        appid: appId,
        secret: appSecret,
      }).toString()
      expect(apiError((await post(sandbox, '/cgi-bin/token', {}, fields)).json)).to.deep.equal([
        41002,
        'appid missing',
      ])
    })

    it('issues 2000 tokens a day, then fails with 45009 until midnight in Beijing', async function () {
      this.timeout(60_000)
      startOfDay()
      for (let call = 0; call < 2000; call += 1) tokenIn(await classicToken(sandbox))
      expect(apiError((await classicToken(sandbox)).json)).to.deep.equal(quotaReached)
      tokenIn(await classicToken(sandbox, 'miniprogram'))
      sandbox.clock.advance(oneDay - oneHour)
      expect((await classicToken(sandbox)).json['errcode']).to.equal(45009)
      sandbox.clock.advance(oneHour)
      tokenIn(await classicToken(sandbox))
    })

    it('issues 200 tokens a day to a test account, without counting refused calls', async () => {
      const small = await startSandbox({
        apps: [{ appId: 'wxsandboxtest00001', appSecret: 'secret', type: 'mp', testAccount: true }],
      })
      try {
        small.clock.advance(oneDay - ((small.clock.now() + beijingOffset) % oneDay) + oneSecond)
        for (let call = 0; call < 10; call += 1) await classicToken(small, 'mp', { secret: 'wrong' })
        for (let call = 0; call < 200; call += 1) tokenIn(await classicToken(small))
        expect((await classicToken(small)).json['errcode']).to.equal(45009)
      } finally {
        await small.close()
      }
    })
  })

  describe('/cgi-bin/stable_token', () => {
    const force = (): Promise<Answer> => stableToken(sandbox, 'mp', { force_refresh: true })

    it('returns the same token with its remaining lifetime', async () => {
      const first = (await stableToken(sandbox)).json
      sandbox.clock.advance(oneHour)
      const second = (await stableToken(sandbox, 'mp', { force_refresh: false })).json
      expect(second['access_token']).to.equal(first['access_token'])
      expect(second['expires_in']).to.be.within(3590, 3600)
    })

    it('issues a new token in the last five minutes, and the old one works until it expires', async () => {
      const old = tokenIn(await stableToken(sandbox))
      sandbox.clock.advance(2 * oneHour - 5 * oneMinute - 10 * oneSecond)
      const same = (await stableToken(sandbox)).json
      expect([same['access_token'], Number(same['expires_in']) >= 300]).to.deep.equal([old, true])
      sandbox.clock.advance(11 * oneSecond)
      const next = (await stableToken(sandbox)).json
      expect(next['access_token']).to.not.equal(old)
      expect(next['expires_in']).to.equal(7200)
      expect(tokenIn(await stableToken(sandbox))).to.equal(next['access_token'])
      sandbox.clock.advance(4 * oneMinute)
      expect([await verdict(old), await verdict(next['access_token'])]).to.deep.equal([
        validToken,
        validToken,
      ])
      sandbox.clock.advance(oneMinute)
      expect([await verdict(old), await verdict(next['access_token'])]).to.deep.equal([
        expiredToken,
        validToken,
      ])
    })

    it("and /cgi-bin/token do not end each other's tokens", async () => {
      const [stable, classic] = [tokenIn(await stableToken(sandbox)), tokenIn(await classicToken(sandbox))]
      expect(stable).to.not.equal(classic)
      await force()
      sandbox.clock.advance(5 * oneMinute)
      expect(await verdict(classic)).to.deep.equal(validToken)
      const forced = tokenIn(await stableToken(sandbox))
      await classicToken(sandbox)
      sandbox.clock.advance(5 * oneMinute)
      expect(await verdict(forced)).to.deep.equal(validToken)
    })

    it('ends the previous tokens at once if forced: 40001', async () => {
      const first = tokenIn(await stableToken(sandbox))
      sandbox.clock.advance(2 * oneHour - 4 * oneMinute)
      const second = tokenIn(await stableToken(sandbox))
      const third = tokenIn(await force())
      expect([await verdict(first), await verdict(second), await verdict(third)]).to.deep.equal([
        unknownToken,
        unknownToken,
        validToken,
      ])
      expect(tokenIn(await stableToken(sandbox))).to.equal(third)
    })

    it('does not renew twice within 30 seconds, even if forced', async () => {
      const first = tokenIn(await force())
      sandbox.clock.advance(25 * oneSecond)
      expect(tokenIn(await force())).to.equal(first)
      expect(await verdict(first)).to.deep.equal(validToken)
      sandbox.clock.advance(5 * oneSecond)
      expect(tokenIn(await force())).to.not.equal(first)
    })

    it('can be forced 20 times a day, counting only renewals: then 45009, but it still works without force', async () => {
      startOfDay()
      for (let call = 0; call < 20; call += 1) {
        tokenIn(await force())
        tokenIn(await force())
        sandbox.clock.advance(30 * oneSecond)
      }
      expect(apiError((await force()).json)).to.deep.equal(quotaReached)
      tokenIn(await stableToken(sandbox))
      sandbox.clock.advance(oneDay)
      tokenIn(await force())
    })

    it('has quotas per minute and per day: 45011, 45009', async () => {
      startOfDay()
      sandbox.configure({ stableTokensPerMinute: 2, stableTokensPerDay: 3 })
      sandbox.clock.advance(oneMinute - (sandbox.clock.now() % oneMinute))
      await stableToken(sandbox)
      await stableToken(sandbox)
      expect(apiError((await stableToken(sandbox)).json)).to.deep.equal([
        45011,
        'api minute-quota reach limit, must slower, retry next minute',
      ])
      sandbox.clock.advance(oneMinute)
      tokenIn(await stableToken(sandbox))
      expect(apiError((await stableToken(sandbox)).json)).to.deep.equal(quotaReached)
    })

    it('accepts only POST: 43002', async () => {
      const { appId, appSecret } = appOf(sandbox, 'mp')
      const { json } = await get(sandbox, '/cgi-bin/stable_token', {
        grant_type: 'client_credential',
        appid: appId,
        secret: appSecret,
      })
      expect(apiError(json)).to.deep.equal([43002, 'require POST method'])
    })

    it('requires a body: 44002', async () => {
      const { appId, appSecret } = appOf(sandbox, 'mp')
      const query = { grant_type: 'client_credential', appid: appId, secret: appSecret }
      expect(apiError((await post(sandbox, '/cgi-bin/stable_token', query, '')).json)).to.deep.equal([
        44002,
        'empty post data',
      ])
    })

    for (const body of [
      'appid=wx0&secret=x',
      '{"appid":',
      '[]',
      'null',
      '"text"',
      '{"appid":1}',
      '{"appid":"wx0","secret":{}}',
      '{"force_refresh":"true"}',
    ]) {
      it(`accepts only JSON: 47001 for ${body}`, async () => {
        expect(apiError((await post(sandbox, '/cgi-bin/stable_token', {}, body)).json)).to.deep.equal([
          47001,
          'data format error',
        ])
      })
    }
  })

  describe('/cgi-bin/ticket/getticket', () => {
    const ticket = async (query: Record<string, string> = {}): Promise<Json> =>
      (
        await get(sandbox, '/cgi-bin/ticket/getticket', {
          access_token: await appToken(sandbox),
          type: 'jsapi',
          ...query,
        })
      ).json

    it('issues a ticket for two hours per type and app', async () => {
      const jsapi = await ticket()
      expect(Object.keys(jsapi)).to.deep.equal(['errcode', 'errmsg', 'ticket', 'expires_in'])
      expect(jsapi).to.include({ errcode: 0, errmsg: 'ok', expires_in: 7200 })
      expect(jsapi['ticket']).to.match(/^[\w-]{86}$/)
      expect((await ticket({ type: 'wx_card' }))['ticket'])
        .to.match(/^[\w-]{86}$/)
        .and.not.equal(jsapi['ticket'])
    })

    it('returns the same ticket for every token, with its remaining lifetime, and a new one in the last five minutes', async () => {
      const first = await ticket()
      sandbox.clock.advance(oneHour)
      const second = await ticket({
        access_token: String((await classicToken(sandbox)).json['access_token']),
      })
      expect(second['ticket']).to.equal(first['ticket'])
      expect(second['expires_in']).to.be.within(3590, 3600)
      sandbox.clock.advance(56 * oneMinute)
      expect(await ticket())
        .to.include({ expires_in: 7200 })
        .and.not.include({ ticket: first['ticket'] })
    })

    it('requires a token: 41001, 40001', async () => {
      expect(apiError(await ticket({ access_token: '' }))).to.deep.equal([41001, 'access_token missing'])
      expect(apiError(await ticket({ access_token: 'x' }))).to.deep.equal(unknownToken)
      expect(
        apiError(await ticket({ access_token: String((await login(sandbox))['access_token']) })),
      ).to.deep.equal(unknownToken)
    })

    it('requires one of the two types: 40097', async () => {
      for (const type of ['', 'card'])
        expect(apiError(await ticket({ type }))).to.deep.equal([40097, 'invalid args'])
    })

    it('serves only official accounts: 48001', async () => {
      expect(apiError(await ticket({ access_token: await appToken(sandbox, 'miniprogram') }))).to.deep.equal([
        48001,
        'api unauthorized',
      ])
    })

    it('accepts only GET: 43001', async () => {
      const { json } = await post(
        sandbox,
        '/cgi-bin/ticket/getticket',
        { access_token: await appToken(sandbox), type: 'jsapi' },
        '',
      )
      expect(apiError(json)).to.deep.equal([43001, 'require GET method'])
    })
  })
})
