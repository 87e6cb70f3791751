import { CookieStateStore, type WechatFailure, type WechatOneAppOptions } from '@wechat-auth/passport-wechat'
import { expect } from 'chai'
import { action, authenticate, requestOf, type RequestParts } from '../../helpers/authenticate.js'
import { appsStrategy, apps, mpStrategy } from '../../helpers/strategies.js'
import { appId, code, now } from '../../helpers/wechat-replies.js'

const state = '0123456789abcdef'.repeat(4)
const secret = 'a secret of the tests, of 32 bytes and more'

class Recorder {
  readonly warnings: [string, Record<string, unknown> | undefined][] = []
  debug(): void {}
  warn(message: string, details?: Record<string, unknown>): void {
    this.warnings.push([message, details])
  }
}

/** What a callback to https://shop.example is told whose state is not known, and what the log says of it. */
async function refused(parts: RequestParts, options: Partial<WechatOneAppOptions> = {}) {
  const logger = new Recorder()
  const strategy = mpStrategy(undefined, { logger, now: () => now, ...options })
  const headers = { host: 'shop.example', cookie: 'theme=dark', ...parts.headers }
  const req = requestOf({ session: {}, query: { code, state }, url: `/callback?code=${code}&state=${state}`, ...parts, headers })
  const { info, status } = await action('fail', authenticate(strategy, req))
  const { hint = '', reason, ...rest } = info as WechatFailure
  expect([status, reason, logger.warnings.length]).to.deep.equal([403, 'unknown', 1])
  const [[message, details]] = logger.warnings as [[string, Record<string, unknown>]]
  expect(message).to.contain(hint)
  for (const text of [hint, message, JSON.stringify([details, rest])]) expect(text).not.to.contain(state).and.not.contain(code).and.not.contain('dark')
  return { hint, cause: details['cause'], details }
}

const sessionWith = (cookie: object) => ({ secure: false, session: { cookie }, sessionID: 'SESSION-ID' })

describe('a callback whose state is not known', () => {
  const cases: [string, RequestParts, string, RegExp][] = [
    ['sent no cookie', { headers: { cookie: '' } }, 'no-cookie', /no cookie.*shop\.example/],
    ['came to another host', { headers: { host: 'www.shop.example:8080' } }, 'other-host', /www\.shop\.example,.* shop\.example,/],
    ['came to another host without a cookie', { headers: { host: 'WWW.shop.example', cookie: '' } }, 'other-host', /www\.shop\.example/],
    ['has a Secure session cookie over http', sessionWith({ secure: true }), 'secure-cookie', /Secure.*trust proxy/],
    ['has one of Fastify over http', { protocol: 'http', session: { sessionId: 'x y', cookie: { secure: true } } }, 'secure-cookie', /Secure/],
    ['has a session cookie that is SameSite=Strict', sessionWith({ sameSite: 'strict' }), 'strict-cookie', /Strict.*Lax/],
    ['has one that is SameSite=Strict by the word true', sessionWith({ sameSite: true }), 'strict-cookie', /Strict/],
    ['sent other cookies', {}, 'other-session', /another browser/],
    ['has a Secure session cookie over https', { ...sessionWith({ secure: true }), secure: true }, 'other-session', /another browser/],
    ['came with a session in which there is no such login', {
      ...sessionWith({ secure: true, sameSite: 'strict' }), headers: { host: 'www.shop.example', cookie: 'connect.sid=s%3ASESSION-ID.SIGNATURE' },
    }, 'other-session', /another browser/],
  ]
  for (const [title, parts, cause, words] of cases) {
    it(`is told the likely cause where it ${title}: ${cause}`, async () => {
      const told = await refused(parts)
      expect(told.cause).to.equal(cause)
      expect(told.hint).to.match(words)
    })
  }

  it('is told of hosts in the log', async () => {
    const { details } = await refused({ headers: { host: 'www.shop.example' } })
    expect(details).to.deep.equal({ reason: 'unknown', cause: 'other-host', host: 'www.shop.example', callbackHost: 'shop.example' })
  })

  it('has not come to another host where a proxy says which one it was, or where callbackURL is relative', async () => {
    expect((await refused({ headers: { 'host': 'app:3000', 'x-forwarded-host': 'shop.example' } })).cause).to.equal('other-session')
    expect((await refused({ headers: { host: 'app:3000' } }, { callbackURL: '/callback' })).cause).to.equal('other-session')
    expect((await refused({ headers: { host: '<script>' } })).cause).to.equal('other-session')
  })

  it('has not come to another host where it is that of another app', async () => {
    const logger = new Recorder()
    const website = { ...apps.website, callbackURL: 'https://desk.example/callback' }
    const strategy = appsStrategy(undefined, { apps: { mp: apps.mp, website }, logger })
    const headers = { 'host': 'desk.example', 'user-agent': 'MicroMessenger', 'cookie': 'theme=dark' }
    await action('fail', authenticate(strategy, requestOf({ session: {}, headers, query: { code, state } })))
    expect(logger.warnings[0]?.[1]).to.include({ cause: 'other-session' })
  })

  it('is told that it is too late where the session still has the state', async () => {
    const record = { state, strategy: 'wechat', mode: 'mp', appId, scope: 'snsapi_userinfo', callbackURL: 'https://shop.example/', exp: now }
    const { cause, hint } = await refused({ headers: { cookie: '' }, session: { [`wechat:${appId}`]: [record] } })
    expect(cause).to.equal('expired')
    expect(hint).to.contain('start the login again')
  })

  it('is told that it is too late where the browser still has the cookie, and not where that was used', async () => {
    let time = now
    const headers: Record<string, string> = {}
    const res = { appendHeader: (_name: string, value: string) => { headers['cookie'] = value.split(';')[0] ?? '' } }
    const strategy = mpStrategy(undefined, { store: new CookieStateStore({ secret, now: () => time }), now: () => time })
    const late = async (given: string, cookie: string) => {
      const logger = new Recorder()
      const store = new CookieStateStore({ secret, now: () => time })
      await action('fail', authenticate(mpStrategy(undefined, { store, logger }), requestOf({ res, headers: { host: 'shop.example', cookie }, query: { code, state: given } })))
      return logger.warnings[0]?.[1]?.['cause']
    }
    const { state: given } = await strategy.getAuthorization(requestOf({ res }))
    const cookie = headers['cookie'] ?? ''
    await authenticate(strategy, requestOf({ res, headers: { cookie }, query: { code: 'authdeny', state: given } }))
    time += 30 * 60_000
    expect(await late(given, cookie)).to.equal('expired')
    expect(await late(given, headers['cookie'] ?? '')).to.equal('other-session')
    expect(await late('0'.repeat(64), cookie)).to.equal('other-session')
  })

  it('is not told of the session\'s cookie where states are not in the session', async () => {
    expect((await refused(sessionWith({ secure: true }), { store: new CookieStateStore({ secret }) })).cause).to.equal('other-session')
  })

  it('is refused all the same where the logger throws', async () => {
    const fail = (): never => { throw new Error('the disk is full') }
    const { info } = await action('fail', authenticate(mpStrategy(undefined, { logger: { debug: fail, warn: fail } }), requestOf({ session: {}, query: { code, state } })))
    expect(info).to.include({ reason: 'unknown' })
  })
})

describe('a state that was refused for another reason', () => {
  it('has no hint and is not in the log', async () => {
    const logger = new Recorder()
    const { info } = await action('fail', authenticate(mpStrategy(undefined, { logger }), requestOf({ session: {}, query: { code } })))
    expect(info).to.deep.equal({
      code: 'ERR_WECHAT_STATE', reason: 'missing',
      message: 'This login was started in another browser, has already finished, or has expired. Start again',
    })
    expect(logger.warnings).to.deep.equal([])
  })
})
