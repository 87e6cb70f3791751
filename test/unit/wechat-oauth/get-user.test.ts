import {
  MemoryTokenStore,
  NoOAuthTokenError,
  StoreError,
  WechatAPIError,
  type LockOptions,
  type TokenStore,
  type WechatOAuth,
  type WechatOAuthOptions,
  type WechatToken,
} from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import sinon from 'sinon'
import { json, startLoopbackServer, type Answer, type LoopbackServer } from '../../helpers/loopback-server.js'
import { rejection } from '../../helpers/rejection.js'
import { client, now, openid, record, tokenReply, userReply } from '../../helpers/wechat-replies.js'

const expired = record({ access_token: 'expired-access', create_at: now - 7_200_000 })
const refreshPath = '/sns/oauth2/refresh_token'
const userPath = '/sns/userinfo'

/** A store with a lock that the test implements. */
class LockingStore extends MemoryTokenStore {
  lock: (key: string, task: (signal: AbortSignal) => Promise<unknown>, options?: LockOptions) => unknown =
    async (key, task, options) => super.withLock(key, task, options)

  override withLock<T>(
    key: string,
    task: (signal: AbortSignal) => Promise<T>,
    options?: LockOptions,
  ): Promise<T> {
    return this.lock(key, task, options) as Promise<T>
  }
}

describe('getUser', () => {
  let server: LoopbackServer
  let store: LockingStore
  before(async () => {
    server = await startLoopbackServer()
  })
  beforeEach(async () => {
    store = new LockingStore()
    await store.saveToken(openid, expired)
    working()
  })
  after(async () => server.close())
  afterEach(() => {
    sinon.restore()
  })

  const oauthWith = (options: Partial<WechatOAuthOptions> = {}): WechatOAuth =>
    client({ endpoints: server.url, tokenStore: store, ...options })
  const count = (path: string): number => server.paths.filter((each) => each === path).length
  const accessTokens = (): (string | undefined)[] =>
    server.requests.filter(({ path }) => path === userPath).map(({ query }) => query.access_token)
  /** `/sns/userinfo` accepts the given tokens only. */
  const working = ({
    refresh = json(tokenReply({ access_token: 'fresh' })),
    good = ['fresh'],
    errcode = 40001,
  }: { refresh?: Answer; good?: string[]; errcode?: number } = {}): void => {
    server.answerByPath({
      [refreshPath]: refresh,
      [userPath]: (response, request) => {
        const isGood = good.includes(request.query.access_token ?? '')
        return json(isGood ? userReply() : { errcode, errmsg: 'invalid credential' })(response, request)
      },
    })
  }

  describe('with a valid token', () => {
    beforeEach(async () => {
      await store.saveToken(openid, record())
      working({ good: ['stored-access-token'] })
    })

    it('uses it', async () => {
      expect(await oauthWith().getUser(openid)).to.deep.equal(userReply())
      expect(server.requests.map(({ path, query }) => ({ path, query }))).to.deep.equal([
        { path: userPath, query: { access_token: 'stored-access-token', openid, lang: 'zh_CN' } },
      ])
    })

    it('asks in the language of the client, or of the call', async () => {
      await oauthWith({ lang: 'en' }).getUser(openid)
      await oauthWith({ lang: 'en' }).getUser({ openid })
      await oauthWith({ lang: 'en' }).getUser({ openid, lang: 'zh_TW' })
      await oauthWith({ lang: 'en' }).getUserByToken(record(), { lang: 'zh_CN' })
      await oauthWith({ lang: 'en' }).getUserByToken(record(), { lang: undefined })
      expect(server.requests.map(({ query }) => query.lang)).to.deep.equal([
        'en',
        'en',
        'zh_TW',
        'zh_CN',
        'en',
      ])
    })

    it('does not take a lock', async () => {
      store.lock = () => {
        throw new Error('not to be called')
      }
      await oauthWith().getUser(openid)
    })
  })

  describe('without a usable token', () => {
    const unusable: Record<string, WechatToken | undefined> = {
      'there is no record': undefined,
      'the record is of a mini-program': { openid, session_key: 'k', create_at: now },
      'it has expired and there is no refresh token': record({
        create_at: 0,
        refresh_token: undefined as unknown as string,
      }),
      'the refresh token is empty': record({ create_at: 0, refresh_token: '' }),
    }
    for (const [why, token] of Object.entries(unusable)) {
      it(`asks for a login because ${why}`, async () => {
        await store.deleteToken(openid)
        if (token) await store.saveToken(openid, token)
        const error = await rejection(oauthWith().getUser(openid), NoOAuthTokenError)
        expect(error.message).to.equal(`No token for ${openid}, please authorize first.`)
        expect(server.requests).to.have.lengthOf(0)
      })
    }

    it('asks for a login if the given token has no access token', async () => {
      await rejection(
        oauthWith().getUserByToken({ openid, session_key: 'k', create_at: now }),
        NoOAuthTokenError,
      )
    })
  })

  describe('with an expired token', () => {
    it('refreshes it first, and saves the new one', async () => {
      await oauthWith().getUser(openid)
      expect(server.paths).to.deep.equal([refreshPath, userPath])
      expect(server.requests[0]?.query).to.deep.equal({
        appid: 'wx00000000000000aa',
        grant_type: 'refresh_token',
        refresh_token: 'stored-refresh-token',
      })
      expect(accessTokens()).to.deep.equal(['fresh'])
      expect(await store.getToken(openid)).to.include({ access_token: 'fresh', create_at: now })
    })

    it('refreshes it a minute before it expires', async () => {
      await store.saveToken(openid, record({ create_at: now - 7_140_000 }))
      await oauthWith().getUser(openid)
      expect(count(refreshPath)).to.equal(1)
    })

    it('refreshes once for 100 callers at once', async () => {
      const oauth = oauthWith()
      const users = await Promise.all(Array.from({ length: 100 }, async () => oauth.getUser(openid)))
      expect(users).to.have.lengthOf(100)
      expect(count(refreshPath)).to.equal(1)
      expect(new Set(accessTokens())).to.deep.equal(new Set(['fresh']))
    })

    it('refreshes once for two processes that share a store with locks', async () => {
      await Promise.all([
        oauthWith().getUser(openid),
        oauthWith().getUser(openid),
        oauthWith().getUser(openid),
      ])
      expect(count(refreshPath)).to.equal(1)
    })

    it('refreshes different users at the same time', async () => {
      const other = 'oBBBBBBBBBBBBBBBBBBBBBBBBBBB'
      await store.saveToken(other, { ...expired, openid: other, refresh_token: 'refresh-of-other' })
      server.answer((response, request) =>
        json(
          request.path === refreshPath
            ? tokenReply({ openid: request.query.refresh_token === 'refresh-of-other' ? other : openid })
            : userReply({ openid: request.query.openid }),
        )(response, request),
      )
      const oauth = oauthWith()
      expect(
        (await Promise.all([oauth.getUser(openid), oauth.getUser(other)])).map((user) => user.openid),
      ).to.deep.equal([openid, other])
      expect(count(refreshPath)).to.equal(2)
    })

    for (const errcode of [40030, 42002, 42007]) {
      it(`leaves the record when WeChat answers ${errcode}, rejects with kind refresh, and tries again at the next call`, async () => {
        working({ refresh: json({ errcode, errmsg: 'invalid refresh_token' }) })
        const oauth = oauthWith()
        for (const times of [1, 2]) {
          expect(await rejection(oauth.getUser(openid), WechatAPIError)).to.include({
            errcode,
            kind: 'refresh',
          })
          expect(count(refreshPath)).to.equal(times)
          expect(await store.getToken(openid)).to.deep.equal(expired)
        }
        working()
        expect(await oauth.getUser(openid)).to.include({ openid })
      })
    }

    it('rejects all waiting callers when a refresh fails', async () => {
      working({ refresh: json({ errcode: 40030, errmsg: 'invalid refresh_token' }) })
      const oauth = oauthWith()
      const errors = await Promise.all(
        Array.from({ length: 20 }, async () => rejection(oauth.getUser(openid), WechatAPIError)),
      )
      expect(errors.map(({ errcode }) => errcode)).to.deep.equal(Array.from({ length: 20 }, () => 40030))
      expect(count(refreshPath)).to.equal(1)
    })
  })

  describe('with a token that WeChat refuses', () => {
    beforeEach(async () => {
      await store.saveToken(openid, record())
    })

    for (const errcode of [40001, 40014, 42001]) {
      it(`with ${errcode} refreshes it once and tries again`, async () => {
        working({ errcode })
        expect(await oauthWith().getUser(openid)).to.include({ openid })
        expect(server.paths).to.deep.equal([userPath, refreshPath, userPath])
      })

      it(`with ${errcode} uses the one that was saved meanwhile`, async () => {
        working({ errcode, good: ['from-elsewhere'] })
        const reading: TokenStore = {
          getToken: sinon
            .stub()
            .onFirstCall()
            .resolves(record())
            .resolves(record({ access_token: 'from-elsewhere' })),
          saveToken: async () => Promise.reject(new Error('nothing to save')),
        }
        expect(await oauthWith({ tokenStore: reading }).getUser(openid)).to.include({ openid })
        expect(server.paths).to.deep.equal([userPath, userPath])
      })

      it(`with ${errcode} refreshes the one that was saved meanwhile if it has expired`, async () => {
        working({ errcode })
        const reading: TokenStore = {
          getToken: sinon
            .stub()
            .onFirstCall()
            .resolves(record())
            .resolves(record({ access_token: 'other', refresh_token: 'other-refresh', create_at: 0 })),
          saveToken: async () => {},
        }
        await oauthWith({ tokenStore: reading }).getUser(openid)
        expect(server.requests.find(({ path }) => path === refreshPath)?.query).to.include({
          refresh_token: 'other-refresh',
        })
      })

      it(`with ${errcode} does not try a third time`, async () => {
        working({ errcode, good: [] })
        expect(await rejection(oauthWith().getUser(openid), WechatAPIError)).to.include({
          errcode,
          kind: 'token',
        })
        expect(server.paths).to.deep.equal([userPath, refreshPath, userPath])
      })

      it(`with ${errcode} right after a refresh does not refresh again`, async () => {
        await store.saveToken(openid, expired)
        working({ errcode, good: [] })
        await rejection(oauthWith().getUser(openid), WechatAPIError)
        expect(count(refreshPath)).to.be.at.most(2)
        expect(count(userPath)).to.equal(2)
      })
    }

    it('refreshes once for 50 callers at once', async () => {
      const oauth = oauthWith()
      await Promise.all(Array.from({ length: 50 }, async () => oauth.getUser(openid)))
      expect(count(refreshPath)).to.equal(1)
    })

    it('rejects with kind refresh if the refresh token is refused too, and leaves the record', async () => {
      working({ refresh: json({ errcode: 42002, errmsg: 'refresh_token expired' }) })
      expect(await rejection(oauthWith().getUser(openid), WechatAPIError)).to.include({
        errcode: 42002,
        kind: 'refresh',
      })
      expect(await store.getToken(openid)).to.deep.equal(record())
    })

    for (const errcode of [40003, 41001, 42007, 48001, 50002, 40013]) {
      it(`with ${errcode} does not refresh it`, async () => {
        working({ errcode })
        expect(await rejection(oauthWith().getUser(openid), WechatAPIError)).to.include({ errcode })
        expect(server.paths).to.deep.equal([userPath])
      })
    }

    it('is not refreshed by getUserByToken', async () => {
      await rejection(oauthWith().getUserByToken(record()), WechatAPIError)
      expect(server.paths).to.deep.equal([userPath])
    })
  })

  describe('and the lock', () => {
    it("takes it under the user's name, for longer than a refresh takes", async () => {
      const seen: unknown[] = []
      store.lock = async (key, task, options) => {
        seen.push(key, options)
        return task(new AbortController().signal)
      }
      await oauthWith({ timeout: 1234 }).getUser(openid)
      expect(seen).to.deep.equal([`refresh:${openid}`, { ttl: 6234, wait: 7468 }])
    })

    it('reads again under it, and does nothing if another process has refreshed', async () => {
      store.lock = async (_key, task) => {
        await store.saveToken(openid, record({ access_token: 'fresh' }))
        return task(new AbortController().signal)
      }
      await oauthWith().getUser(openid)
      expect(server.paths).to.deep.equal([userPath])
    })

    it('asks for a login if the record was deleted while it waited', async () => {
      store.lock = async (_key, task) => {
        await store.deleteToken(openid)
        return task(new AbortController().signal)
      }
      await rejection(oauthWith().getUser(openid), NoOAuthTokenError)
    })

    const unavailable: Record<string, LockingStore['lock']> = {
      'is not free before the deadline': async () =>
        Promise.reject(new StoreError('busy', { code: 'ERR_WECHAT_LOCK' })),
      'has no table': async () => Promise.reject(new StoreError('no such table')),
      'fails in the driver': async () =>
        Promise.reject(Object.assign(new Error('no such table'), { code: 'ER_NO_SUCH_TABLE' })),
      throws: () => {
        throw new Error('no lock')
      },
      'returns nothing': () => undefined,
      'resolves without running the task': async () => {},
    }
    for (const [what, lock] of Object.entries(unavailable)) {
      it(`that ${what} does not make the login fail, and is logged once`, async () => {
        store.lock = lock
        const warn = sinon.stub()
        const oauth = oauthWith({ logger: { debug: () => {}, warn } })
        await Promise.all(Array.from({ length: 10 }, async () => oauth.getUser(openid)))
        expect(count(refreshPath)).to.equal(1)
        await store.saveToken(openid, expired)
        await oauth.getUser(openid)
        expect(count(refreshPath)).to.equal(2)
        sinon.assert.calledOnce(warn)
        expect(warn.firstCall.args[0]).to.match(/lock/i)
      })
    }

    it('that the store does not have does not make the login fail, and is logged once', async () => {
      const warn = sinon.stub()
      const oauth = oauthWith({
        tokenStore: {
          getToken: async (key) => store.getToken(key),
          saveToken: async (key, token) => store.saveToken(key, token),
        },
        logger: { debug: () => {}, warn },
      })
      await Promise.all(Array.from({ length: 10 }, async () => oauth.getUser(openid)))
      expect(count(refreshPath)).to.equal(1)
      sinon.assert.calledOnce(warn)
    })

    it('that never settles times out, and its late task does nothing', async () => {
      const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      let start = async (): Promise<unknown> => Promise.reject(new Error('never asked for'))
      store.lock = async (_key, task) =>
        new Promise(() => {
          start = async () => task(new AbortController().signal)
        })
      const paths: string[] = []
      const fetching: typeof fetch = async (url) => {
        const { pathname } = new URL(url as string)
        paths.push(pathname)
        return Promise.resolve(Response.json(pathname === userPath ? userReply() : tokenReply()))
      }
      const user = oauthWith({ fetch: fetching, timeout: 1000 }).getUser(openid)
      await clock.tickAsync(6000 + 1000)
      expect(paths).to.deep.equal([])
      await clock.tickAsync(1001)
      expect(await user).to.include({ openid })
      expect(paths).to.deep.equal([refreshPath, userPath])
      expect(await rejection(start(), StoreError)).to.include({ code: 'ERR_WECHAT_LOCK' })
      expect(paths).to.deep.equal([refreshPath, userPath])
    })

    it('that was lost during the refresh prevents the write, but the user is read', async () => {
      const controller = new AbortController()
      store.lock = async (_key, task) => task(controller.signal)
      working({
        refresh: (response, request) => {
          controller.abort()
          return json(tokenReply({ access_token: 'fresh' }))(response, request)
        },
      })
      expect(await oauthWith().getUser(openid)).to.include({ openid })
      expect(await store.getToken(openid)).to.deep.equal(expired)
    })

    it('that has expired by the clock prevents the write, even if its signal is late', async () => {
      store.lock = async (_key, task) => task(new AbortController().signal)
      const clock = sinon.useFakeTimers({ toFake: ['performance'] })
      working({
        refresh: (response, request) => {
          clock.tick(10_001)
          return json(tokenReply({ access_token: 'fresh' }))(response, request)
        },
      })
      expect(await oauthWith().getUser(openid)).to.include({ openid })
      expect(await store.getToken(openid)).to.deep.equal(expired)
    })

    it('that cannot be released does not undo the refresh', async () => {
      store.lock = async (_key, task) => {
        await task(new AbortController().signal)
        throw new StoreError('could not release')
      }
      expect(await oauthWith().getUser(openid)).to.include({ openid })
      expect(count(refreshPath)).to.equal(1)
    })

    it('that is never released does not delay the result', async () => {
      store.lock = async (_key, task) => {
        await task(new AbortController().signal)
        return new Promise(() => {})
      }
      expect(await oauthWith().getUser(openid)).to.include({ openid })
    })

    it('does not turn a refused refresh into an error of the lock', async () => {
      working({ refresh: json({ errcode: 40030, errmsg: 'invalid refresh_token' }) })
      await rejection(oauthWith().getUser(openid), WechatAPIError)
      expect(count(refreshPath)).to.equal(1)
    })
  })
})
