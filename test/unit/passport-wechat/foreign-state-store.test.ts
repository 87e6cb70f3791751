import { createRequire } from 'node:module'
import { WechatStrategy, type StateStore } from '@wechat-auth/passport-wechat'
import { WechatError } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import { action, authenticate, requestOf } from '../../helpers/authenticate.js'
import { FakeWechat } from '../../helpers/fake-wechat.js'
import { apps, appsStrategy, callbackURL, mpStrategy } from '../../helpers/strategies.js'
import { appId, appSecret, code, tokenReply } from '../../helpers/wechat-replies.js'

type Method = (...given: unknown[]) => unknown
type Callback = (error: unknown, ...results: unknown[]) => void

const meta = {
  authorizationURL: 'https://open.weixin.qq.com/connect/oauth2/authorize',
  tokenURL: 'https://api.weixin.qq.com/sns/oauth2/access_token',
  clientID: appId,
  callbackURL,
}
const record = { strategy: 'wechat', mode: 'mp', appId, scope: 'snsapi_userinfo', callbackURL }
const state = 'handle123'

const callbackOf = (given: unknown[]) => given.at(-1) as Callback
const declaring = (length: number, method: Method): Method =>
  Object.defineProperty((...given: unknown[]) => method(...given), 'length', { value: length })
const storeOf = (store: Method, verify: Method) => ({ store, verify }) as unknown as StateStore

/** A store whose functions declare this many parameters, and which keeps its arguments. */
function recordingStore(
  storeLength: number,
  verifyLength: number,
): { store: StateStore; stored: unknown[][]; verified: unknown[][] } {
  const stored: unknown[][] = []
  const verified: unknown[][] = []
  return {
    stored,
    verified,
    store: storeOf(
      declaring(storeLength, (...given) => {
        stored.push(given.slice(0, -1))
        callbackOf(given)(null, state)
      }),
      declaring(verifyLength, (...given) => {
        verified.push(given.slice(0, -1))
        callbackOf(given)(null, true, storeLength >= 4 ? stored[0]?.at(-2) : undefined)
      }),
    ),
  }
}

describe('a state store of passport-oauth2', () => {
  const forms: [number, (given: unknown[]) => unknown[]][] = [
    [2, () => []],
    [3, (given) => given],
    [4, (given) => given],
    [5, (given) => given.slice(1)],
  ]
  for (const [storeLength, rest] of forms) {
    for (const verifyLength of [3, 4]) {
      it(`works with ${storeLength} parameters of store and ${verifyLength} of verify`, async () => {
        const { store, stored, verified } = recordingStore(storeLength, verifyLength)
        const strategy = mpStrategy(new FakeWechat(), { store })
        const first = requestOf()
        const { url } = await action('redirect', authenticate(strategy, first))
        expect(new URL(url).searchParams.get('state')).to.equal(state)
        expect(stored[0]).to.have.length(storeLength - 1)
        expect(stored[0]?.[0]).to.equal(first)
        const [given, meaning] = rest(stored[0]?.slice(1) ?? [])
        if (storeLength >= 4) expect(given).to.deep.equal(record)
        if (storeLength >= 3) expect(meaning ?? given).to.deep.equal({ ...meta, mode: 'mp', secure: true })
        if (storeLength === 5) expect(stored[0]?.[1]).to.be.a('string').with.length.above(40)

        const second = requestOf({ query: { code, state } })
        await action('success', authenticate(strategy, second))
        expect(verified[0]?.slice(0, 2)).to.deep.equal([second, state])
        if (verifyLength === 4)
          expect(verified[0]?.[2])
            .to.deep.include({ ...meta, mode: 'mp', secure: true })
            .and.to.have.property('codeHash')
            .that.is.a('string')
        else expect(verified[0]).to.have.length(2)
      })
    }
  }

  const require = createRequire(import.meta.url)
  for (const file of ['session', 'store', 'pkcesession']) {
    it(`can be passport-oauth2's own ${file}.js`, async () => {
      const Store = require(`passport-oauth2/lib/state/${file}.js`) as new (options: {
        key: string
      }) => StateStore
      const strategy = mpStrategy(new FakeWechat(), { store: new Store({ key: 'oauth2' }) })
      const session = {}
      const { state: sent } = await strategy.getAuthorization(requestOf({ session }))
      await action('success', authenticate(strategy, requestOf({ session, query: { code, state: sent } })))
      const { info, status } = await action(
        'fail',
        authenticate(strategy, requestOf({ session: {}, query: { code: 'other', state: 'x' } })),
      )
      expect(status).to.equal(403)
      expect(info).to.include({ reason: 'unknown' })
    })
  }

  it("keeps the application's state if it has a parameter for it", async () => {
    const { store } = recordingStore(4, 4)
    const strategy = mpStrategy(new FakeWechat(), { store })
    await authenticate(strategy, requestOf(), { state: [1] })
    expect(
      (await action('success', authenticate(strategy, requestOf({ query: { code, state } })))).info,
    ).to.deep.include({ state: [1] })
  })

  it('is an error if the application passes state and the store has no parameter for it', async () => {
    const { error } = await action(
      'error',
      authenticate(mpStrategy(undefined, { store: recordingStore(3, 3).store }), requestOf(), { state: 'x' }),
    )
    expect(error).to.be.instanceOf(WechatError).with.property('code', 'ERR_WECHAT_CONFIG')
  })

  it('determines the mode by its record', async () => {
    const wechat = new FakeWechat()
    wechat.replies['/sns/oauth2/access_token'] = tokenReply({ scope: 'snsapi_login' })
    const strategy = appsStrategy(wechat, { store: recordingStore(4, 3).store })
    await authenticate(strategy, requestOf(), { mode: 'website' })
    const headers = { 'user-agent': 'MicroMessenger' }
    expect(
      (await action('success', authenticate(strategy, requestOf({ headers, query: { code, state } })))).info,
    ).to.include({ mode: 'website', appId: apps.website.appId })
  })

  it('that keeps nothing needs the mode of the call if several apps have a page', async () => {
    const strategy = appsStrategy(new FakeWechat(), { store: recordingStore(2, 3).store })
    await authenticate(strategy, requestOf(), { mode: 'mp' })
    const { error } = await action('error', authenticate(strategy, requestOf({ query: { code, state } })))
    expect(error).to.be.instanceOf(WechatError).with.property('code', 'ERR_WECHAT_CONFIG')
    expect(
      (await action('success', authenticate(strategy, requestOf({ query: { code, state } }), { mode: 'mp' })))
        .info,
    ).to.include({ mode: 'mp' })
  })

  it('that returns the record of another app or mode does not log in', async () => {
    for (const [other, reason] of [
      [{ ...record, appId: 'wxother' }, 'app'],
      [{ ...record, mode: 'website' }, 'mode'],
    ] as const) {
      const store = storeOf(
        declaring(4, () => undefined),
        declaring(4, (...given) => callbackOf(given)(null, true, other)),
      )
      const wechat = new FakeWechat()
      const { info } = await action(
        'fail',
        authenticate(mpStrategy(wechat, { store }), requestOf({ query: { code, state } })),
      )
      expect(info).to.include({ reason })
      expect(wechat.requests).to.deep.equal([])
    }
  })

  it('may report that a state was used, which starts no login', async () => {
    const store = storeOf(
      declaring(2, () => undefined),
      declaring(3, (...given) => callbackOf(given)(null, 'used')),
    )
    const { info } = await action(
      'fail',
      authenticate(mpStrategy(undefined, { store }), requestOf({ query: { code, state } })),
    )
    expect(info).to.include({ code: 'ERR_WECHAT_STATE', reason: 'replayed' })
  })

  it('must return a state that WeChat does not damage', async () => {
    for (const answer of [undefined, '', 1, 'a b', 'a&b', 'é', 'x'.repeat(129)]) {
      const store = storeOf(
        declaring(2, (...given) => callbackOf(given)(null, answer)),
        () => undefined,
      )
      const { error } = await action('error', authenticate(mpStrategy(undefined, { store }), requestOf()))
      expect(error).to.be.instanceOf(WechatError).with.property('code', 'ERR_WECHAT_STATE_STORE')
    }
  })

  const failure = new Error('the state store is down')
  const broken: [string, Method][] = [
    [
      'throws',
      () => {
        throw failure
      },
    ],
    ['answers an error', (...given) => callbackOf(given)(failure)],
    ['rejects', () => Promise.reject(failure)],
  ]
  for (const [title, method] of broken) {
    it(`that ${title} is that error, in both steps`, async () => {
      const strategy = mpStrategy(undefined, { store: storeOf(declaring(4, method), declaring(4, method)) })
      for (const query of [{}, { code, state }]) {
        expect(await authenticate(strategy, requestOf({ query }))).to.deep.equal({
          action: 'error',
          error: failure,
        })
      }
    })
  }

  it('that never answers is an error within the timeout, in both steps', async () => {
    const strategy = mpStrategy(undefined, {
      timeout: 40,
      store: storeOf(
        declaring(4, () => undefined),
        declaring(4, () => undefined),
      ),
    })
    for (const query of [{}, { code, state }]) {
      const startedAt = performance.now()
      const { error } = await action('error', authenticate(strategy, requestOf({ query })))
      expect(error).to.be.instanceOf(WechatError).with.property('code', 'ERR_WECHAT_STATE_STORE')
      expect(performance.now() - startedAt).to.be.within(35, 300)
    }
  })

  it('may first tell the second of two equal callbacks that the state is gone', async () => {
    const answers: Callback[] = []
    const store = storeOf(
      declaring(4, () => undefined),
      declaring(4, (...given) => {
        answers.push(callbackOf(given))
      }),
    )
    const wechat = new FakeWechat()
    const strategy = mpStrategy(wechat, { store })
    const callback = () =>
      authenticate(strategy, requestOf({ headers: { cookie: 'sid=1' }, query: { code, state } }))
    const both = [callback(), callback()]
    const stranger = authenticate(
      strategy,
      requestOf({ headers: { cookie: 'sid=2' }, query: { code, state } }),
    )
    while (answers.length < 3) await new Promise(setImmediate)
    answers[2]?.(null, false)
    answers[1]?.(null, false)
    await new Promise(setImmediate)
    answers[0]?.(null, true, record)
    expect((await Promise.all(both)).map(({ action: taken }) => taken)).to.deep.equal(['success', 'success'])
    expect(wechat.paths).to.deep.equal(['/sns/oauth2/access_token', '/sns/userinfo'])
    expect((await action('fail', stranger)).info).to.include({ reason: 'replayed' })
  })

  it("gives the second of two equal callbacks the first one's outcome, only if both have cookies", async () => {
    const seen: unknown[] = []
    for (const [headers, expected] of [
      [{ cookie: 'sid=1' }, 'success'],
      [{ cookie: '' }, 'fail'],
      [{}, 'fail'],
    ] as const) {
      const states = new Set([state])
      const store = storeOf(
        declaring(4, () => undefined),
        declaring(4, (...given) => callbackOf(given)(null, states.delete(String(given[1])), record)),
      )
      const strategy = new WechatStrategy(
        { appId, appSecret, callbackURL, store, fetch: new FakeWechat().fetch },
        async ({ req, profile }) => {
          seen.push(req)
          return { id: profile.id }
        },
      )
      const first = requestOf({ headers, query: { code, state } })
      await action('success', authenticate(strategy, first))
      const second = await authenticate(strategy, requestOf({ headers, query: { code, state } }))
      expect(second.action).to.equal(expected)
      if (second.action === 'fail') expect(second.info).to.include({ reason: 'replayed' })
      expect(seen.splice(0).map((req) => req === first)).to.deep.equal([true])
    }
  })

  it('refuses two equal callbacks with an unknown state, and neither waits forever for the other', async () => {
    const answers: Callback[] = []
    const store = storeOf(
      declaring(4, () => undefined),
      declaring(4, (...given) => {
        answers.push(callbackOf(given))
      }),
    )
    const strategy = mpStrategy(undefined, { store, timeout: 40 })
    const callbacks = [1, 2, 3].map(() =>
      authenticate(strategy, requestOf({ headers: { cookie: 'sid=1' }, query: { code, state } })),
    )
    while (answers.length < 3) await new Promise(setImmediate)
    answers[0]?.(null, false)
    answers[1]?.(new Error('the state store is down'))
    expect((await Promise.all(callbacks)).map(({ action: taken }) => taken)).to.deep.equal([
      'fail',
      'error',
      'error',
    ])
  })

  it('is called once as a method in each step, even if it answers twice', async () => {
    class Store {
      readonly #states = new Set<string>()
      store(...given: unknown[]): void {
        this.#states.add(state)
        callbackOf(given)(null, state)
        callbackOf(given)(null, 'another')
      }

      verify(...given: unknown[]): void {
        callbackOf(given)(null, this.#states.delete(String(given[1])))
        callbackOf(given)(null, true)
      }
    }
    const strategy = mpStrategy(new FakeWechat(), { store: new Store() as unknown as StateStore })
    expect((await strategy.getAuthorization(requestOf())).state).to.equal(state)
    await action('success', authenticate(strategy, requestOf({ query: { code, state } })))
    expect((await authenticate(strategy, requestOf({ query: { code, state } }))).action).to.equal('fail')
  })
})
