import { CookieStateStore, type StateMeta, type StateStore, type StoreCallback, type VerifyCallback } from '@wechat-auth/passport-wechat'
import { expect } from 'chai'
import type { Request } from 'express'
import { action, authenticate, requestOf, type RequestParts } from '../../helpers/authenticate.js'
import { FakeWechat } from '../../helpers/fake-wechat.js'
import { appsStrategy, callbackURL, mpStrategy } from '../../helpers/strategies.js'
import { appId, code } from '../../helpers/wechat-replies.js'

interface Keeping {
  /** A strategy's own; the application may share it. */
  store: () => StateStore | undefined
  /** What the requests of one browser have. */
  browser: () => RequestParts
}

const places: Record<string, Keeping> = {
  'in the session': {
    store: () => undefined,
    browser: () => ({ session: {} }),
  },
  'in cookies': {
    store: () => new CookieStateStore({ secret: 'a secret of the tests, of 32 bytes and more' }),
    browser: () => {
      const headers: Record<string, string> = {}
      return { headers, res: { appendHeader: (_name: string, value: string) => { headers['cookie'] = value.split(';')[0] ?? '' } } }
    },
  },
  'in a store of the application\'s': {
    store: () => keepingStore(shared),
    browser: () => ({}),
  },
}

const shared = new Map<string, unknown>()

function keepingStore(kept: Map<string, unknown>): StateStore {
  return {
    store(_req: Request, state: unknown, _meta: StateMeta, callback: StoreCallback) {
      const handle = `handle${kept.size}`
      kept.set(handle, structuredClone(state))
      callback(null, handle)
    },
    verify(_req: Request, state: string, callback: VerifyCallback) {
      callback(null, kept.has(state), kept.get(state))
      kept.delete(state)
    },
  }
}

for (const [place, { store, browser }] of Object.entries(places)) {
  describe(`two strategies of one app, with states ${place}`, () => {
    function setUp(...names: string[]) {
      const wechat = new FakeWechat()
      const strategies = names.map((name) => {
        const own = store()
        return mpStrategy(wechat, { name, ...(own && { store: own }) })
      })
      return { wechat, strategies: strategies as [typeof strategies[0], typeof strategies[0]], parts: browser() }
    }

    it('refuse each other\'s logins, whose state they do not hand out', async () => {
      const { wechat, strategies: [login, link], parts } = setUp('login', 'link')
      for (const [one, other] of [[login, link], [link, login]] as const) {
        const { state } = await one.getAuthorization(requestOf(parts), { state: { returnTo: '/admin' } })
        const { status, info } = await action('fail', authenticate(other, requestOf({ ...parts, query: { code, state } })))
        expect(status).to.equal(403)
        expect(info).to.include({ code: 'ERR_WECHAT_STATE', reason: 'strategy' }).and.not.have.property('state')
      }
      expect(wechat.requests).to.deep.equal([])
    })

    it('end their own', async () => {
      const { strategies, parts } = setUp('login', 'link')
      for (const strategy of strategies) {
        const { state } = await strategy.getAuthorization(requestOf(parts), { state: strategy.name })
        const { info } = await action('success', authenticate(strategy, requestOf({ ...parts, query: { code, state } })))
        expect(info).to.include({ state: strategy.name })
      }
    })

    it('are the same where they have one name, as in two processes', async () => {
      const { strategies: [one, other], parts } = setUp('login', 'login')
      const { state } = await one.getAuthorization(requestOf(parts))
      await action('success', authenticate(other, requestOf({ ...parts, query: { code, state } })))
    })
  })
}

describe('a state that was kept before records had the strategy\'s name', () => {
  const record = { mode: 'mp', appId, scope: 'snsapi_userinfo', callbackURL }
  const state = 'a'.repeat(64)

  it('is refused in the session', async () => {
    const wechat = new FakeWechat()
    const session = { [`wechat:${appId}`]: [{ state, ...record, exp: Date.now() + 60_000 }] }
    const { info } = await action('fail', authenticate(mpStrategy(wechat), requestOf({ session, query: { code, state } })))
    expect(info).to.include({ code: 'ERR_WECHAT_STATE', reason: 'strategy' })
    expect(wechat.requests).to.deep.equal([])
  })

  it('is refused in a store of the application\'s, also where the name is not text', async () => {
    for (const old of [record, { ...record, strategy: null }, { ...record, strategy: ['wechat'] }]) {
      const store = keepingStore(new Map([[state, old]]))
      const { info } = await action('fail', authenticate(mpStrategy(undefined, { store }), requestOf({ query: { code, state } })))
      expect(info).to.include({ code: 'ERR_WECHAT_STATE', reason: 'strategy' })
    }
  })
})

describe('a login of another strategy and of another mode', () => {
  it('is called one of another strategy', async () => {
    const session = {}
    const { state } = await appsStrategy(undefined, { name: 'login' }).getAuthorization(requestOf({ session }), { mode: 'mp' })
    const other = appsStrategy(undefined, { name: 'link' })
    const { info } = await action('fail', authenticate(other, requestOf({ session, query: { code, state } }), { mode: 'website' }))
    expect(info).to.include({ reason: 'strategy' })
  })
})
