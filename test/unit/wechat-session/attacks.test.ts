import { inspect } from 'node:util'
import { StoreError } from '@wechat-auth/wechat-oauth'
import { MemorySessionStore, WechatSessionError, WechatSessions } from '@wechat-auth/wechat-session'
import { expect } from 'chai'
import sinon from 'sinon'
import { rejection } from '../../helpers/rejection.js'
import { appSecret, client } from '../../helpers/wechat-replies.js'
import { alice, bob, setting, watched } from './setting.js'

/** Logs in Alice on two devices, and Bob. */
async function live() {
  const made = setting()
  const tokens = [await made.logIn(alice), await made.logIn(alice), await made.logIn(bob)].map(
    ({ token }) => token,
  )
  return {
    ...made,
    tokens,
    areValid: () => Promise.all(tokens.map((token) => made.sessions.isTokenValid(token))),
  }
}

describe('attacks on sessions', () => {
  for (const pattern of [
    '*',
    '?',
    '%',
    `${alice}|*`,
    `v1.${alice}.shop.*`,
    `v1.*.shop.${'*'.repeat(43)}`,
    "' OR '1'='1",
    '[a-z]',
    alice,
    `v1.${alice}.shop.${'A'.repeat(43)}`,
  ]) {
    it(`achieve nothing with refreshToken, revokeToken or revokeSession of ${JSON.stringify(pattern)}`, async () => {
      const { sessions, areValid, sessionStore } = await live()
      expect(await rejection(sessions.refreshToken(pattern), WechatSessionError)).to.have.property(
        'code',
        'ERR_WECHAT_SESSION_TOKEN',
      )
      await sessions.revokeToken(pattern)
      expect(await sessions.revokeSession(alice, pattern)).to.equal(false)
      expect(await areValid()).to.deep.equal([true, true, true])
      expect(sessionStore.calls.filter(({ method }) => method === 'rotate')).to.deep.equal([])
    })
  }

  for (const userId of [
    '*',
    '%',
    '_',
    "' OR '1'='1",
    `${alice.slice(0, -1)}%`,
    `${alice.slice(0, -1)}?`,
    '__proto__',
  ]) {
    it(`end and list no sessions with revokeUser and listSessions of ${JSON.stringify(userId)}`, async () => {
      const { sessions, areValid } = await live()
      await sessions.revokeUser(userId)
      expect(await sessions.listSessions(userId)).to.deep.equal([])
      expect(await areValid()).to.deep.equal([true, true, true])
    })
  }

  it('get no token for a known openid: no method that a request reaches takes one', async () => {
    const { sessions, sessionStore } = await live()
    const before = sessionStore.calls.length
    for (const forged of [alice, `v1.${alice}.shop.`, `v1.${alice}.shop.${'A'.repeat(43)}`]) {
      expect(await sessions.isTokenValid(forged)).to.equal(false)
      await rejection(sessions.refreshToken(forged), WechatSessionError)
    }
    await rejection(sessions.authorize({ openid: alice } as unknown as { code: string }), TypeError)
    expect(sessionStore.calls.slice(before).filter(({ method }) => method !== 'get')).to.deep.equal([])
  })

  it('achieve nothing by changing the openid, the sku or the end of a token', async () => {
    const { sessions, tokens, areValid } = await live()
    const [token = ''] = tokens
    const altered = [
      token.replace(alice, bob),
      token.replace('.shop.', '.news.'),
      token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A'),
      token.replace('v1', 'V1'),
      token.toLowerCase(),
      ` ${token}`,
    ]
    for (const one of altered) {
      expect(await sessions.getSession(one)).to.equal(null)
      await rejection(sessions.refreshToken(one), WechatSessionError)
      await sessions.revokeToken(one)
    }
    expect(await areValid()).to.deep.equal([true, true, true])
  })

  it('get one token from many concurrent refreshes', async () => {
    const {
      sessions,
      tokens: [token = ''],
    } = await live()
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => sessions.refreshToken(token)))
    const won = results.filter((result) => result.status === 'fulfilled')
    expect(won).to.have.length(1)
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).to.include({ code: 'ERR_WECHAT_SESSION_TOKEN' })
    expect(await sessions.isTokenValid(won[0]?.value.token)).to.equal(true)
    expect(await sessions.isTokenValid(token)).to.equal(false)
    expect(await sessions.listSessions(alice)).to.have.length(2)
  })

  it('cannot use the tokens of one instance with another in the same process', async () => {
    const [one, two] = [setting(), setting({ sku: 'news', ttl: 60 })]
    const [first, second] = [await one.logIn(alice), await two.logIn(alice)]
    expect(one.sessions.extractSku(first.token)).to.equal('shop')
    expect(second.expiresAt).to.be.below(first.expiresAt)
    expect([
      await one.sessions.isTokenValid(first.token),
      await one.sessions.isTokenValid(second.token),
    ]).to.deep.equal([true, false])
    expect([
      await two.sessions.isTokenValid(second.token),
      await two.sessions.isTokenValid(first.token),
    ]).to.deep.equal([true, false])
  })

  it('find no session without an end after a crash, because it is written in one call or not at all', async () => {
    const sessionStore = watched(new MemorySessionStore(), (method) =>
      method === 'create' ? Promise.reject(new Error('crashed')) : undefined,
    )
    const { logIn, sessions } = setting({ sessionStore })
    await rejection(logIn(alice), StoreError)
    expect(sessionStore.calls.map(({ method }) => method)).to.deep.equal(['create'])
    expect(await sessions.listSessions(alice)).to.deep.equal([])
  })

  for (const wrong of [
    undefined,
    {},
    { openid: '' },
    { openid: "o'x" },
    { openid: 'o%' },
    { openid: 'o.x' },
    { openid: `${alice}\n` },
    { openid: 'o'.repeat(129) },
    { openid: alice, device: 1 },
    { openid: alice, unionid: {} },
  ]) {
    it(`get no token that contains ${(JSON.stringify(wrong) as string | undefined)?.slice(0, 40)}`, async () => {
      const { sessions, sessionStore } = setting()
      await rejection(sessions.issueTokenFor('u1', wrong as { openid: string }), TypeError)
      expect(sessionStore.calls).to.deep.equal([])
    })
  }

  for (const wrong of [undefined, null, '', {}, [], { $ne: null }, 1.5, NaN, true, 'i'.repeat(257)]) {
    it(`reveal nothing about a user ${(JSON.stringify(wrong) as string | undefined)?.slice(0, 20)}`, async () => {
      const { sessions, sessionStore } = setting()
      const userId = wrong as string
      for (const call of [
        () => sessions.issueTokenFor(userId, { openid: alice }),
        () => sessions.revokeUser(userId),
        () => sessions.listSessions(userId),
        () => sessions.revokeSession(userId, 'a'.repeat(64)),
      ]) {
        await rejection(call(), TypeError)
      }
      expect(sessionStore.calls).to.deep.equal([])
    })
  }
})

describe('the output about sessions', () => {
  afterEach(() => sinon.restore())

  it('is never on the console, and the log contains no secret', async () => {
    const consoles = (['log', 'info', 'warn', 'error', 'debug'] as const).map((method) =>
      sinon.stub(console, method),
    )
    const told: unknown[] = []
    const { sessions, logIn } = setting({
      logger: { debug: (...all) => told.push(all), warn: (...all) => told.push(all) },
      sliding: true,
    })
    const { token } = await logIn(alice)
    const { token: next } = await sessions.refreshToken(token)
    await rejection(sessions.refreshToken(token))
    await sessions.revokeToken(next)
    for (const one of consoles) expect(one.callCount).to.equal(0)
    expect(told).to.deep.equal([])
  })

  it('contains no token or secret in errors', async () => {
    const sessionStore = watched(new MemorySessionStore(), (method) =>
      method === 'get' || method === 'create'
        ? Promise.reject(
            Object.assign(new Error('SECRET statement'), { sql: 'SECRET', code: 'ECONNREFUSED' }),
          )
        : undefined,
    )
    const { sessions, logIn } = setting({ sessionStore })
    const token = `v1.${alice}.shop.${'S'.repeat(43)}`
    const errors = [
      await rejection(sessions.isTokenValid(token), StoreError),
      await rejection(sessions.refreshToken(token), StoreError),
      await rejection(logIn(alice), StoreError),
    ]
    for (const error of errors) {
      expect(error.driver).to.deep.equal({ name: 'Error', code: 'ECONNREFUSED' })
      expect(error.cause).to.equal(undefined)
      expect([inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error), error.message].join())
        .to.not.contain('SECRET')
        .and.not.contain('SSSS')
    }
    const { sessions: working } = setting()
    const error = await rejection(working.refreshToken(token), WechatSessionError)
    expect(inspect(error, { depth: 9, showHidden: true }))
      .to.not.contain('SSSS')
      .and.not.contain(alice)
  })

  it('contains nothing when objects are inspected', async () => {
    const { logIn, sessions } = setting()
    const { token } = await logIn(alice)
    const other = new WechatSessions({
      oauth: client(),
      sessionStore: new MemorySessionStore(),
      findUser: () => null,
      createUser: () => ({ id: 1 }),
      sku: 'shop',
    })
    for (const one of [sessions, other])
      expect(inspect(one, { depth: 9, showHidden: true }) + JSON.stringify(one))
        .to.not.contain(appSecret)
        .and.not.contain(token)
        .and.not.contain(alice)
  })

  it('is an error, never a refusal, if the store fails, returns garbage or never answers', async () => {
    const token = `v1.${alice}.shop.${'A'.repeat(43)}`
    const garbage = [
      'text',
      1,
      {},
      [],
      { userId: 'u', openid: alice },
      { userId: '', openid: alice, sku: 'shop', createdAt: 1, expiresAt: 2 },
      { userId: 'u', openid: alice, sku: 'shop', createdAt: 'x', expiresAt: 2 },
    ]
    const answers = [...garbage.map((value) => Promise.resolve(value)), new Promise(() => {})]
    for (const answer of answers) {
      const sessionStore = watched(new MemorySessionStore(), () => answer)
      expect(
        (await rejection(setting({ sessionStore, timeout: 20 }).sessions.isTokenValid(token), StoreError))
          .code,
      ).to.equal('ERR_WECHAT_STORE')
    }
  })

  it('accepts numbers that a store kept as strings', async () => {
    const record = {
      userId: 'u1',
      openid: alice,
      unionid: null,
      device: '',
      sku: 'shop',
      createdAt: '1700000000000',
      expiresAt: String(Date.now() + 1000),
    }
    const sessionStore = watched(new MemorySessionStore(), (method) =>
      method === 'get' ? Promise.resolve(record) : undefined,
    )
    const session = await setting({ sessionStore }).sessions.getSession(`v1.${alice}.shop.${'A'.repeat(43)}`)
    expect(session).to.deep.equal({
      userId: 'u1',
      openid: alice,
      sku: 'shop',
      createdAt: 1_700_000_000_000,
      expiresAt: Number(record.expiresAt),
    })
  })
})
