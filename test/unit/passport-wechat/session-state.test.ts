import { WechatError } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import { action, authenticate, requestOf } from '../../helpers/authenticate.js'
import { FakeWechat } from '../../helpers/fake-wechat.js'
import { apps, appsStrategy, callbackURL, mpStrategy } from '../../helpers/strategies.js'
import { appId, code, now, tokenReply } from '../../helpers/wechat-replies.js'

const key = `wechat:${appId}`
type Records = Record<string, { state: string }[]>

/** A session that keeps only assigned values, as sessions in cookies do, and ignores `delete`, as @fastify/secure-session does. */
function sealedSession(): Record<string, unknown> {
  const kept = new Map<string | symbol, unknown>()
  return new Proxy(
    {},
    {
      get: (_target, name) => structuredClone(kept.get(name)),
      set: (_target, name, value) => {
        kept.set(name, structuredClone(value))
        return true
      },
      deleteProperty: () => true,
    },
  )
}

describe('states in the session', () => {
  it("are kept in an array under the app's key, with the login's record", async () => {
    const session: Record<string, unknown> = {}
    const { state } = await mpStrategy(undefined, { now: () => now }).getAuthorization(
      requestOf({ session }),
      { state: { cart: 1 } },
    )
    expect(session).to.deep.equal({
      [key]: [
        {
          state,
          strategy: 'wechat',
          mode: 'mp',
          appId,
          scope: 'snsapi_userinfo',
          callbackURL,
          app: { cart: 1 },
          exp: now + 30 * 60_000,
        },
      ],
    })
  })

  it('are added and removed by assignment, for sessions that notice nothing else', async () => {
    const strategy = mpStrategy(new FakeWechat())
    const session = sealedSession()
    const first = await strategy.getAuthorization(requestOf({ session }))
    const second = await strategy.getAuthorization(requestOf({ session }))
    for (const { state } of [first, second])
      await action('success', authenticate(strategy, requestOf({ session, query: { code, state } })))
    expect(session[key]).to.deep.equal([])
  })

  it('let logins in two tabs finish in either order', async () => {
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const strategy = mpStrategy(new FakeWechat())
      const session = {}
      const tabs = [
        await strategy.getAuthorization(requestOf({ session })),
        await strategy.getAuthorization(requestOf({ session })),
      ]
      for (const tab of order)
        await action(
          'success',
          authenticate(strategy, requestOf({ session, query: { code, state: tabs[tab]?.state } })),
        )
    }
  })

  it('are at most ten: the oldest is removed first', async () => {
    const strategy = mpStrategy(new FakeWechat())
    const session: Records = {}
    const states: string[] = []
    for (let i = 0; i < 11; i++) states.push((await strategy.getAuthorization(requestOf({ session }))).state)
    expect(session[key]?.map(({ state }) => state)).to.deep.equal(states.slice(1))
    expect(
      (await authenticate(strategy, requestOf({ session, query: { code, state: states[0] } }))).action,
    ).to.equal('fail')
  })

  it('expire after 30 minutes', async () => {
    let time = now
    const strategy = mpStrategy(new FakeWechat(), { now: () => time })
    const session = {}
    const [first, second] = [
      await strategy.getAuthorization(requestOf({ session })),
      await strategy.getAuthorization(requestOf({ session })),
    ]
    time = now + 30 * 60_000 - 1
    await action(
      'success',
      authenticate(strategy, requestOf({ session, query: { code, state: first.state } })),
    )
    time += 1
    const { status, info } = await action(
      'fail',
      authenticate(strategy, requestOf({ session, query: { code, state: second.state } })),
    )
    expect(status).to.equal(403)
    expect(info).to.include({ code: 'ERR_WECHAT_STATE', reason: 'unknown' })
  })

  it('are also consumed by a callback without a code', async () => {
    const strategy = mpStrategy()
    const session: Records = {}
    const { state } = await strategy.getAuthorization(requestOf({ session }))
    const { info } = await action('fail', authenticate(strategy, requestOf({ session, query: { state } })))
    expect(info).to.have.property('code', 'ERR_WECHAT_DENIED')
    expect(session[key]).to.deep.equal([])
  })

  it('are not consumed by a wrong state', async () => {
    const strategy = mpStrategy()
    const session: Records = {}
    await strategy.getAuthorization(requestOf({ session }))
    await action(
      'fail',
      authenticate(strategy, requestOf({ session, query: { code, state: 'f'.repeat(48) } })),
    )
    expect(session[key]).to.have.length(1)
  })

  it('are found for each configured app, and determine the mode regardless of the User-Agent', async () => {
    const wechat = new FakeWechat()
    wechat.replies['/sns/oauth2/access_token'] = tokenReply({ scope: 'snsapi_login' })
    const strategy = appsStrategy(wechat)
    const session = {}
    const { state } = await strategy.getAuthorization(requestOf({ session }), { mode: 'website' })
    const headers = { 'user-agent': 'Mozilla/5.0 MicroMessenger/8.0.50' }
    const { info } = await action(
      'success',
      authenticate(strategy, requestOf({ session, headers, query: { code, state } })),
    )
    expect(info).to.include({ mode: 'website', appId: apps.website.appId })
    expect(wechat.requests[0]?.searchParams.get('appid')).to.equal(apps.website.appId)
  })

  it('are ignored if the session holds something else under their key', async () => {
    for (const rubbish of [
      'text',
      { constructor: 1 },
      [
        null,
        1,
        'x',
        {},
        { state: 1 },
        { state: 'x', exp: 'y', mode: 'mp', appId, scope: '', callbackURL: '' },
      ],
    ]) {
      const session = { [key]: rubbish }
      const { info } = await action(
        'fail',
        authenticate(mpStrategy(), requestOf({ session, query: { code, state: 'x' } })),
      )
      expect(info).to.include({ code: 'ERR_WECHAT_STATE', reason: 'unknown' })
      expect((await authenticate(mpStrategy(), requestOf({ session }))).action).to.equal('redirect')
    }
  })

  for (const [title, session] of [
    ['no session', undefined],
    ['a session of null', null],
  ] as const) {
    it(`need session middleware: both steps fail with an explanation for ${title}`, async () => {
      for (const query of [{}, { code, state: 'a' }]) {
        const { error } = await action(
          'error',
          authenticate(mpStrategy(), requestOf({ session: session as undefined, query })),
        )
        expect(error).to.be.instanceOf(WechatError).with.property('code', 'ERR_WECHAT_STATE_STORE')
        expect(error).to.have.property('message').that.contains('session').and.contains('CookieStateStore')
      }
    })
  }
})

describe('a state', () => {
  const strange: [string, unknown, string][] = [
    ['missing', undefined, 'missing'],
    ['empty', '', 'missing'],
    ['named twice', ['a', 'b'], 'missing'],
    ['an object of a query parser', { a: 'b' }, 'missing'],
    ['"constructor"', 'constructor', 'unknown'],
    ['"__proto__"', '__proto__', 'unknown'],
    ['"length"', 'length', 'unknown'],
    ['"0"', '0', 'unknown'],
    ['too long', 'a'.repeat(129), 'unknown'],
  ]
  for (const [title, state, reason] of strange) {
    it(`is refused when it is ${title}`, async () => {
      const wechat = new FakeWechat()
      const strategy = mpStrategy(wechat)
      const session = {}
      await strategy.getAuthorization(requestOf({ session }))
      const taken = await authenticate(
        strategy,
        requestOf({ session, query: { code, ...(state !== undefined && { state }) } }),
      )
      expect(taken).to.include({ action: 'fail', status: 403 })
      expect(taken).to.have.property('info').that.includes({ code: 'ERR_WECHAT_STATE', reason })
      expect(wechat.requests).to.deep.equal([])
    })
  }

  it('is checked before a denial: a denial without a valid state is a 403', async () => {
    for (const query of [
      { code: 'authdeny' },
      { code: '' },
      { state: 'x' },
      { code: 'authdeny', state: 'x' },
    ]) {
      const { status } = await action('fail', authenticate(mpStrategy(), requestOf({ session: {}, query })))
      expect(status).to.equal(403)
    }
  })

  it('of an unrelated link makes the visit a callback, unless isCallback returns false', async () => {
    const visit = () => requestOf({ session: {}, query: { state: 'utm' } })
    expect((await authenticate(mpStrategy(), visit())).action).to.equal('fail')
    expect(
      (
        await authenticate(
          mpStrategy(undefined, { isCallback: (req) => req.query['code'] !== undefined }),
          visit(),
        )
      ).action,
    ).to.equal('redirect')
  })

  it('is read from the URL if the framework parses no query', async () => {
    const strategy = mpStrategy(new FakeWechat())
    const session = {}
    const { state } = await strategy.getAuthorization(requestOf({ session }))
    const twice = await authenticate(
      strategy,
      requestOf({
        session,
        query: undefined as never,
        url: `/cb?state=${state}&state=${state}&code=${code}`,
      }),
    )
    expect(twice).to.have.nested.property('info.reason', 'missing')
    expect(
      (
        await authenticate(
          strategy,
          requestOf({ session, query: undefined as never, url: `//cb?state=${state}&code=${code}` }),
        )
      ).action,
    ).to.equal('success')
    expect(
      (await authenticate(strategy, requestOf({ session, query: undefined as never, url: '//' }))).action,
    ).to.equal('redirect')
  })
})

describe('a code', () => {
  const codes: [string, unknown, string][] = [
    ['missing', undefined, 'ERR_WECHAT_DENIED'],
    ['empty', '', 'ERR_WECHAT_DENIED'],
    ['authdeny', 'authdeny', 'ERR_WECHAT_DENIED'],
    ['named twice', ['a', 'b'], 'ERR_WECHAT_CODE'],
    ['an object of a query parser', { a: 'b' }, 'ERR_WECHAT_CODE'],
    ['of more than one line', 'a\nb', 'ERR_WECHAT_CODE'],
    ['not ASCII', '码', 'ERR_WECHAT_CODE'],
    ['of 513 characters', 'a'.repeat(513), 'ERR_WECHAT_CODE'],
  ]
  for (const [title, value, failure] of codes) {
    it(`fails with ${failure} when it is ${title}, and is not sent to WeChat`, async () => {
      const wechat = new FakeWechat()
      const strategy = mpStrategy(wechat)
      const session = {}
      const { state } = await strategy.getAuthorization(requestOf({ session }))
      const taken = await authenticate(
        strategy,
        requestOf({ session, query: { state, ...(value !== undefined && { code: value }) } }),
      )
      expect(taken).to.include({ action: 'fail', status: 401 })
      expect(taken)
        .to.have.property('info')
        .that.has.all.keys('message', 'code')
        .and.includes({ code: failure })
      expect(wechat.requests).to.deep.equal([])
    })
  }
})

describe('state: false', () => {
  it('checks and keeps nothing, and needs no session', async () => {
    const strategy = mpStrategy(new FakeWechat(), { state: false })
    const { info } = await action('success', authenticate(strategy, requestOf({ query: { code } })))
    expect(info).not.to.have.property('state')
  })

  it('needs the mode of the call if several apps have a page', async () => {
    const strategy = appsStrategy(new FakeWechat(), { state: false })
    const { error } = await action('error', authenticate(strategy, requestOf({ query: { code } })))
    expect(error).to.be.instanceOf(WechatError).with.property('code', 'ERR_WECHAT_CONFIG')
    const { info } = await action(
      'success',
      authenticate(strategy, requestOf({ query: { code } }), { mode: 'mp' }),
    )
    expect(info).to.have.property('mode', 'mp')
  })
})
