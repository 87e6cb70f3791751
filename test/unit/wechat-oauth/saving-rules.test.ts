import {
  MemoryTokenStore,
  StoreError,
  type TokenStore,
  type WechatOAuth,
  type WechatOAuthOptions,
  type WechatToken,
} from '@wechat-auth/wechat-oauth'
import { runLocked } from '@wechat-auth/wechat-oauth/store-kit'
import { expect } from 'chai'
import sinon from 'sinon'
import { json, startLoopbackServer, type Answer, type LoopbackServer } from '../../helpers/loopback-server.js'
import { rejection } from '../../helpers/rejection.js'
import {
  client,
  code,
  now,
  openid,
  record,
  sessionReply,
  tokenReply,
  unionid,
  userReply,
} from '../../helpers/wechat-replies.js'

const day = 24 * 3600 * 1000

describe('what is saved', () => {
  let server: LoopbackServer
  let store: MemoryTokenStore
  before(async () => {
    server = await startLoopbackServer()
  })
  beforeEach(() => {
    store = new MemoryTokenStore()
  })
  after(async () => server.close())

  const oauthWith = (options: Partial<WechatOAuthOptions> = {}): WechatOAuth =>
    client({ endpoints: server.url, tokenStore: store, ...options })
  const stored = async (): Promise<WechatToken | undefined> => store.getToken(openid)
  const login = async (
    reply: Record<string, unknown>,
    options?: Partial<WechatOAuthOptions>,
  ): Promise<WechatToken> => {
    server.answer(json(reply))
    return oauthWith(options).getAccessToken(code)
  }
  const refresh = async (reply: Record<string, unknown>): Promise<WechatToken> => {
    server.answer(json(reply))
    return oauthWith().refreshAccessToken('refresh')
  }

  describe('by a login', () => {
    it('is the token, before the call resolves', async () => {
      const token = await login(tokenReply({ unionid }))
      expect(await stored()).to.deep.equal(token)
      expect(token).to.deep.equal({ ...tokenReply({ unionid }), create_at: now })
    })

    it('replaces the record whole, fields of the application included', async () => {
      await store.saveToken(openid, record({ unionid, mine: 1, refresh_token: 'old' }))
      const token = await login(tokenReply({ refresh_token: undefined }))
      expect(await stored())
        .to.deep.equal(token)
        .and.not.have.any.keys('unionid', 'mine', 'refresh_token')
    })

    it('has the time from before the request', async () => {
      let time = now
      const slow: Answer = (response, request) => {
        time += 60_000
        return json(tokenReply())(response, request)
      }
      const oauth = oauthWith({ now: () => time })
      server.answer(slow)
      expect(await oauth.getAccessToken(code)).to.include({ create_at: now })
      expect(await oauth.refreshAccessToken('r')).to.include({ create_at: now + 60_000 })
      server.answer((response, request) => {
        time += 60_000
        return json(sessionReply())(response, request)
      })
      expect(await oauth.code2Session(code)).to.include({ create_at: now + 120_000 })
    })

    it('is nothing if WeChat refused the code', async () => {
      await store.saveToken(openid, record())
      await rejection(login({ errcode: 40029, errmsg: 'invalid code' }))
      expect(await stored()).to.deep.equal(record())
    })
  })

  describe('by a silent login (snsapi_base)', () => {
    const base = tokenReply({
      scope: 'snsapi_base',
      access_token: 'base-access',
      refresh_token: 'base-refresh',
    })
    const kept: Record<string, Partial<WechatToken>> = {
      'that is good': {},
      'that has expired but can be refreshed': { create_at: now - 29 * day },
      'of a website': { scope: 'snsapi_login' },
      'with both scopes': { scope: 'snsapi_base,snsapi_userinfo' },
      'whose scope nobody noted': { scope: undefined as unknown as string },
      'that is good though it cannot be refreshed': { refresh_token: undefined as unknown as string },
    }
    for (const [what, fields] of Object.entries(kept)) {
      it(`does not replace a wider token ${what}`, async () => {
        const before = record(fields)
        await store.saveToken(openid, before)
        const token = await login(base)
        expect(await stored()).to.deep.equal(before)
        expect(token).to.include({ access_token: 'base-access', scope: 'snsapi_base' })
      })
    }

    const replaced: Record<string, Partial<WechatToken>> = {
      'that has expired and cannot be refreshed': {
        create_at: now - 2 * 3600 * 1000,
        refresh_token: undefined as unknown as string,
      },
      'that has expired and has an empty refresh token': {
        create_at: now - 2 * 3600 * 1000,
        refresh_token: '',
      },
      'that is more than 30 days old': { create_at: now - 30 * day },
      'that is itself silent': { scope: 'snsapi_base' },
      'that is itself silent, with a comma behind': { scope: 'snsapi_base,' },
      'that is a session of a mini-program': {
        access_token: undefined as unknown as string,
        refresh_token: undefined as unknown as string,
        scope: undefined as unknown as string,
        session_key: 'k',
      },
    }
    for (const [what, fields] of Object.entries(replaced)) {
      it(`replaces a token ${what}`, async () => {
        await store.saveToken(openid, record(fields))
        await login(base)
        expect(await stored()).to.deep.equal({ ...base, create_at: now })
      })
    }

    it('with a comma after its scope is silent too', async () => {
      await store.saveToken(openid, record())
      await login({ ...base, scope: 'snsapi_base,' })
      expect(await stored()).to.deep.equal(record())
    })

    it('without a scope in the reply does not count as silent', async () => {
      await store.saveToken(openid, record())
      await login({ ...base, scope: undefined })
      expect(await stored()).to.include({ access_token: 'base-access' })
    })

    it('is saved if there is no record', async () => {
      await login(base)
      expect(await stored()).to.include({ access_token: 'base-access' })
    })

    it('gives way to a login with consent', async () => {
      await login(base)
      await login(tokenReply())
      expect(await stored()).to.include({ scope: 'snsapi_userinfo' })
    })
  })

  describe('by a snapshot user', () => {
    const snapshot = tokenReply({ is_snapshotuser: 1 })

    it('is nothing, but the call returns the token', async () => {
      expect(await login(snapshot)).to.include({ openid, is_snapshotuser: 1 })
      expect(store.size).to.equal(0)
    })

    it('is nothing, even if there is a record', async () => {
      await store.saveToken(openid, record())
      await login(snapshot)
      expect(await stored()).to.deep.equal(record())
    })

    it('is the token if the option allows it', async () => {
      await login(snapshot, { saveSnapshotUsers: true })
      expect(await stored()).to.include({ is_snapshotuser: 1 })
    })
  })

  it('is nothing by a refresh whose lock expired while the process stood still, although its task began later', async () => {
    const expired = record({ create_at: now - day })
    await store.saveToken(openid, expired)
    let stoodStill = 0
    const clock = performance.now.bind(performance)
    const stub = sinon.stub(performance, 'now').callsFake(() => clock() + stoodStill)
    const backend = {
      acquire: () => {
        stoodStill = 3000
        return Promise.resolve(true)
      },
      release: () => Promise.resolve(),
    }
    const locking: TokenStore = {
      getToken: (key) => store.getToken(key),
      saveToken: (key, token) => store.saveToken(key, token),
      withLock: (_key, task, options) => runLocked(backend, task, options),
    }
    // The lock of the client lasts as long as its timeout and five seconds.
    server.answer((response, request) => {
      stoodStill = 1000 + 5000
      return json(request.path.startsWith('/sns/userinfo') ? userReply() : tokenReply())(response, request)
    })
    try {
      await oauthWith({ tokenStore: locking, timeout: 1000 }).getUser(openid)
    } finally {
      stub.restore()
    }
    expect(await stored()).to.deep.equal(expired)
  })

  describe('when there is a newer record', () => {
    it('is nothing: an older login does not replace it', async () => {
      await store.saveToken(openid, record({ create_at: now + 1 }))
      expect(await login(tokenReply())).to.include({ create_at: now })
      expect(await stored()).to.deep.equal(record({ create_at: now + 1 }))
    })

    it('is nothing, even if its time is kept as text', async () => {
      await store.saveToken(openid, record({ create_at: String(now + 1) as unknown as number }))
      await login(tokenReply())
      expect(await stored()).to.include({ access_token: 'stored-access-token' })
    })

    it('is nothing for a session of a mini-program either', async () => {
      const newer = { openid, session_key: 'newer', create_at: now + 1 }
      await store.saveToken(openid, newer)
      server.answer(json(sessionReply()))
      await oauthWith().code2Session(code)
      expect(await stored()).to.deep.equal(newer)
    })

    it('is the later of two overlapping logins, whichever gets its reply first', async () => {
      let time = now
      const pending: (() => void)[] = []
      server.answer((response, request) => {
        const { code: sent = '' } = request.query
        pending.push(() => {
          json(tokenReply({ access_token: `access-of-${sent}` }))(response, request)
        })
        if (pending.length === 2) pending.pop()?.()
      })
      const oauth = oauthWith({ now: () => time++ })
      const first = oauth.getAccessToken('first')
      while (pending.length === 0)
        await new Promise((resolve) => {
          setImmediate(resolve)
        })
      await oauth.getAccessToken('second')
      pending.pop()?.()
      await first
      expect(await stored()).to.include({ access_token: 'access-of-second' })
    })

    describe('but it could not be saved', () => {
      const failOnce = (): void => {
        const failing = sinon.stub(store, 'saveToken')
        failing.callThrough().onFirstCall().rejects(new Error('The disk is full'))
      }
      // WeChat replies only after a later login has failed.
      const answerAfterLogin = (oauth: WechatOAuth, answer: Answer): void => {
        server.answer(async (response, request) => {
          if (request.query.code !== 'later') await rejection(oauth.getAccessToken('later'), StoreError)
          await (request.query.code === 'later' ? json(tokenReply({ access_token: 'later' })) : answer)(
            response,
            request,
          )
        })
      }

      it('an earlier login that overlaps is saved', async () => {
        await store.saveToken(openid, record())
        const oauth = oauthWith()
        failOnce()
        answerAfterLogin(oauth, json(tokenReply({ access_token: 'earlier' })))
        await oauth.getAccessToken('earlier')
        expect(await stored()).to.include({ access_token: 'earlier' })
      })

      it('a unionid from WeChat is saved', async () => {
        await store.saveToken(openid, record({ unionid: 'an-old-unionid' }))
        const oauth = oauthWith()
        failOnce()
        answerAfterLogin(oauth, json(userReply({ unionid })))
        await oauth.getUser(openid)
        expect(await stored()).to.include({ unionid, access_token: record().access_token })
      })
    })

    it('is the one with consent, if a later silent one got its reply first and was not saved', async () => {
      await store.saveToken(openid, record())
      const oauth = oauthWith()
      server.answer(async (response, request) => {
        const isSilent = request.query.code === 'silent'
        if (isSilent) return json(tokenReply({ scope: 'snsapi_base' }))(response, request)
        await oauth.getAccessToken('silent')
        return json(tokenReply({ access_token: 'with-consent' }))(response, request)
      })
      await oauth.getAccessToken(code)
      expect(await stored()).to.include({ access_token: 'with-consent' })
    })

    it('is the newer of two at the same millisecond', async () => {
      await store.saveToken(openid, record({ create_at: now }))
      await login(tokenReply())
      expect(await stored()).to.include({ access_token: tokenReply().access_token })
    })
  })

  describe('when the record was written by a clock that is ahead', () => {
    const minute = 60_000
    const hour = 60 * minute

    const offsets = { 'two minutes': 2 * minute, 'four minutes': 4 * minute, 'eight hours': 8 * hour }

    for (const [what, ahead] of Object.entries(offsets)) {
      it(`by ${what}, a login replaces it`, async () => {
        await store.saveToken(openid, record({ create_at: now + ahead }))
        const token = await login(tokenReply())
        expect(await stored()).to.deep.equal(token)
      })

      it(`by ${what}, a login of a mini-program replaces it`, async () => {
        await store.saveToken(openid, { openid, session_key: 'old', create_at: now + ahead })
        server.answer(json(sessionReply()))
        const session = await oauthWith().code2Session(code)
        expect(await stored()).to.deep.equal(session)
      })
    }

    it('by eight hours, a silent login replaces it too, because it is unknown whether it is still valid', async () => {
      await store.saveToken(openid, record({ create_at: now + 8 * hour }))
      const token = await login(tokenReply({ scope: 'snsapi_base' }))
      expect(await stored()).to.deep.equal(token)
    })

    it('by two minutes, a silent login does not replace a wider token', async () => {
      const before = record({ create_at: now + 2 * minute })
      await store.saveToken(openid, before)
      await login(tokenReply({ scope: 'snsapi_base' }))
      expect(await stored()).to.deep.equal(before)
    })

    it('by eight hours, it is logged, without a value; by two minutes it is not', async () => {
      const warn = sinon.stub()
      await store.saveToken(openid, record({ create_at: now + 2 * minute }))
      await login(tokenReply(), { logger: { debug: () => {}, warn } })
      sinon.assert.notCalled(warn)
      await store.saveToken(openid, record({ create_at: now + 8 * hour }))
      await login(tokenReply(), { logger: { debug: () => {}, warn } })
      sinon.assert.calledOnce(warn)
      const told = JSON.stringify(warn.firstCall.args)
      expect(told)
        .to.match(/create_at/)
        .and.not.match(/stored-|70_|oAAA|17000/)
    })

    it('on two servers two minutes apart, the last login stays, on whichever server it was', async () => {
      let time = now
      server.answer((response, request) => {
        json(tokenReply({ access_token: `access-of-${request.query.code}` }))(response, request)
      })
      const servers = [oauthWith({ now: () => time }), oauthWith({ now: () => time + 2 * minute })]
      for (const [turn, oauth] of [...servers, ...servers].entries()) {
        time += 1000
        await oauth.getAccessToken(`code${turn}`)
        expect(await stored()).to.include({ access_token: `access-of-code${turn}` })
      }
    })

    it('in the same process, the login that started last stays, even if the clock was set back', async () => {
      let time = now
      server.answer((response, request) => {
        time += 1500
        json(tokenReply({ access_token: `access-of-${request.query.code}` }))(response, request)
      })
      const oauth = oauthWith({ now: () => time })
      await oauth.getAccessToken('first')
      time = now - 1000
      await oauth.getAccessToken('second')
      expect(await stored()).to.include({ access_token: 'access-of-second' })
    })

    const refreshing = (): void => {
      server.answerByPath({
        '/sns/oauth2/refresh_token': json(tokenReply({ access_token: 'refreshed' })),
        '/sns/userinfo': (response, request) => {
          const isOld = request.query.access_token === 'stored-access-token'
          json(isOld ? { errcode: 42001, errmsg: 'access_token expired' } : userReply())(response, request)
        },
      })
    }

    for (const [what, ahead] of Object.entries({ 'two minutes': 2 * minute, 'eight hours': 8 * hour })) {
      it(`by ${what}, a refresh replaces its times too`, async () => {
        refreshing()
        await store.saveToken(openid, record({ create_at: now + ahead, mine: 1 }))
        expect(await oauthWith().getUser(openid)).to.include({ openid })
        expect(await stored()).to.include({ access_token: 'refreshed', create_at: now, mine: 1 })
      })

      it(`by ${what}, a refresh that the application asks for replaces its times too`, async () => {
        refreshing()
        await store.saveToken(openid, record({ create_at: now + ahead }))
        const token = await oauthWith().refreshAccessToken('stored-refresh-token')
        expect(token).to.include({ access_token: 'refreshed', create_at: now })
        expect(await stored()).to.deep.equal(token)
      })
    }

    it('by eight hours, its token is not used without a refresh', async () => {
      refreshing()
      await store.saveToken(openid, record({ create_at: now + 8 * hour }))
      await oauthWith().getUser(openid)
      expect(server.paths).to.deep.equal(['/sns/oauth2/refresh_token', '/sns/userinfo'])
    })
  })

  describe('when another process saves a login', () => {
    it('that started later, while this one is waiting for WeChat, this one is not saved', async () => {
      let time = now
      const other = oauthWith({ now: () => time })
      server.answer(async (response, request) => {
        time += 1000
        if (request.query.code === 'first') await other.getAccessToken('second')
        time += 1000
        json(tokenReply({ access_token: `access-of-${request.query.code}` }))(response, request)
      })
      await oauthWith({ now: () => time }).getAccessToken('first')
      expect(await stored()).to.include({ access_token: 'access-of-second' })
    })
  })

  describe('by a refresh', () => {
    it("is merged: the unionid and the application's fields stay", async () => {
      await store.saveToken(openid, record({ unionid, mine: { a: 1 } }))
      const token = await refresh(tokenReply())
      expect(await stored())
        .to.deep.equal({ ...record({ unionid, mine: { a: 1 } }), ...tokenReply(), create_at: now })
        .and.deep.equal(token)
    })

    it('keeps the refresh token unless WeChat sends a new one', async () => {
      await store.saveToken(openid, record())
      await refresh(tokenReply({ refresh_token: undefined, scope: undefined }))
      expect(await stored()).to.include({ refresh_token: 'stored-refresh-token', scope: 'snsapi_userinfo' })
      await refresh(tokenReply({ refresh_token: 'rotated' }))
      expect(await stored()).to.include({ refresh_token: 'rotated' })
    })

    it('that the application asked for makes a record if there is none', async () => {
      expect(await refresh(tokenReply())).to.deep.equal(await stored())
    })

    const expired = record({ create_at: now - 7_200_000, unionid, mine: 1 })
    const during = (change: () => Promise<void>): void => {
      server.answerByPath({
        '/sns/oauth2/refresh_token': async (response, request) => {
          await change()
          json(tokenReply({ access_token: 'refreshed' }))(response, request)
        },
        '/sns/userinfo': json(userReply({ unionid })),
      })
    }

    it('does not replace a login in the meantime, and uses its token', async () => {
      await store.saveToken(openid, expired)
      const login = record({ access_token: 'of-the-login', create_at: now + 5 })
      during(async () => store.saveToken(openid, login))
      await oauthWith().getUser(openid)
      expect(await stored()).to.deep.equal({ ...login, unionid })
      expect(server.requests.at(-1)?.query).to.include({ access_token: 'of-the-login' })
    })

    it('does not replace a login in the meantime on a server with a slow clock', async () => {
      await store.saveToken(openid, expired)
      const tokens = { access_token: 'of-the-login', refresh_token: 'of-the-login' }
      const login = record({ ...tokens, create_at: now - 120_000, unionid })
      during(async () => store.saveToken(openid, login))
      await oauthWith().getUser(openid)
      expect(await stored()).to.deep.equal(login)
    })

    it('keeps what the application wrote in the meantime', async () => {
      await store.saveToken(openid, expired)
      during(async () => store.saveToken(openid, { ...expired, mine: 2 }))
      await oauthWith().getUser(openid)
      expect(await stored()).to.include({ access_token: 'refreshed', mine: 2 })
    })

    it('does not bring back a record that was deleted in the meantime', async () => {
      await store.saveToken(openid, expired)
      during(async () => store.deleteToken(openid))
      expect(await oauthWith().getUser(openid)).to.include({ openid })
      expect(store.size).to.equal(0)
    })

    it("that returns another user's token is not saved", async () => {
      const other = 'oBBBBBBBBBBBBBBBBBBBBBBBBBBB'
      await store.saveToken(openid, expired)
      server.answer(json(tokenReply({ openid: other })))
      expect(await rejection(oauthWith().getUser(openid))).to.include({ code: 'ERR_WECHAT_RESPONSE' })
      expect(await stored()).to.deep.equal(expired)
      expect(await store.getToken(other)).to.equal(undefined)
    })
  })

  describe('of a unionid', () => {
    it('that userinfo is the first to contain is added to the record', async () => {
      await store.saveToken(openid, record({ mine: 1 }))
      server.answer(json(userReply({ unionid })))
      await oauthWith().getUser(openid)
      expect(await stored()).to.deep.equal(record({ mine: 1, unionid }))
    })

    it('that has changed replaces the old one', async () => {
      await store.saveToken(openid, record({ unionid: 'oOLD' }))
      server.answer(json(userReply({ unionid })))
      await oauthWith().getUser(openid)
      expect(await stored()).to.include({ unionid })
    })

    it('that the record already has is not saved again', async () => {
      await store.saveToken(openid, record({ unionid }))
      let saved = 0
      const counting = {
        getToken: async (key: string) => store.getToken(key),
        saveToken: async () => {
          saved += 1
        },
      }
      server.answer(json(userReply({ unionid })))
      await oauthWith({ tokenStore: counting }).getUser(openid)
      expect(saved).to.equal(0)
    })

    it('that userinfo does not contain stays', async () => {
      await store.saveToken(openid, record({ unionid }))
      server.answer(json(userReply()))
      await oauthWith().getUser(openid)
      expect(await stored()).to.deep.equal(record({ unionid }))
    })

    /** A store with reads that wait for the test; `reads` and `saves` count the calls. */
    interface Gated {
      tokenStore: TokenStore
      open: () => void
      seen: { reads: number; saves: number }
    }
    const gated = (): Gated => {
      let open = (): void => {}
      const gate = new Promise<void>((resolve) => {
        open = resolve
      })
      const seen = { reads: 0, saves: 0 }
      const tokenStore: TokenStore = {
        getToken: async (key) => {
          seen.reads += 1
          await gate
          return store.getToken(key)
        },
        saveToken: async (key, token) => {
          seen.saves += 1
          await store.saveToken(key, token)
        },
      }
      return { tokenStore, open, seen }
    }
    /** Sends the given replies one after the other, when the test says so. */
    const answersTo = (): { fetch: typeof fetch; answers: ((unionid: string) => void)[] } => {
      const answers: ((unionid: string) => void)[] = []
      const answering: typeof fetch = async () =>
        new Promise((resolve) => {
          answers.push((told) => {
            resolve(Response.json(userReply({ unionid: told })))
          })
        })
      return { answers, fetch: answering }
    }
    const turn = async (): Promise<void> =>
      new Promise((resolve) => {
        setImmediate(resolve)
      })

    it('is written once for fifty callers', async () => {
      const { tokenStore, open, seen } = gated()
      const { fetch, answers } = answersTo()
      await store.saveToken(openid, record())
      const oauth = client({ tokenStore, fetch })
      const calls = Array.from({ length: 50 }, async () => oauth.getUserByToken(record()))
      while (answers.length < calls.length) await turn()
      for (const answer of answers) answer(unionid)
      while (seen.reads === 0) await turn()
      open()
      for (const user of await Promise.all(calls)) expect(user).to.include({ unionid })
      expect(seen).to.deep.equal({ reads: 1, saves: 1 })
      expect(await stored()).to.deep.equal(record({ unionid }))
    })

    const orders = { 'in the order of the questions': [0, 1], 'the other way round': [1, 0] }
    for (const [which, order] of Object.entries(orders)) {
      it(`is the one of the last question, if two replies arrive ${which}`, async () => {
        for (const waitsForStore of [true, false]) {
          const { tokenStore, open } = gated()
          const { fetch, answers } = answersTo()
          await store.saveToken(openid, record())
          const oauth = client({ tokenStore, fetch })
          const calls = [oauth.getUserByToken(record()), oauth.getUserByToken(record())]
          while (answers.length < calls.length) await turn()
          if (!waitsForStore) open()
          for (const index of order) {
            answers[index]?.(['oOLDER', 'oNEWER'][index] ?? '')
            if (!waitsForStore) await calls[index]
          }
          open()
          await Promise.all(calls)
          expect(await stored()).to.include({ unionid: 'oNEWER' })
        }
      })
    }

    it('that arrives while another is being saved is saved after it', async () => {
      await store.saveToken(openid, record())
      const { fetch, answers } = answersTo()
      let second: Promise<unknown> | undefined
      const saved: unknown[] = []
      const tokenStore: TokenStore = {
        getToken: async (key) => store.getToken(key),
        saveToken: async (key, token) => {
          saved.push(token.unionid)
          if (saved.length === 1) {
            second = oauth.getUserByToken(record())
            while (answers.length < 2) await turn()
            answers[1]?.('oNEWER')
            await turn()
          }
          await store.saveToken(key, token)
        },
      }
      const oauth = client({ tokenStore, fetch })
      const first = oauth.getUserByToken(record())
      while (answers.length < 1) await turn()
      answers[0]?.('oOLDER')
      await first
      await second
      expect(saved).to.deep.equal(['oOLDER', 'oNEWER'])
      expect(await stored()).to.include({ unionid: 'oNEWER' })
    })

    it('is not saved if a later question got the saved one', async () => {
      await store.saveToken(openid, record({ unionid: 'oNEWER' }))
      const { fetch, answers } = answersTo()
      const oauth = client({ tokenStore: store, fetch })
      const calls = [oauth.getUser(openid), oauth.getUser(openid)]
      while (answers.length < calls.length) await turn()
      answers[1]?.('oNEWER')
      await calls[1]
      answers[0]?.('oOLDER')
      await calls[0]
      expect(await stored()).to.include({ unionid: 'oNEWER' })
    })

    it('does not replace that of a login which started later', async () => {
      let asked = false
      const oauth = oauthWith()
      server.answer(async (response, request) => {
        const isLogin = request.path === '/sns/oauth2/access_token'
        if (isLogin) return json(tokenReply({ unionid: 'oOF-THE-LOGIN' }))(response, request)
        asked = true
        await oauth.getAccessToken(code)
        return json(userReply({ unionid: 'oOLDER' }))(response, request)
      })
      await store.saveToken(openid, record())
      await oauth.getUser(openid)
      expect(asked).to.equal(true)
      expect(await stored()).to.include({ unionid: 'oOF-THE-LOGIN' })
    })

    it('makes no record if there is none, as for a snapshot user', async () => {
      server.answerByPath({
        '/sns/oauth2/access_token': json(tokenReply({ is_snapshotuser: 1 })),
        '/sns/userinfo': json(userReply({ unionid })),
      })
      await oauthWith().getUserByCode(code)
      expect(store.size).to.equal(0)
    })
  })

  it('of a mini-program is the session', async () => {
    server.answer(json(sessionReply({ unionid })))
    const session = await oauthWith().code2Session(code)
    expect(session).to.deep.equal({ ...sessionReply({ unionid }), create_at: now })
    expect(await stored()).to.deep.equal(session)
  })
})
