import {
  CookieStateStore,
  type StateMeta,
  type StateStore,
  type StoreCallback,
  type VerifyCallback,
  type WechatStrategy,
} from '@wechat-auth/passport-wechat'
import { expect } from 'chai'
import type { Request } from 'express'
import { action, authenticate, requestOf, type RequestParts } from '../../helpers/authenticate.js'
import { FakeWechat } from '../../helpers/fake-wechat.js'
import { appsStrategy, callbackURL, mpStrategy } from '../../helpers/strategies.js'
import { appId, code } from '../../helpers/wechat-replies.js'

/** A state store that keeps its arguments. */
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

/** A browser that keeps one cookie. */
function cookieBrowser(): RequestParts {
  const headers: Record<string, string> = {}
  const appendHeader = (_name: string, value: string) => {
    headers['cookie'] = value.split(';')[0] ?? ''
  }
  return { headers, res: { appendHeader } }
}

const kept = new Map<string, unknown>()
const secret = 'a secret of the tests, of 32 bytes and more'
const places: Record<string, { store: () => StateStore | undefined; browser: () => RequestParts }> = {
  'the session': { store: () => undefined, browser: () => ({ session: {} }) },
  cookies: { store: () => new CookieStateStore({ secret }), browser: cookieBrowser },
  "a store of the application's": { store: () => keepingStore(kept), browser: () => ({}) },
}

type End = (strategy: WechatStrategy, parts: RequestParts, state: string, call?: object) => Promise<object>

const end = (strategy: WechatStrategy, parts: RequestParts, state: string, call?: object) =>
  authenticate(strategy, requestOf({ ...parts, query: { code, state } }), call)
const success: End = async (...given) => (await action('success', end(...given))).info as object
const fail: End = async (...given) => {
  const { info, status } = await action('fail', end(...given))
  return { ...(info as object), status }
}
const refusal = { status: 403, code: 'ERR_WECHAT_STATE', reason: 'strategy' }

for (const [place, { store, browser }] of Object.entries(places)) {
  describe(`two strategies of one app, with states in ${place}`, () => {
    let wechat: FakeWechat
    const strategyOf = (name: string): WechatStrategy => {
      const own = store()
      return mpStrategy(wechat, { name, ...(own && { store: own }) })
    }
    beforeEach(() => {
      wechat = new FakeWechat()
    })

    it("refuse each other's logins", async () => {
      const [login, link, parts] = [strategyOf('login'), strategyOf('link'), browser()]
      for (const [one, other] of [
        [login, link],
        [link, login],
      ] as const) {
        const { state } = await one.getAuthorization(requestOf(parts), { state: { returnTo: '/admin' } })
        expect(await fail(other, parts, state))
          .to.include(refusal)
          .and.not.have.property('state')
      }
      expect(wechat.requests).to.deep.equal([])
    })

    it('finish their own logins', async () => {
      const parts = browser()
      for (const strategy of [strategyOf('login'), strategyOf('link')]) {
        const { state } = await strategy.getAuthorization(requestOf(parts), { state: strategy.name })
        expect(await success(strategy, parts, state)).to.include({ state: strategy.name })
      }
    })

    it('of two apps, but of one name, are told to have names of their own', async () => {
      const parts = browser()
      const { state } = await strategyOf('wechat').getAuthorization(requestOf(parts))
      const own = store()
      const other = mpStrategy(wechat, { appId: 'wx00000000000000bb', ...(own && { store: own }) })
      const failure = await fail(other, parts, state)
      expect(failure).to.include({ status: 403, code: 'ERR_WECHAT_STATE', reason: 'app' })
      expect(failure)
        .to.have.property('hint')
        .that.matches(/^Another strategy that is also called wechat started this login.*its own name/)
      expect(wechat.requests).to.deep.equal([])
    })

    it('count as one if they have the same name, as in two processes', async () => {
      const parts = browser()
      const { state } = await strategyOf('login').getAuthorization(requestOf(parts))
      expect(await success(strategyOf('login'), parts, state)).to.include({ appId })
    })
  })
}

describe('a login of another app in the same session', () => {
  it('can still be finished by the strategy that started it', async () => {
    const session = {}
    const first = mpStrategy(new FakeWechat())
    const { state } = await first.getAuthorization(requestOf({ session }))
    const second = mpStrategy(undefined, { appId: 'wx00000000000000bb' })
    expect(await fail(second, { session }, state)).to.include({ reason: 'app' })
    expect(await success(first, { session }, state)).to.include({ appId })
  })
})

describe("a state from before records had the strategy's name", () => {
  const record = { mode: 'mp', appId, scope: 'snsapi_userinfo', callbackURL }
  const state = 'a'.repeat(64)

  it('is refused in the session', async () => {
    const wechat = new FakeWechat()
    const session = { [`wechat:${appId}`]: [{ state, ...record, exp: Date.now() + 60_000 }] }
    expect(await fail(mpStrategy(wechat), { session }, state)).to.include(refusal)
    expect(wechat.requests).to.deep.equal([])
  })

  it('is refused in a store of the application, even if the name is not a string', async () => {
    for (const old of [record, { ...record, strategy: null }, { ...record, strategy: ['wechat'] }]) {
      const store = keepingStore(new Map([[state, old]]))
      expect(await fail(mpStrategy(undefined, { store }), {}, state)).to.include(refusal)
    }
  })
})

describe('a login of another strategy and of another mode', () => {
  it('is refused as one of another strategy', async () => {
    const login = appsStrategy(undefined, { name: 'login' })
    const link = appsStrategy(undefined, { name: 'link' })
    const session = {}
    const { state } = await login.getAuthorization(requestOf({ session }), { mode: 'mp' })
    expect(await fail(link, { session }, state, { mode: 'website' })).to.include(refusal)
  })
})
