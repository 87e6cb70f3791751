import { CookieStateStore, type CookieStateStoreOptions } from '@wechat-auth/passport-wechat'
import { WechatError } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import {
  action,
  authenticate,
  requestOf,
  type Action,
  type RequestParts,
} from '../../helpers/authenticate.js'
import { FakeWechat } from '../../helpers/fake-wechat.js'
import { rejection } from '../../helpers/rejection.js'
import { callbackURL, mpStrategy } from '../../helpers/strategies.js'
import { appId, code, now } from '../../helpers/wechat-replies.js'

const secret = 'a secret of thirty-two bytes or more'
const otherSecret = 'another secret of thirty-two bytes or so'

interface Setting extends Partial<CookieStateStoreOptions> {
  /** Default: an http URL. */
  callbackURL?: string | null
  proxy?: boolean
  strategyNow?: () => number
}

const overHttp = callbackURL.replace('https:', 'http:')

/** A strategy whose cookies go into a jar, and requests that send them. */
function setUp(setting: Setting = {}) {
  const { callbackURL: url = overHttp, proxy = false, strategyNow = () => now, ...options } = setting
  const wechat = new FakeWechat()
  const store = new CookieStateStore({ secret, now: () => now, ...options })
  const strategy = mpStrategy(wechat, { callbackURL: url, proxy, now: strategyNow, store })
  const jar = new Map<string, string>()
  const written: string[] = []
  const res = {
    appendHeader(name: string, value: string) {
      expect(name).to.equal('Set-Cookie')
      written.push(value)
      const [pair = ''] = value.split(';')
      const at = pair.indexOf('=')
      if (/Max-Age=0;/.test(value)) jar.delete(pair.slice(0, at))
      else jar.set(pair.slice(0, at), pair.slice(at + 1))
    },
  }
  const cookie = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  const request = (parts: RequestParts = {}) =>
    requestOf({ res, ...parts, headers: { ...(jar.size > 0 && { cookie: cookie() }), ...parts.headers } })
  return { wechat, strategy, jar, written, cookie, request }
}

const refusal = (taken: Action) =>
  taken.action === 'fail' ? (taken.info as { reason?: string }).reason : taken.action

describe('CookieStateStore', () => {
  const bad: [string, unknown, RegExp][] = [
    ['no options', undefined, /secret/],
    ['no secret', {}, /secret/],
    ['a secret of 31 bytes', { secret: 'a'.repeat(31) }, /secret/],
    ['no secrets', { secret: [] }, /secret/],
    ['a short one among several secrets', { secret: [secret, 'short'] }, /secret/],
    ['a maxAge that is a string', { secret, maxAge: '30m' }, /maxAge/],
    ['no maxAge', { secret, maxAge: 0 }, /maxAge/],
    ['sameSite strict, which cannot work', { secret, sameSite: 'strict' }, /sameSite/],
    ['setCookie that is not a function', { secret, setCookie: true }, /setCookie/],
    ['now that is not a function', { secret, now: 1 }, /now/],
  ]
  for (const [title, options, message] of bad) {
    it(`refuses ${title} with a TypeError that names the option`, () => {
      expect(() => new CookieStateStore(options as CookieStateStoreOptions)).to.throw(TypeError, message)
    })
  }

  it('counts the bytes of the secret', () => {
    expect(() => new CookieStateStore({ secret: '密'.repeat(11) })).not.to.throw()
  })

  it('writes one signed HttpOnly cookie for each attempt, named after its state', async () => {
    const { strategy, request, written } = setUp()
    const { state } = await strategy.getAuthorization(request())
    expect(written).to.have.length(1)
    expect(written[0]).to.match(
      new RegExp(
        `^wechat\\.${state.slice(0, 8)}=[\\w-]+\\.[\\w-]{43}; Path=/; Max-Age=1800; HttpOnly; SameSite=Lax$`,
      ),
    )
  })

  const attributes = '; Path=/; Max-Age=1800; HttpOnly; Secure; SameSite=Lax'
  const ofHttps = (state: string) => new RegExp(`^__Host-wechat\\.${state.slice(0, 8)}=[^;]+${attributes}$`)

  for (const url of [callbackURL, callbackURL.replace('https:', 'HTTPS:')]) {
    it(`writes a Secure cookie with the prefix __Host- if callbackURL is ${url}`, async () => {
      const { strategy, request, written } = setUp({ callbackURL: url })
      const { state } = await strategy.getAuthorization(request({ headers: { 'x-forwarded-proto': 'http' } }))
      expect(written[0]).to.match(ofHttps(state))
    })
  }

  it('prefers the callbackURL of the call to that of the strategy', async () => {
    const { strategy, request, written } = setUp()
    const { state } = await strategy.getAuthorization(request(), { callbackURL })
    expect(written[0]).to.match(ofHttps(state))
    const other = setUp({ callbackURL })
    await other.strategy.getAuthorization(other.request({ secure: true }), { callbackURL: overHttp })
    expect(other.written[0])
      .to.match(/^wechat\./)
      .and.not.contain('Secure')
  })

  const sayingHttps: [string, RequestParts, boolean][] = [
    ['Express reports https', { secure: true }, false],
    ['Fastify reports https', { protocol: 'https' }, false],
    ['the socket is encrypted', { socket: { encrypted: true } }, false],
    ['a trusted proxy reports https', { headers: { 'x-forwarded-proto': 'https' } }, true],
  ]
  for (const [title, { headers, ...parts }, proxy] of sayingHttps) {
    it(`treats a relative callbackURL as https if ${title}`, async () => {
      const { strategy, request, written } = setUp({ callbackURL: '/callback', proxy })
      const req = request({ ...parts, headers: { host: 'shop.example', ...(headers as object) } })
      const { state } = await strategy.getAuthorization(req)
      expect(written[0]).to.match(ofHttps(state))
    })
  }

  it('ignores an untrusted proxy if callbackURL is relative', async () => {
    const { strategy, request, written } = setUp({ callbackURL: '/callback' })
    const headers = { host: 'shop.example', 'x-forwarded-proto': 'https' }
    await strategy.getAuthorization(request({ headers }))
    expect(written[0])
      .to.match(/^wechat\./)
      .and.not.contain('Secure')
  })

  it('can write SameSite=None if callbackURL is https', async () => {
    for (const [url, sameSite] of [
      [callbackURL, 'None'],
      [overHttp, 'Lax'],
    ] as const) {
      const { strategy, request, written } = setUp({ sameSite: 'none', callbackURL: url })
      await strategy.getAuthorization(request())
      expect(written[0]).to.match(new RegExp(`SameSite=${sameSite}$`))
    }
  })

  it('reads only cookies with the prefix if callbackURL is https', async () => {
    const { strategy, request, cookie } = setUp({ callbackURL })
    const { state } = await strategy.getAuthorization(request())
    const planted = { cookie: cookie().replace('__Host-', '') }
    const attack = request({ headers: planted, query: { code, state } })
    expect(refusal(await authenticate(strategy, attack))).to.equal('unknown')
    await action('success', authenticate(strategy, request({ query: { code, state } })))
  })

  it('reads only cookies with the prefix if the callbackURL of the call is https', async () => {
    const { strategy, request, jar } = setUp()
    const { state } = await strategy.getAuthorization(request())
    expect([...jar.keys()].join()).to.match(/^wechat\./)
    const callback = () => request({ query: { code, state } })
    expect(refusal(await authenticate(strategy, callback(), { callbackURL }))).to.equal('unknown')
    await action('success', authenticate(strategy, callback()))
  })

  it('recognizes a secure login only by a cookie with the prefix on a route without a URL', async () => {
    const { strategy, request, cookie, written } = setUp({ callbackURL: null })
    const { state } = await strategy.getAuthorization(request(), { callbackURL })
    const planted = { cookie: cookie().replace('__Host-', '') }
    const attack = request({ headers: planted, query: { code, state } })
    expect(refusal(await authenticate(strategy, attack))).to.equal('unknown')
    await action('success', authenticate(strategy, request({ query: { code, state } })))
    expect(written.at(-1)).to.match(/^__Host-wechat\.[^;]+; Path=\/; Max-Age=60; HttpOnly; Secure; /)
  })

  it("logs in with the login's record", async () => {
    const { strategy, request } = setUp()
    const { state } = await strategy.getAuthorization(request(), { state: { returnTo: '/购物车' } })
    const { info } = await action('success', authenticate(strategy, request({ query: { code, state } })))
    expect(info).to.deep.include({ state: { returnTo: '/购物车' }, appId, mode: 'mp' })
  })

  it('lets logins in two tabs finish in either order', async () => {
    const { strategy, request } = setUp()
    const tabs = [await strategy.getAuthorization(request()), await strategy.getAuthorization(request())]
    for (const { state } of tabs.reverse())
      await action('success', authenticate(strategy, request({ query: { code, state } })))
  })

  it('refuses a browser without the cookie', async () => {
    const { strategy, request } = setUp()
    const { state } = await strategy.getAuthorization(request())
    expect(
      refusal(await authenticate(strategy, request({ headers: { cookie: '' }, query: { code, state } }))),
    ).to.equal('unknown')
  })

  it('finds its cookie among others, quoted and broken ones included', async () => {
    const { strategy, request, jar } = setUp()
    const { state } = await strategy.getAuthorization(request())
    const [[name, value]] = [...jar] as [[string, string]]
    const cookie = `; ;=x; novalue; theme=a=b; ${name}=rubbish; ${name}=a.b.c; ${name}="${value}";%%%=1`
    await action('success', authenticate(strategy, request({ headers: { cookie }, query: { code, state } })))
  })

  it('replaces a used cookie for 60 s with a mark that starts no login', async () => {
    const { strategy, request, written, cookie } = setUp()
    const { state } = await strategy.getAuthorization(request())
    await action('success', authenticate(strategy, request({ query: { code, state } })))
    expect(written.at(-1)).to.match(
      new RegExp(`^wechat\\.${state.slice(0, 8)}=[^;]+; Path=/; Max-Age=60; HttpOnly; SameSite=Lax$`),
    )
    expect(Buffer.from(written.at(-1) ?? '', 'base64url').toString()).not.to.contain(code)

    const elsewhere = setUp()
    const taken = await authenticate(
      elsewhere.strategy,
      elsewhere.request({ headers: { cookie: cookie() }, query: { code, state } }),
    )
    expect(refusal(taken)).to.equal('replayed')
    expect(elsewhere.wechat.requests).to.deep.equal([])
  })

  it('accepts a mark only with its code', async () => {
    const { strategy, request } = setUp()
    const { state } = await strategy.getAuthorization(request())
    await action('success', authenticate(strategy, request({ query: { code, state } })))
    const elsewhere = setUp()
    expect(
      refusal(await authenticate(elsewhere.strategy, request({ query: { code: 'another', state } }))),
    ).to.equal('unknown')
  })

  it('forgets a mark after 60 s', async () => {
    let time = now
    const { strategy, request } = setUp({ now: () => time, strategyNow: () => time })
    const { state } = await strategy.getAuthorization(request())
    const callback = () => authenticate(strategy, request({ query: { code, state } }))
    expect((await callback()).action).to.equal('success')
    time += 59_999
    expect((await callback()).action).to.equal('success')
    time += 1
    expect(refusal(await callback())).to.equal('unknown')
  })

  it('allows the user maxAge for the login', async () => {
    let time = now
    const { strategy, request, written } = setUp({ now: () => time, maxAge: 5000 })
    const [first, second] = [
      await strategy.getAuthorization(request()),
      await strategy.getAuthorization(request()),
    ]
    expect(written[0]).to.contain('Max-Age=5;')
    time += 4999
    await action('success', authenticate(strategy, request({ query: { code, state: first.state } })))
    time += 1
    expect(refusal(await authenticate(strategy, request({ query: { code, state: second.state } })))).to.equal(
      'unknown',
    )
  })

  it('accepts all secrets and signs with the first', async () => {
    const old = setUp({ secret: otherSecret })
    const { state } = await old.strategy.getAuthorization(old.request())
    const rotated = setUp({ secret: [secret, otherSecret] })
    await action(
      'success',
      authenticate(
        rotated.strategy,
        rotated.request({ headers: { cookie: old.cookie() }, query: { code, state } }),
      ),
    )

    const { state: fresh } = await rotated.strategy.getAuthorization(rotated.request())
    const later = setUp({ secret: [secret] })
    await action(
      'success',
      authenticate(
        later.strategy,
        later.request({ headers: { cookie: rotated.cookie() }, query: { code, state: fresh } }),
      ),
    )
    expect(
      refusal(
        await authenticate(
          setUp({ secret: otherSecret }).strategy,
          rotated.request({ query: { code, state: fresh } }),
        ),
      ),
    ).to.equal('unknown')
  })

  it('refuses a cookie with any change', async () => {
    const { strategy, request, jar } = setUp()
    const { state } = await strategy.getAuthorization(request())
    const [[name, value]] = [...jar] as [[string, string]]
    const [body = '', signature = ''] = value.split('.')
    const record = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>
    const forged = Buffer.from(JSON.stringify({ ...record, exp: now + 1e9 })).toString('base64url')
    for (const cookie of [
      `${forged}.${signature}`,
      `${body}.${signature.slice(0, -4)}AAAA`,
      body,
      `${body}.`,
      `.${signature}`,
      `${value}.x`,
      '',
    ]) {
      expect(
        refusal(
          await authenticate(
            strategy,
            request({ headers: { cookie: `${name}=${cookie}` }, query: { code, state } }),
          ),
        ),
      ).to.equal('unknown')
    }
  })

  it('does not accept the cookie of one attempt for another with the same first characters', async () => {
    const { strategy, request, cookie } = setUp()
    const { state } = await strategy.getAuthorization(request())
    const other = state.slice(0, 8) + 'f'.repeat(40)
    expect(
      refusal(
        await authenticate(
          strategy,
          request({ headers: { cookie: cookie() }, query: { code, state: other } }),
        ),
      ),
    ).to.equal('unknown')
  })

  it('keeps at most ten attempts, so that the Cookie header stays small', async () => {
    let time = now
    const { strategy, request, jar } = setUp({ now: () => time++ })
    const states: string[] = []
    for (let i = 0; i < 13; i++) states.push((await strategy.getAuthorization(request())).state)
    expect([...jar.keys()]).to.deep.equal(states.slice(3).map((state) => `wechat.${state.slice(0, 8)}`))
  })

  it('keeps fewer attempts if they are long, so that the Cookie header never exceeds what servers accept', async () => {
    let time = now
    const { strategy, request, jar, cookie } = setUp({ now: () => time++ })
    for (let i = 0; i < 5; i++) {
      await strategy.getAuthorization(request(), { state: 'x'.repeat(1000 + i) })
      expect(cookie().length).to.be.at.most(6144)
    }
    expect(jar.size).to.equal(3)
    const { state } = await strategy.getAuthorization(request(), { state: 'x'.repeat(2400) })
    expect([...jar.keys()].at(-1)).to.equal(`wechat.${state.slice(0, 8)}`)
    expect(jar.size).to.equal(2)
  })

  it('reports an error for a state that does not fit into a cookie', async () => {
    const { strategy, request, written } = setUp()
    const { error } = await action('error', authenticate(strategy, request(), { state: 'x'.repeat(4000) }))
    expect(error).to.be.instanceOf(WechatError).with.property('code', 'ERR_WECHAT_STATE_STORE')
    expect(written).to.deep.equal([])
  })

  it("writes through Koa's context if there is no response", async () => {
    const appended: string[] = []
    const ctx = { append: (name: string, value: string) => appended.push(`${name}: ${value}`) }
    await setUp().strategy.getAuthorization(requestOf({ ctx }))
    expect(appended)
      .to.have.length(1)
      .with.property('0')
      .that.matches(/^Set-Cookie: wechat\./)
  })

  it('writes through the option setCookie and waits for it', async () => {
    const calls: unknown[][] = []
    const setCookie = async (...given: unknown[]) => {
      await new Promise(setImmediate)
      calls.push(given)
    }
    const req = requestOf()
    await setUp({ setCookie }).strategy.getAuthorization(req)
    expect(calls).to.have.length(1)
    expect(calls[0]?.[0]).to.equal(req)
    expect(calls[0]?.[1]).to.match(/^wechat\./)
  })

  it("does not wait for a value that is not a promise, such as Fastify's reply", async () => {
    const looks: unknown[] = []
    const setCookie = () => ({
      then: (...given: unknown[]) => {
        looks.push(given)
      },
    })
    const { strategy } = setUp({ setCookie })
    await strategy.getAuthorization(requestOf())
    expect(looks).to.deep.equal([])
  })

  it('is an error if there is no way to write', async () => {
    const error = await rejection(setUp().strategy.getAuthorization(requestOf()), WechatError)
    expect(error).to.have.property('code', 'ERR_WECHAT_STATE_STORE')
    expect(error.message).to.contain('setCookie')
  })

  it('is an error if setCookie throws or rejects, in both steps', async () => {
    const failure = new Error('headers are sent')
    const good = setUp()
    const { state } = await good.strategy.getAuthorization(good.request())
    for (const setCookie of [
      () => {
        throw failure
      },
      () => Promise.reject(failure),
    ]) {
      const { strategy } = setUp({ setCookie })
      expect(await authenticate(strategy, requestOf())).to.deep.equal({ action: 'error', error: failure })
      expect(
        await authenticate(
          strategy,
          requestOf({ headers: { cookie: good.cookie() }, query: { code, state } }),
        ),
      ).to.deep.equal({ action: 'error', error: failure })
    }
  })

  it('judges https by the request if it is used without the strategy', (done) => {
    const store = new CookieStateStore({ secret })
    const written: string[] = []
    const req = requestOf({
      socket: { encrypted: true },
      res: { appendHeader: (_name: string, value: string) => written.push(value) },
    })
    store.store(req, { any: 'state' }, undefined as never, (error, state) => {
      expect(error).to.equal(null)
      expect(written[0]).to.match(/^__Host-wechat\./)
      req.headers.cookie = written[0]?.split(';')[0] ?? ''
      store.verify(req, String(state), {} as never, (...answer) => {
        expect(answer).to.deep.equal([null, true, { any: 'state' }])
        done()
      })
    })
  })

  it('keeps the address of the callback in the record', async () => {
    const { strategy, request, jar } = setUp()
    await strategy.getAuthorization(request())
    const [body = ''] = [...jar.values()].join().split('.')
    const { record } = JSON.parse(Buffer.from(body, 'base64url').toString()) as { record?: unknown }
    const login = { strategy: 'wechat', mode: 'mp', appId, scope: 'snsapi_userinfo' }
    expect(record).to.deep.equal({ ...login, callbackURL: overHttp })
  })
})
