import {
  CookieStateStore,
  type WechatFailure,
  type WechatOneAppOptions,
  type WechatStrategy,
} from '@wechat-auth/passport-wechat'
import { expect } from 'chai'
import { action, authenticate, requestOf, type RequestParts } from '../../helpers/authenticate.js'
import { apps, appsStrategy, mpStrategy } from '../../helpers/strategies.js'
import { appId, code, now } from '../../helpers/wechat-replies.js'

const state = '0123456789abcdef'.repeat(4)
const secret = 'a secret of the tests, of 32 bytes and more'

class Recorder {
  readonly lines: [level: string, message: string, details: Record<string, unknown>][] = []
  debug(message: string, details: Record<string, unknown> = {}): void {
    this.lines.push(['debug', message, details])
  }
  warn(message: string, details: Record<string, unknown> = {}): void {
    this.lines.push(['warn', message, details])
  }
}

async function failureOf(strategy: WechatStrategy, parts: RequestParts): Promise<WechatFailure> {
  const req = requestOf({ query: { code, state }, ...parts })
  const { info } = await action('fail', authenticate(strategy, req))
  return info as WechatFailure
}

/** Sends a callback with an unknown state to https://shop.example, and returns its failure and the log. */
async function refused({ headers, ...parts }: RequestParts, options: Partial<WechatOneAppOptions> = {}) {
  const logger = new Recorder()
  const strategy = mpStrategy(undefined, { logger, now: () => now, ...options })
  const { hint = '', ...info } = await failureOf(strategy, {
    session: {},
    url: `/callback?code=${code}&state=${state}`,
    ...parts,
    headers: { host: 'shop.example', cookie: 'theme=dark', ...headers },
  })
  expect(info).to.include({ code: 'ERR_WECHAT_STATE', reason: 'unknown' })
  expect(logger.lines).to.have.length(1)
  const [[level, message, details]] = logger.lines as [(typeof logger.lines)[number]]
  expect(message).to.equal(`A login with WeChat failed: ${info.message}`)
  expect(details).to.have.property('hint', hint)
  const told = JSON.stringify([hint, message, details, info])
  for (const hidden of [state, code, 'dark', 'SESSION-ID']) expect(told).not.to.contain(hidden)
  return { level, hint, details, cause: details['cause'] }
}

const sessionWith = (cookie: object) => ({ secure: false, session: { cookie }, sessionID: 'SESSION-ID' })

const cases: Record<string, { title: string; parts: RequestParts; words: RegExp }[]> = {
  'no-cookie': [
    { title: 'sent no cookie', parts: { headers: { cookie: '' } }, words: /no cookie.*shop\.example/ },
  ],
  'other-host': [
    {
      title: 'came to another host',
      parts: { headers: { host: 'www.shop.example:8080' } },
      words: /www\.shop\.example,.* shop\.example,/,
    },
    {
      title: 'came to another host without a cookie',
      parts: { headers: { host: 'WWW.shop.example', cookie: '' } },
      words: /www\.shop\.example/,
    },
  ],
  'secure-cookie': [
    {
      title: 'has a Secure session cookie over http',
      parts: sessionWith({ secure: true }),
      words: /Secure.*trust proxy/,
    },
    {
      title: 'has a Secure session cookie of Fastify over http',
      parts: { protocol: 'http', session: { sessionId: 'x y', cookie: { secure: true } } },
      words: /Secure/,
    },
  ],
  'strict-cookie': ['strict', true].map((sameSite) => ({
    title: `has a session cookie with sameSite: ${sameSite}`,
    parts: sessionWith({ sameSite }),
    words: /Strict.*Lax/,
  })),
  'other-session': [
    {
      title: 'sent other cookies',
      parts: {},
      words: /another browser/,
    },
    {
      title: 'has a Secure session cookie over https',
      parts: { ...sessionWith({ secure: true }), secure: true },
      words: /another browser/,
    },
    {
      title: 'has a Secure session cookie behind a proxy that reports https',
      parts: { ...sessionWith({ secure: true }), headers: { 'x-forwarded-proto': 'https, http' } },
      words: /another browser.*does not trust the proxy/,
    },
    {
      title: 'came with a session that does not have this login',
      parts: {
        ...sessionWith({ secure: true, sameSite: 'strict' }),
        headers: { host: 'www.shop.example', cookie: 'connect.sid=s%3ASESSION-ID.SIGNATURE' },
      },
      words: /another browser/,
    },
  ],
}

describe('a callback with an unknown state', () => {
  for (const [cause, ofCause] of Object.entries(cases)) {
    for (const { title, parts, words } of ofCause) {
      it(`reports the likely cause if it ${title}: ${cause}`, async () => {
        const told = await refused(parts)
        expect(told).to.include({ cause, level: 'warn' })
        expect(told.hint).to.match(words)
      })
    }
  }

  it('reports a Secure session cookie over http if a proxy reports http', async () => {
    const headers = { 'x-forwarded-proto': 'http' }
    expect((await refused({ ...sessionWith({ secure: true }), headers })).cause).to.equal('secure-cookie')
  })

  it('reports no cause and is no warning if the state is too long to be one of the strategy', async () => {
    const logger = new Recorder()
    const strategy = mpStrategy(undefined, { logger, now: () => now })
    const query = { code, state: 'x'.repeat(129) }
    const info = await failureOf(strategy, { query, ...sessionWith({ secure: true }) })
    expect(info).to.include({ code: 'ERR_WECHAT_STATE', reason: 'unknown' })
    expect(info).to.not.have.property('hint')
    expect(logger.lines).to.have.length(1)
    expect(logger.lines[0]?.[0]).to.equal('debug')
    expect(logger.lines[0]?.[2]).to.have.all.keys('code', 'reason', 'mode')
  })

  it('logs its host', async () => {
    const { details, hint } = await refused({ headers: { host: 'www.shop.example' } })
    expect(details).to.deep.equal({
      code: 'ERR_WECHAT_STATE',
      reason: 'unknown',
      hint,
      cause: 'other-host',
      host: 'www.shop.example',
      callbackHost: 'shop.example',
      mode: 'mp',
    })
  })

  it('does not report another host if a proxy names the right one', async () => {
    const { cause } = await refused({ headers: { host: 'app:3000', 'x-forwarded-host': 'shop.example' } })
    expect(cause).to.equal('other-session')
  })

  it('does not report another host if callbackURL is relative, or the Host header is not a host', async () => {
    const { cause } = await refused({ headers: { host: 'app:3000' } }, { callbackURL: '/callback' })
    expect(cause).to.equal('other-session')
    expect((await refused({ headers: { host: '<script>' } })).cause).to.equal('other-session')
  })

  it('does not report another host if it is that of another app', async () => {
    const logger = new Recorder()
    const website = { ...apps.website, callbackURL: 'https://desk.example/callback' }
    const strategy = appsStrategy(undefined, { apps: { mp: apps.mp, website }, logger })
    const headers = { host: 'desk.example', 'user-agent': 'MicroMessenger', cookie: 'theme=dark' }
    await failureOf(strategy, { session: {}, headers })
    expect(logger.lines[0]?.[2]).to.include({ cause: 'other-session' })
  })

  it('reports a late callback if the session still has the state', async () => {
    const login = { strategy: 'wechat', mode: 'mp', appId, scope: '', callbackURL: 'https://shop.example/' }
    const session = { [`wechat:${appId}`]: [{ ...login, state, exp: now }] }
    const { cause, hint, level } = await refused({ headers: { cookie: '' }, session })
    expect([cause, level]).to.deep.equal(['expired', 'debug'])
    expect(hint).to.equal('The login took too long: its state has expired. Start the login again')
  })

  it('reports a late callback if the browser still has the unused cookie of the state', async () => {
    let time = now
    let written = ''
    const res = {
      appendHeader: (_name: string, value: string) => {
        written = value.split(';')[0] ?? ''
      },
    }
    const store = new CookieStateStore({ secret, now: () => time })
    const begun = await mpStrategy(undefined, { store }).getAuthorization(requestOf({ res }))
    const cookie = written
    const causeOf = async (sent: string, given: string): Promise<unknown> => {
      const logger = new Recorder()
      const headers = { host: 'shop.example', cookie: sent }
      const strategy = mpStrategy(undefined, { store, logger })
      await failureOf(strategy, { res, headers, query: { code: 'authdeny', state: given } })
      return logger.lines[0]?.[2]['cause']
    }
    expect(await causeOf(cookie, begun.state)).to.equal(undefined)
    time += 30 * 60_000
    expect(await causeOf(cookie, begun.state)).to.equal('expired')
    expect(await causeOf(written, begun.state)).to.equal('other-session')
    expect(await causeOf(cookie, state)).to.equal('other-session')
  })

  it('does not mention the session cookie if states have their own cookies', async () => {
    const store = new CookieStateStore({ secret })
    expect((await refused(sessionWith({ secure: true }), { store })).cause).to.equal('other-session')
    expect((await refused({ headers: { cookie: '' } }, { store })).hint).to.contain('takes too long')
  })

  it('is still refused if the logger throws', async () => {
    const fail = (): never => {
      throw new Error('the disk is full')
    }
    const strategy = mpStrategy(undefined, { logger: { debug: fail, warn: fail } })
    expect(await failureOf(strategy, { session: {} })).to.include({ reason: 'unknown' })
  })
})

describe('a state that was refused for another reason', () => {
  it('gets no hint and is no warning', async () => {
    const logger = new Recorder()
    const failure = await failureOf(mpStrategy(undefined, { logger }), { session: {}, query: { code } })
    expect(failure).to.deep.equal({
      code: 'ERR_WECHAT_STATE',
      reason: 'missing',
      message: 'This login was started in another browser, has already finished, or has expired. Start again',
    })
    expect(logger.lines.map(([level]) => level)).to.deep.equal(['debug'])
  })
})
