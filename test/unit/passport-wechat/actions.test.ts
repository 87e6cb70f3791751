import { inspect } from 'node:util'
import { CookieStateStore, WechatStrategy, type WechatOneAppOptions } from '@wechat-auth/passport-wechat'
import { WechatTransportError } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import passport from 'passport'
import {
  action,
  authenticate,
  requestOf,
  type Action,
  type RequestParts,
} from '../../helpers/authenticate.js'
import { FakeWechat } from '../../helpers/fake-wechat.js'
import { callbackURL, mpStrategy } from '../../helpers/strategies.js'
import { appId, appSecret, code, tokenReply } from '../../helpers/wechat-replies.js'
import { inTime } from '../../helpers/pace.js'

/** A valid callback. */
async function goodCallback(strategy: WechatStrategy, parts: RequestParts = {}) {
  const session = {}
  const { state } = await strategy.getAuthorization(requestOf({ session }))
  return requestOf({ session, query: { code, state }, ...parts })
}

describe('an error that the application throws inside an action', () => {
  const failure = new Error('thrown by the application')
  const throwing = () => {
    throw failure
  }
  const rejecting = () => Promise.reject(failure)

  it('goes to error once from success', async () => {
    for (const success of [throwing, rejecting]) {
      const strategy = mpStrategy(new FakeWechat())
      expect(await authenticate(strategy, await goodCallback(strategy), {}, { success })).to.deep.equal({
        action: 'error',
        error: failure,
      })
    }
  })

  it('goes to error once from fail and from redirect', async () => {
    expect(
      await authenticate(mpStrategy(), requestOf({ session: {}, query: { code } }), {}, { fail: throwing }),
    ).to.deep.equal({ action: 'error', error: failure })
    expect(
      await authenticate(mpStrategy(), requestOf({ session: {} }), {}, { redirect: throwing }),
    ).to.deep.equal({ action: 'error', error: failure })
  })

  it("goes to Express's next if error throws as well", async () => {
    for (const error of [throwing, rejecting]) {
      const given = await new Promise((resolve) => {
        void authenticate(mpStrategy(), requestOf({ next: resolve }), {}, { error })
      })
      expect(given).to.equal(failure)
    }
  })

  it('is replaced by an error if it is falsy, which Express would ignore', async () => {
    const redirect = () => Promise.reject(undefined)
    const { error } = await action(
      'error',
      authenticate(mpStrategy(), requestOf({ session: {} }), {}, { redirect }),
    )
    expect(error).to.be.instanceOf(Error)
  })

  it('is logged if there is no next, even if the logger throws', async () => {
    const message = await new Promise((resolve) => {
      const logger = {
        debug: () => {},
        warn: (text: string) => {
          resolve(text)
          throw new Error('the logger is broken')
        },
      }
      void authenticate(mpStrategy(undefined, { logger }), requestOf(), {}, { error: throwing })
    })
    expect(message).to.contain('callback of passport.authenticate()')
  })
})

describe('a value that the application returns from an action', () => {
  const cases: [Action['action'], RequestParts][] = [
    ['success', {}],
    ['fail', { session: {}, query: { code } }],
    ['redirect', { session: {} }],
    ['error', {}],
  ]
  for (const [name, parts] of cases) {
    // Its then could run a query again. Fastify's reply settles only when the response is sent.
    it(`of ${name} is not inspected if it is not a promise`, async () => {
      const strategy = mpStrategy(new FakeWechat())
      const req = name === 'success' ? await goodCallback(strategy) : requestOf(parts)
      let looks = 0
      await new Promise<void>((resolve) => {
        const answer = () => {
          resolve()
          return {
            then: () => {
              looks += 1
            },
          }
        }
        void authenticate(strategy, req, {}, { [name]: answer })
      })
      await new Promise(setImmediate)
      expect(looks).to.equal(0)
    })
  }

  it('of next is not inspected if it is not a promise', async () => {
    let looks = 0
    await new Promise<void>((resolve) => {
      const next = () => {
        resolve()
        return {
          then: () => {
            looks += 1
          },
        }
      }
      const error = () => {
        throw new Error('thrown by the application')
      }
      void authenticate(mpStrategy(), requestOf({ next }), {}, { error })
    })
    await new Promise(setImmediate)
    expect(looks).to.equal(0)
  })
})

describe('an instance that is passed to passport.authenticate()', () => {
  it('answers each of two overlapping requests', async () => {
    const strategy = mpStrategy(new FakeWechat())
    const auth = new passport.Passport()
    const ends = await Promise.all(
      ['a', 'b'].map(
        (name) =>
          new Promise<string>((resolve) => {
            const req = requestOf({ session: {} })
            const res = { setHeader: () => {}, end: () => resolve(name) }
            const handle = auth.authenticate(strategy) as (...given: unknown[]) => void
            handle(req, res, resolve)
          }),
      ),
    )
    expect(ends).to.deep.equal(['a', 'b'])
  })
})

describe('errors', () => {
  it('contain only a type, a code and a status', async () => {
    const wechat = new FakeWechat()
    wechat.replies['/sns/oauth2/access_token'] = () => {
      throw new TypeError('fetch failed', { cause: new Error(`GET /?secret=${appSecret}`) })
    }
    const strategy = mpStrategy(wechat)
    const { error } = await action('error', authenticate(strategy, await goodCallback(strategy)))
    expect(error).to.be.instanceOf(WechatTransportError).with.property('status', 502)
    expect(inspect(error, { showHidden: true, depth: 9 })).not.to.contain(appSecret)
  })

  it('come within the timeout if WeChat never answers', async () => {
    const wechat = new FakeWechat()
    wechat.replies['/sns/oauth2/access_token'] = () => new Promise(() => {})
    const strategy = mpStrategy(wechat, { timeout: 50 })
    const req = await goodCallback(strategy)
    const startedAt = performance.now()
    const { error } = await action('error', authenticate(strategy, req))
    expect(error).to.have.property('code', 'ERR_WECHAT_TIMEOUT')
    expect(performance.now() - startedAt).to.be.below(inTime(50))
  })
})

describe("WeChat's errcodes", () => {
  const codes: [number, string, number][] = [
    [40029, 'ERR_WECHAT_CODE', 401],
    [40163, 'ERR_WECHAT_CODE', 401],
    [42003, 'ERR_WECHAT_CODE', 401],
    [41008, 'ERR_WECHAT_CODE', 401],
    [40226, 'ERR_WECHAT_BLOCKED', 403],
    [50002, 'ERR_WECHAT_BLOCKED', 403],
  ]
  for (const [errcode, failure, status] of codes) {
    it(`fail with ${failure} for ${errcode}`, async () => {
      const wechat = new FakeWechat()
      wechat.replies['/sns/oauth2/access_token'] = { errcode, errmsg: `something about ${appSecret}` }
      const strategy = mpStrategy(wechat)
      const taken = await action('fail', authenticate(strategy, await goodCallback(strategy)))
      expect(taken.status).to.equal(status)
      expect(taken.info).to.have.all.keys('message', 'code', 'errcode')
      expect(taken.info).to.include({ code: failure, errcode })
      expect(JSON.stringify(taken.info)).not.to.contain(appSecret)
    })
  }

  for (const errcode of [40013, 40125, 45011, 42007, 48001, 99999]) {
    it(`are an error for ${errcode}`, async () => {
      const wechat = new FakeWechat()
      wechat.replies['/sns/oauth2/access_token'] = { errcode, errmsg: '' }
      const strategy = mpStrategy(wechat)
      const { error } = await action('error', authenticate(strategy, await goodCallback(strategy)))
      expect(error).to.include({ code: 'ERR_WECHAT_API', errcode })
    })
  }

  it("from a client that verify calls are passed on as verify's error", async () => {
    const wechat = new FakeWechat()
    const strategy: WechatStrategy = new WechatStrategy(
      { appId, appSecret, callbackURL, fetch: wechat.fetch },
      () => strategy.oauth().getAccessToken('another'),
    )
    const req = await goodCallback(strategy)
    let calls = 0
    wechat.replies['/sns/oauth2/access_token'] = () =>
      new Response(JSON.stringify(calls++ === 0 ? tokenReply() : { errcode: 40029 }))
    const { error } = await action('error', authenticate(strategy, req))
    expect(error).to.have.property('errcode', 40029)
  })
})

describe('inspecting', () => {
  const secrets = ['appSecret-which-nobody-may-see', 'cookie-secret-which-nobody-may-see']
  const [secretOfApp = '', secretOfCookies = ''] = secrets
  const settings: Partial<WechatOneAppOptions> = {
    appSecret: secretOfApp,
    store: new CookieStateStore({ secret: secretOfCookies }),
  }

  it('the strategy, or a Passport that uses it, shows no secret, token or code', async () => {
    const strategy = mpStrategy(new FakeWechat(), settings)
    const auth = new passport.Passport()
    auth.use(strategy)
    const res = {
      appendHeader: (_name: string, value: string) => {
        req.headers.cookie = value.split(';')[0] ?? ''
      },
    }
    const req = requestOf({ res })
    const { state } = await strategy.getAuthorization(req)
    req.query = { code, state }
    await action('success', authenticate(strategy, req))
    for (const value of [strategy, auth, Object.create(strategy) as object]) {
      const shown =
        inspect(value, { showHidden: true, depth: Infinity, getters: true }) + JSON.stringify(value)
      for (const hidden of [...secrets, code, state, String(tokenReply()['access_token'])])
        expect(shown).not.to.contain(hidden)
    }
  })
})
