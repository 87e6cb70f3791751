import { createHash } from 'node:crypto'
import { StoreError } from '@wechat-auth/wechat-oauth'
import { MemorySessionStore, WechatSessionError } from '@wechat-auth/wechat-session'
import { expect } from 'chai'
import sinon from 'sinon'
import { rejection } from '../../helpers/rejection.js'
import { alice, bob, setting, watched } from './setting.js'
import { inTime } from '../../helpers/pace.js'

const random = 'A'.repeat(43)

const malformed: [string, unknown][] = [
  ['nothing', undefined],
  ['null', null],
  ['a number', 1],
  ['an object', { token: 'v1' }],
  ['a list', [`v1.${alice}.shop.${random}`]],
  ['an empty string', ''],
  ['a megabyte', 'v1.'.padEnd(1024 * 1024, 'A')],
  ['a megabyte of dots', '.'.repeat(1024 * 1024)],
  ['another version', `v2.${alice}.shop.${random}`],
  ['no version', `${alice}.shop.${random}`],
  ['more parts', `v1.${alice}.shop.${random}.A`],
  ['a short end', `v1.${alice}.shop.${random.slice(1)}`],
  ['a long end', `v1.${alice}.shop.${random}A`],
  ['an end in base64', `v1.${alice}.shop.${random.slice(1)}+`],
  ['no openid', `v1..shop.${random}`],
  ['no sku', `v1.${alice}..${random}`],
  ['a long sku', `v1.${alice}.${'s'.repeat(33)}.${random}`],
  ['a line break after it', `v1.${alice}.shop.${random}\n`],
  ['spaces around it', ` v1.${alice}.shop.${random} `],
  ['a quote in the openid', `v1.o'x.shop.${random}`],
  ['a star', '*'],
  ['an object that pretends to be a token', { toString: () => `v1.${alice}.shop.${random}`, length: 9 }],
]

describe('a session token', () => {
  it('has the form v1.<openid>.<sku>.<43 characters>, and is unique', async () => {
    const { sessions } = setting()
    const tokens = await Promise.all(
      Array.from({ length: 100 }, async () => (await sessions.issueTokenFor('u1', { openid: alice })).token),
    )
    for (const token of tokens)
      expect(token).to.match(new RegExp(`^v1\\.${alice}\\.shop\\.[A-Za-z0-9_-]{43}$`))
    expect(new Set(tokens).size).to.equal(100)
  })

  it('shows its openid and sku to its holder, unverified, even of another sku', () => {
    const { sessions } = setting()
    const token = `v1.${alice}.another_sku-9.${random}`
    expect([sessions.extractOpenId(token), sessions.extractSku(token)]).to.deep.equal([
      alice,
      'another_sku-9',
    ])
  })

  for (const [title, token] of malformed) {
    it(`is refused without asking the store: ${title}`, async () => {
      const { sessions, sessionStore } = setting()
      const started = performance.now()
      expect([sessions.extractOpenId(token), sessions.extractSku(token)]).to.deep.equal([null, null])
      expect(await sessions.isTokenValid(token)).to.equal(false)
      expect(await sessions.getSession(token)).to.equal(null)
      await sessions.revokeToken(token)
      const error = await rejection(sessions.refreshToken(token as string), WechatSessionError)
      expect(error).to.include({ code: 'ERR_WECHAT_SESSION_TOKEN', status: 401, name: 'WechatSessionError' })
      expect(performance.now() - started).to.be.below(inTime(0))
      expect(sessionStore.calls).to.deep.equal([])
    })
  }

  it('of another sku is refused without asking the shared store', async () => {
    const sessionStore = watched(new MemorySessionStore())
    const [shop, news] = [setting({ sessionStore }), setting({ sessionStore, sku: 'news' })]
    const { token } = await shop.sessions.issueTokenFor('u1', { openid: alice })
    sessionStore.calls.length = 0
    expect(await news.sessions.isTokenValid(token)).to.equal(false)
    await news.sessions.revokeToken(token)
    await rejection(news.sessions.refreshToken(token), WechatSessionError)
    expect(sessionStore.calls).to.deep.equal([])
    expect(await shop.sessions.isTokenValid(token)).to.equal(true)
  })

  it('is checked by one read of one key', async () => {
    const { sessions, sessionStore } = setting()
    const { token } = await sessions.issueTokenFor('u1', { openid: alice })
    sessionStore.calls.length = 0
    expect(await sessions.isTokenValid(token)).to.equal(true)
    expect(sessionStore.calls).to.deep.equal([
      { method: 'get', parameters: [createHash('sha256').update(token).digest('hex')] },
    ])
  })

  it('leaves nothing in the store from which a token could be made', async () => {
    const { logIn, sessionStore, sessions } = setting()
    const { token } = await logIn(alice, { unionid: 'oUNION', device: 'phone' })
    const { token: next } = await sessions.refreshToken(token)
    const everything = JSON.stringify(sessionStore.calls)
    for (const one of [token, next])
      expect(everything).to.not.contain(one.slice(-43)).and.not.contain(one.slice(-43, -20))
    for (const { parameters } of sessionStore.calls)
      expect(await sessions.isTokenValid(parameters[0])).to.equal(false)
  })

  it('lives for ttl seconds, which the store gets in the same call as the session', async () => {
    const now = 1_700_000_000_000
    const { sessions, sessionStore } = setting({ ttl: 60, now: () => now })
    const { token, expiresAt } = await sessions.issueTokenFor('u1', {
      openid: alice,
      unionid: 'oUNION',
      device: '爱丽丝的手机',
    })
    expect(expiresAt).to.equal(now + 60_000)
    expect(sessionStore.calls.map(({ method }) => method)).to.deep.equal(['create'])
    const session = {
      userId: 'u1',
      openid: alice,
      unionid: 'oUNION',
      sku: 'shop',
      device: '爱丽丝的手机',
      createdAt: now,
      expiresAt,
    }
    const id = createHash('sha256').update(token).digest('hex')
    expect(sessionStore.calls[0]?.parameters).to.deep.equal([id, { ...session, id }, 60])
    expect(await sessions.getSession(token)).to.deep.equal(session)
  })

  it('lives for three days by default', async () => {
    const { sessions, sessionStore } = setting()
    await sessions.issueTokenFor('u1', { openid: alice })
    expect(sessionStore.calls[0]?.parameters[2]).to.equal(259_200)
  })

  it('expires after its lifetime, even if the store has not noticed', async () => {
    const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ['Date'] })
    try {
      const { sessions, sessionStore } = setting({ ttl: 60 })
      const { token } = await sessions.issueTokenFor('u1', { openid: alice })
      const session: unknown = await sessionStore.store.get(createHash('sha256').update(token).digest('hex'))
      const forgetful = setting({
        sessionStore: watched(new MemorySessionStore(), (method) =>
          method === 'get'
            ? Promise.resolve(session)
            : method === 'listByUser'
              ? Promise.resolve([session])
              : undefined,
        ),
      })
      clock.tick(59_999)
      expect(await forgetful.sessions.isTokenValid(token)).to.equal(true)
      clock.tick(1)
      for (const one of [sessions, forgetful.sessions]) {
        expect(await one.isTokenValid(token)).to.equal(false)
        expect(await one.listSessions('u1')).to.deep.equal([])
        await rejection(one.refreshToken(token), WechatSessionError)
      }
    } finally {
      clock.restore()
    }
  })

  it('is exchanged for a new one with a full lifetime, which changes only the end of the session', async () => {
    let now = Date.now()
    const { sessions } = setting({ ttl: 60, now: () => now })
    const first = await sessions.issueTokenFor('u1', { openid: alice, unionid: 'oUNION', device: 'phone' })
    const before = await sessions.getSession(first.token)
    now += 1000
    const second = await sessions.refreshToken(first.token)
    expect(second.token).to.not.equal(first.token)
    expect(await sessions.isTokenValid(first.token)).to.equal(false)
    expect(await sessions.getSession(second.token)).to.deep.equal({ ...before, expiresAt: now + 60_000 })
    expect(second.expiresAt).to.equal(now + 60_000)
    await rejection(sessions.refreshToken(first.token), WechatSessionError)
    expect(await sessions.isTokenValid(second.token)).to.equal(true)
  })

  it('stops working after it is revoked, unlike others of the same user', async () => {
    const { sessions } = setting()
    const [one, two] = [
      await sessions.issueTokenFor('u1', { openid: alice }),
      await sessions.issueTokenFor('u1', { openid: alice }),
    ]
    await sessions.revokeToken(one.token)
    expect([await sessions.isTokenValid(one.token), await sessions.isTokenValid(two.token)]).to.deep.equal([
      false,
      true,
    ])
    await sessions.revokeToken(one.token)
  })

  it('is one for each login: two devices have two sessions', async () => {
    const { logIn, sessions } = setting()
    const [phone, tablet] = [
      await logIn(alice, { device: 'phone' }),
      await logIn(alice, { device: 'tablet' }),
    ]
    expect(phone.user.id).to.equal(tablet.user.id)
    expect(phone.token).to.not.equal(tablet.token)
    expect((await sessions.getSession(phone.token))?.device).to.equal('phone')
    expect((await sessions.getSession(tablet.token))?.device).to.equal('tablet')
  })
})

describe('the sessions of a user', () => {
  it('are listed, the newest first, with an id that ends one of them and is not a token', async () => {
    let now = Date.now()
    const { sessions } = setting({ now: () => now++ })
    const [phone, tablet] = [
      await sessions.issueTokenFor('u1', { openid: alice, device: 'phone' }),
      await sessions.issueTokenFor('u1', { openid: alice, device: 'tablet' }),
    ]
    await sessions.issueTokenFor('u2', { openid: bob, device: 'of Bob' })
    const listed = await sessions.listSessions('u1')
    expect(listed.map(({ device }) => device)).to.deep.equal(['tablet', 'phone'])
    expect(listed[0]).to.have.all.keys('id', 'userId', 'openid', 'sku', 'device', 'createdAt', 'expiresAt')
    expect(await sessions.isTokenValid(listed[0]?.id)).to.equal(false)
    expect(await sessions.revokeSession('u2', listed[1]!.id!)).to.equal(false)
    expect(await sessions.isTokenValid(phone.token)).to.equal(true)
    expect(await sessions.revokeSession('u1', listed[1]!.id!)).to.equal(true)
    expect([
      await sessions.isTokenValid(phone.token),
      await sessions.isTokenValid(tablet.token),
    ]).to.deep.equal([false, true])
    for (const id of [listed[1]?.id, '*', '', 'a'.repeat(64), 1, null])
      expect(await sessions.revokeSession('u1', id as string)).to.equal(false)
  })

  it('are all ended by revokeUser, of every sku, unlike those of other users', async () => {
    const sessionStore = watched(new MemorySessionStore())
    const [shop, news] = [setting({ sessionStore }).sessions, setting({ sessionStore, sku: 'news' }).sessions]
    const ended = [
      await shop.issueTokenFor('u1', { openid: alice }),
      await shop.issueTokenFor('u1', { openid: alice }),
    ]
    const ofNews = await news.issueTokenFor('u1', { openid: alice })
    const ofBob = await shop.issueTokenFor('u2', { openid: bob })
    await shop.revokeUser('u1')
    for (const { token } of ended) expect(await shop.isTokenValid(token)).to.equal(false)
    expect(await news.isTokenValid(ofNews.token)).to.equal(false)
    expect(await shop.isTokenValid(ofBob.token)).to.equal(true)
    expect(await shop.listSessions('u1')).to.deep.equal([])
  })

  it('are at most maxSessions of a sku: the oldest end first', async () => {
    const sessionStore = watched(new MemorySessionStore())
    const { sessions } = setting({ maxSessions: 2, sessionStore })
    const { sessions: news } = setting({ sku: 'news', sessionStore })
    const elsewhere = await news.issueTokenFor('u1', { openid: alice })
    const tokens = []
    for (let count = 0; count < 4; count += 1)
      tokens.push((await sessions.issueTokenFor('u1', { openid: alice })).token)
    const ofBob = await sessions.issueTokenFor('u2', { openid: bob })
    expect(await Promise.all(tokens.map((token) => sessions.isTokenValid(token)))).to.deep.equal([
      false,
      false,
      true,
      true,
    ])
    expect(await sessions.isTokenValid(ofBob.token)).to.equal(true)
    expect(await news.isTokenValid(elsewhere.token)).to.equal(true)
  })

  it('are exactly maxSessions after many concurrent logins', async () => {
    const { sessions } = setting({
      maxSessions: 3,
      now: () => 1_700_000_000_000 + Math.floor(performance.now() / 1000),
    })
    const issued = await Promise.all(
      Array.from({ length: 12 }, () => sessions.issueTokenFor('u1', { openid: alice })),
    )
    const valid = await Promise.all(issued.map(({ token }) => sessions.isTokenValid(token)))
    expect(valid.filter(Boolean)).to.have.length(3)
  })

  it('do not exceed maxSessions if one is refreshed while a login is ending it', async () => {
    let refreshing: Promise<unknown> | undefined
    // Too late: the session has another hash now.
    const sessionStore = watched(new MemorySessionStore(), (method) => {
      if (method !== 'delete' || refreshing) return undefined
      return (refreshing = rejection(sessions.refreshToken(first.token)))
    })
    const { sessions } = setting({ sessionStore, maxSessions: 1 })
    const first = await sessions.issueTokenFor('u1', { openid: alice, device: 'first' })
    await sessions.issueTokenFor('u1', { openid: alice, device: 'second' })
    expect(await refreshing).to.include({ code: 'ERR_WECHAT_SESSION_TOKEN' })
    expect((await sessions.listSessions('u1')).map(({ device }) => device)).to.deep.equal(['second'])
  })

  describe('one of which cannot be used', () => {
    const unusable: Record<string, () => unknown> = {
      'that its store reports': () => Promise.reject(new StoreError('Not a record.', { reason: 'record' })),
      'not a session': () => Promise.resolve([{ userId: 'u1' }]),
    }

    it('end at the next login, with a warning, if the store refuses to list them', async () => {
      const answer = unusable['that its store reports']!
      let isCorrupt = false
      const sessionStore = watched(new MemorySessionStore(), (method) => {
        if (method === 'deleteByUser') isCorrupt = false
        return isCorrupt && method === 'listByUser' ? answer() : undefined
      })
      const warn = sinon.stub()
      const { sessions } = setting({ sessionStore, maxSessions: 2, logger: { debug: () => {}, warn } })
      const before = await sessions.issueTokenFor('u1', { openid: alice })
      isCorrupt = true
      expect(await rejection(sessions.listSessions('u1'), StoreError)).to.include({ reason: 'record' })
      const after = await sessions.issueTokenFor('u1', { openid: alice })
      expect(await sessions.isTokenValid(before.token)).to.equal(false)
      expect(await sessions.isTokenValid(after.token)).to.equal(true)
      sinon.assert.calledOnceWithMatch(warn, /does not list the others/, {
        code: 'ERR_WECHAT_STORE',
        reason: 'record',
      })
    })

    it('stay at the next login, which ends only the unusable ones, if the store lists them', async () => {
      const store = new MemorySessionStore()
      const listByUser = store.listByUser.bind(store)
      const unreadable = {
        toJSON: () => {
          throw new Error('SECRET')
        },
      }
      store.listByUser = async (userId) => {
        const rows = await listByUser(userId)
        const damaged = rows.map((row) => (row.device === 'broken' ? { id: row.id, userId } : row))
        return [...damaged, { userId, id: 7 }, unreadable] as unknown as typeof rows
      }
      const warn = sinon.stub()
      const sessionStore = watched(store)
      const limited = { maxSessions: 2, sessionStore, logger: { debug: () => {}, warn } }
      const { sessions } = setting(limited)
      const { sessions: news } = setting({ sku: 'news', sessionStore })
      const ofNews = await news.issueTokenFor('u1', { openid: alice })
      const unlimited = setting({ sessionStore }).sessions
      const [oldest, older] = [
        await unlimited.issueTokenFor('u1', { openid: alice }),
        await sessions.issueTokenFor('u1', { openid: alice }),
      ]
      const broken = await unlimited.issueTokenFor('u1', { openid: alice, device: 'broken' })
      warn.resetHistory()
      const latest = await sessions.issueTokenFor('u1', { openid: alice })
      const areValid = [oldest, broken, older, latest].map(({ token }) => sessions.isTokenValid(token))
      expect(await Promise.all(areValid)).to.deep.equal([false, false, true, true])
      expect(await news.isTokenValid(ofNews.token)).to.equal(true)
      const details = { code: 'ERR_WECHAT_STORE', reason: 'record', count: 3 }
      sinon.assert.calledOnceWithExactly(warn, sinon.match(/^Unusable sessions/), details)
      expect(await rejection(sessions.listSessions('u1'), StoreError)).to.include({ reason: 'record' })
    })

    for (const [what, answer] of Object.entries(unusable)) {
      it(`(${what}) do not end the token of a refresh`, async () => {
        let isCorrupt = false
        const sessionStore = watched(new MemorySessionStore(), (method) =>
          isCorrupt && method === 'listByUser' ? answer() : undefined,
        )
        const { sessions } = setting({ sessionStore, maxSessions: 2 })
        const before = await sessions.issueTokenFor('u1', { openid: alice })
        isCorrupt = true
        const { token } = await sessions.refreshToken(before.token)
        expect(await sessions.isTokenValid(token)).to.equal(true)
      })
    }

    it('do not prevent a login even if the store cannot end them', async () => {
      const answer = unusable['that its store reports']!
      const broken = ['listByUser', 'deleteByUser']
      const sessionStore = watched(new MemorySessionStore(), (method) =>
        broken.includes(method) ? answer() : undefined,
      )
      const { sessions } = setting({ sessionStore, maxSessions: 1 })
      const { token } = await sessions.issueTokenFor('u1', { openid: alice })
      expect(await sessions.isTokenValid(token)).to.equal(true)
    })

    it('make a login fail if the store fails', async () => {
      const sessionStore = watched(new MemorySessionStore(), (method) =>
        method === 'listByUser' ? Promise.reject(new Error('down')) : undefined,
      )
      const { sessions } = setting({ sessionStore, maxSessions: 1 })
      const error = await rejection(sessions.issueTokenFor('u1', { openid: alice }), StoreError)
      expect(error).to.include({ reason: undefined })
    })
  })

  it('end in the order of logins, even if the clock of a server is slow', async () => {
    const sessionStore = watched(new MemorySessionStore())
    const [fast, slow] = [
      setting({ maxSessions: 1, sessionStore }).sessions,
      setting({ maxSessions: 1, sessionStore, now: () => Date.now() - 60_000 }).sessions,
    ]
    const first = await fast.issueTokenFor('u1', { openid: alice })
    const second = await slow.issueTokenFor('u1', { openid: alice })
    expect([await fast.isTokenValid(first.token), await fast.isTokenValid(second.token)]).to.deep.equal([
      false,
      true,
    ])
  })
})

describe('the lifetime of a session', () => {
  function timed(sliding: boolean) {
    const clock = sinon.useFakeTimers({ now: 1_700_000_000_000, toFake: ['Date'] })
    return { clock, ...setting({ ttl: 1000, sliding }) }
  }
  const writes = (calls: { method: string }[]) => calls.filter(({ method }) => method === 'rotate').length

  afterEach(() => sinon.restore())

  it('ends at expiresAt, no matter how often the token is used', async () => {
    const { clock, sessions, sessionStore } = timed(false)
    const { token } = await sessions.issueTokenFor('u1', { openid: alice })
    for (let used = 0; used < 3; used += 1) {
      clock.tick(300_000)
      expect(await sessions.isTokenValid(token)).to.equal(true)
    }
    clock.tick(100_000)
    expect(await sessions.isTokenValid(token)).to.equal(false)
    expect(writes(sessionStore.calls)).to.equal(0)
  })

  it('restarts with each use if it slides, and the check returns the earlier end', async () => {
    const { clock, sessions, sessionStore } = timed(true)
    const { token } = await sessions.issueTokenFor('u1', { openid: alice, device: 'phone' })
    for (let used = 1; used <= 5; used += 1) {
      clock.tick(900_000)
      expect((await sessions.getSession(token))?.device).to.equal('phone')
      await Promise.resolve()
      expect(writes(sessionStore.calls)).to.equal(used)
    }
    clock.tick(1_000_000)
    expect(await sessions.isTokenValid(token)).to.equal(false)
  })

  it('is written again only after a tenth of it, and once for many checks', async () => {
    const { clock, sessions, sessionStore } = timed(true)
    const { token } = await sessions.issueTokenFor('u1', { openid: alice })
    clock.tick(100_000)
    await sessions.isTokenValid(token)
    expect(writes(sessionStore.calls)).to.equal(0)
    clock.tick(1)
    await Promise.all(Array.from({ length: 10 }, () => sessions.isTokenValid(token)))
    await sessions.close()
    expect(writes(sessionStore.calls)).to.equal(1)
    await sessions.isTokenValid(token)
    expect(writes(sessionStore.calls)).to.equal(1)
  })

  it('is not restored by a check that overlaps with a logout', async () => {
    const { clock, sessions } = timed(true)
    const { token } = await sessions.issueTokenFor('u1', { openid: alice })
    clock.tick(500_000)
    const checking = sessions.getSession(token)
    await sessions.revokeToken(token)
    await checking
    await sessions.close()
    expect(await sessions.isTokenValid(token)).to.equal(false)
  })

  it('is not extended if the store fails: the check returns the session, and the failure is logged without values', async () => {
    const warn = sinon.spy()
    const sessionStore = watched(new MemorySessionStore(), (method) =>
      method === 'rotate' ? Promise.reject(new Error(`SECRET ${alice}`)) : undefined,
    )
    const now = Date.now()
    const first = setting({ sessionStore, ttl: 1000 })
    const { token } = await first.sessions.issueTokenFor('u1', { openid: alice })
    const { sessions } = setting({
      sessionStore,
      ttl: 1000,
      sliding: true,
      now: () => now + 500_000,
      logger: { debug: () => {}, warn },
    })
    expect(await sessions.isTokenValid(token)).to.equal(true)
    await sessions.close()
    expect(warn.args).to.deep.equal([['A session could not be extended', { reason: 'ERR_WECHAT_STORE' }]])
  })

  for (const [title, warn] of [
    ['throws', sinon.stub().throws(new Error('full'))],
    ['rejects', sinon.stub().rejects(new Error('full'))],
  ] as const) {
    it(`is not extended if the store fails, and does no harm if the logger ${title} as well`, async () => {
      const sessionStore = watched(new MemorySessionStore(), (method) =>
        method === 'rotate' ? Promise.reject(new Error('down')) : undefined,
      )
      const now = Date.now()
      const { token } = await setting({ sessionStore, ttl: 1000 }).sessions.issueTokenFor('u1', {
        openid: alice,
      })
      const { sessions } = setting({
        sessionStore,
        ttl: 1000,
        sliding: true,
        now: () => now + 500_000,
        logger: { debug: () => {}, warn },
      })
      expect(await sessions.isTokenValid(token)).to.equal(true)
      await sessions.close()
    })
  }

  it('is not extended after close, which leaves the stores open', async () => {
    const { clock, sessions, sessionStore } = timed(true)
    const { token } = await sessions.issueTokenFor('u1', { openid: alice })
    await sessions.close()
    await sessions.close()
    clock.tick(500_000)
    expect(await sessions.isTokenValid(token)).to.equal(true)
    expect(writes(sessionStore.calls)).to.equal(0)
  })
})
