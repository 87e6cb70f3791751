import { createCipheriv } from 'node:crypto'
import { StoreError, WechatAPIError, WechatDecryptError } from '@wechat-auth/wechat-oauth'
import {
  MemoryUserStore,
  WechatSessionError,
  WechatSessions,
  type RegisteredUser,
  type UserStore,
  type WechatSessionsOptions,
} from '@wechat-auth/wechat-session'
import { expect } from 'chai'
import { rejection } from '../../helpers/rejection.js'
import { appId, client, sessionReply } from '../../helpers/wechat-replies.js'
import { FakeWechat } from '../../helpers/fake-wechat.js'
import { alice, bob, code, setting, watched } from './setting.js'

const sessionKey = 'tiihtNczf5v6AKRyjwEUhQ=='
const iv = 'r7BXXKkLb8qrSNn05n0qiA=='

/** Encrypts data as `wx.getUserInfo` would. */
function encrypted(data: Record<string, unknown>, key = sessionKey): { encryptedData: string; iv: string } {
  const cipher = createCipheriv('aes-128-cbc', Buffer.from(key, 'base64'), Buffer.from(iv, 'base64'))
  const text = JSON.stringify({ watermark: { appid: appId, timestamp: 1 }, ...data })
  return { encryptedData: Buffer.concat([cipher.update(text), cipher.final()]).toString('base64'), iv }
}

function withKey(session: Record<string, unknown> = {}) {
  const made = setting()
  made.wechat.replies['/sns/jscode2session'] = sessionReply({
    session_key: sessionKey,
    openid: alice,
    ...session,
  })
  return made
}

describe('authorize', () => {
  it('needs only the code', async () => {
    const { sessions, wechat } = withKey()
    const { token, expiresAt, ...login } = await sessions.authorize({ code })
    expect(login).to.deep.equal({ user: { id: alice, openid: alice }, isNewUser: true })
    expect(await sessions.getSession(token)).to.deep.include({
      userId: alice,
      openid: alice,
      sku: 'shop',
      expiresAt,
    })
    expect(wechat.paths).to.deep.equal(['/sns/jscode2session'])
  })

  it("takes a new user's profile from the encrypted data, and the unionid from WeChat's reply", async () => {
    const { sessions } = withKey({ unionid: 'oUNION' })
    const data = encrypted({
      openId: alice,
      unionId: 'oUNION',
      nickName: '爱丽丝🐼',
      gender: 2,
      city: '',
      country: '中国',
      avatarUrl: 'https://wx.qlogo.cn/0',
      phoneNumber: '13800138000',
    })
    const { user, token } = await sessions.authorize({ code, ...data })
    expect(user).to.deep.equal({
      id: 'oUNION',
      openid: alice,
      unionid: 'oUNION',
      profile: { nickName: '爱丽丝🐼', gender: 2, country: '中国', avatarUrl: 'https://wx.qlogo.cn/0' },
    })
    expect((await sessions.getSession(token))?.unionid).to.equal('oUNION')
  })

  const refusals: [string, Record<string, unknown>, { encryptedData: string; iv: string }, string][] = [
    [
      'data encrypted with another key',
      {},
      encrypted({ openId: alice }, 'AAAAAAAAAAAAAAAAAAAAAA=='),
      'ERR_WECHAT_SESSION_KEY',
    ],
    ['data of another user', {}, encrypted({ openId: bob }), 'ERR_WECHAT_OPENID_MISMATCH'],
    ['an openid that is not a string', {}, encrypted({ openId: 1 }), 'ERR_WECHAT_OPENID_MISMATCH'],
    [
      'data of another unionid',
      { unionid: 'oUNION' },
      encrypted({ openId: alice, unionId: 'oOTHER' }),
      'ERR_WECHAT_OPENID_MISMATCH',
    ],
    [
      'data of another app',
      {},
      encrypted({ openId: alice, watermark: { appid: 'wxother', timestamp: 1 } }),
      'ERR_WECHAT_OPENID_MISMATCH',
    ],
  ]
  for (const [title, session, data, expected] of refusals) {
    it(`rejects ${title} with ${expected}, and creates neither a user nor a session`, async () => {
      const { sessions, sessionStore, userStore } = withKey(session)
      const error = await rejection(sessions.authorize({ code, ...data }), WechatSessionError)
      expect(error).to.include({ code: expected, status: 401 })
      expect([...sessionStore.calls, ...userStore.calls]).to.deep.equal([])
    })
  }

  const damaged: [string, Record<string, string>][] = [
    ['data that is not base64', { encryptedData: '%%%', iv }],
    ['truncated data', { encryptedData: encrypted({ openId: alice }).encryptedData.slice(0, -8), iv }],
    ['an iv of the wrong length', { encryptedData: encrypted({ openId: alice }).encryptedData, iv: 'AAAA' }],
  ]
  for (const [title, data] of damaged) {
    it(`rejects ${title} with the status 400, and creates neither a user nor a session`, async () => {
      const { sessions, sessionStore, userStore } = withKey()
      const error = await rejection(sessions.authorize({ code, ...data }), WechatDecryptError)
      expect(error).to.include({ code: 'ERR_WECHAT_ENCRYPTED_DATA', status: 400, reason: 'input' })
      expect([...sessionStore.calls, ...userStore.calls]).to.deep.equal([])
    })
  }

  it("takes no unionid from data if WeChat's reply has none", async () => {
    const { sessions } = withKey()
    const { user, token } = await sessions.authorize({
      code,
      ...encrypted({ openId: alice, unionId: 'oUNION', nickName: 'Alice' }),
    })
    expect(user).to.deep.equal({ id: alice, openid: alice, profile: { nickName: 'Alice' } })
    expect(await sessions.getSession(token)).to.not.have.property('unionid')
  })

  const errcodes: [number, string, number][] = [
    [40029, 'code', 401],
    [40163, 'code', 401],
    [40226, 'denied', 403],
    [45011, 'rate', 503],
    [40125, 'config', 500],
  ]
  for (const [errcode, kind, status] of errcodes) {
    it(`rejects with WeChat's ${errcode}, of kind ${kind} and with the status ${status}`, async () => {
      const { sessions, wechat } = setting()
      wechat.replies['/sns/jscode2session'] = { errcode, errmsg: `no, ${code}` }
      const error = await rejection(sessions.authorize({ code }), WechatAPIError)
      expect(error).to.include({ code: 'ERR_WECHAT_API', errcode, kind, status, errmsg: 'no, ***' })
    })
  }

  const inputs: [string, unknown][] = [
    ['nothing', undefined],
    ['a string', code],
    ['no code', {}],
    ['an empty code', { code: '' }],
    ['a code that is not a string', { code: [code] }],
    ['a code with a space', { code: 'a b' }],
    ['a code of a megabyte', { code: 'a'.repeat(1024 * 1024) }],
    ['encryptedData alone', { code, encryptedData: 'AAAA' }],
    ['an iv alone', { code, iv }],
    ['a device that is not a string', { code, device: { name: 'phone' } }],
    ['a long device', { code, device: 'd'.repeat(257) }],
    ['an inherited code', Object.create({ code }) as object],
  ]
  for (const [title, input] of inputs) {
    it(`refuses ${title} with a TypeError with the status 400, without calling WeChat or a store`, async () => {
      const { sessions, wechat, userStore, sessionStore } = setting()
      expect(await rejection(sessions.authorize(input as { code: string }), TypeError)).to.have.property(
        'status',
        400,
      )
      expect([...wechat.requests, ...userStore.calls, ...sessionStore.calls]).to.deep.equal([])
    })
  }

  it('ignores a device without a name', async () => {
    const { sessions } = withKey()
    const { token } = await sessions.authorize({ code, device: '' })
    expect(await sessions.getSession(token)).to.not.have.property('device')
  })

  it('accepts the body of a request with unknown members', async () => {
    const { sessions } = withKey()
    const body = JSON.parse(
      `{ "code": "${code}", "encryptedData": null, "openid": "${bob}", "userId": "admin", "sku": "other", "__proto__": { "unionid": "x" } }`,
    ) as { code: string }
    const { user, token } = await sessions.authorize(body)
    expect(user).to.deep.equal({ id: alice, openid: alice })
    expect(token.startsWith(`v1.${alice}.shop.`)).to.equal(true)
  })
})

describe('the user of a login', () => {
  it('is the same one the next time', async () => {
    const { logIn } = setting()
    const [first, second] = [await logIn(alice), await logIn(alice)]
    expect([first.isNewUser, second.isNewUser]).to.deep.equal([true, false])
    expect(second.user).to.deep.equal(first.user)
    expect((await logIn(bob)).user.id).to.equal(bob)
  })

  it('is the same one if a unionid appears later, and then has it', async () => {
    const { logIn, sessions } = setting()
    const first = await logIn(alice)
    const second = await logIn(alice, { unionid: 'oUNION' })
    expect(second).to.deep.include({
      isNewUser: false,
      user: { id: first.user.id, openid: alice, unionid: 'oUNION' },
    })
    expect((await logIn(alice)).user).to.deep.equal(second.user)
    expect(await sessions.listSessions(first.user.id)).to.have.length(3)
  })

  it('is the one of another app with the same unionid', async () => {
    const { logIn, userStore } = setting()
    await userStore.store.create({
      appId: 'wxofficial',
      openid: 'oALICE_there',
      unionid: 'oUNION',
      profile: { nickName: 'Alice' },
    })
    const { user, isNewUser } = await logIn(alice, { unionid: 'oUNION' })
    expect([user, isNewUser]).to.deep.equal([
      { id: 'oUNION', openid: alice, unionid: 'oUNION', profile: { nickName: 'Alice' } },
      false,
    ])
    expect((await logIn(alice)).user.id).to.equal('oUNION')
  })

  it('stays the same if another user has their unionid', async () => {
    const { logIn, userStore } = setting()
    await logIn(alice)
    await userStore.store.create({ appId: 'wxofficial', openid: 'oALICE_there', unionid: 'oUNION' })
    expect((await logIn(alice, { unionid: 'oUNION' })).user.id).to.equal(alice)
    expect((await userStore.store.findByUnionid('oUNION'))?.id).to.equal('oUNION')
  })

  it('is one for concurrent first logins, even with a store that finds and creates in two steps', async () => {
    const users = new Map<string, RegisteredUser>()
    const later = <T>(answer: () => T): Promise<T> =>
      new Promise((resolve) => setImmediate(() => resolve(answer())))
    let made = 0
    const naive: UserStore = {
      findByOpenid: (_appId, openid) => later(() => users.get(openid)),
      findByUnionid: () => later(() => null),
      create: ({ openid }) =>
        later(() => {
          made += 1
          const user = { id: `${openid} ${made}`, openid }
          users.set(openid, user)
          return user
        }),
      link: () => later(() => undefined),
    }
    const { wechat, sessionStore } = setting()
    wechat.replies['/sns/jscode2session'] = sessionReply({ openid: alice })
    const sessions = new WechatSessions({
      oauth: client({ fetch: wechat.fetch }),
      sessionStore: sessionStore.store,
      userStore: naive,
      sku: 'shop',
    })
    const logins = await Promise.all([1, 2, 3].map(() => sessions.authorize({ code })))
    expect(new Set(logins.map(({ user }) => user.id)).size).to.equal(1)
    expect(logins.filter(({ isNewUser }) => isNewUser)).to.have.length(1)
  })

  it('is the one that another process created meanwhile, if the store refuses a second', async () => {
    const users = new MemoryUserStore()
    const userStore = watched(users, (method) =>
      method === 'create'
        ? users
            .create({ appId, openid: alice })
            .then(() => Promise.reject(new Error('UNIQUE constraint failed')))
        : undefined,
    )
    expect(await setting({ userStore }).logIn(alice)).to.deep.include({
      isNewUser: false,
      user: { id: alice, openid: alice },
    })
  })

  it('is an error without values, and gets no session, if the user store fails', async () => {
    const userStore = watched(new MemoryUserStore(), () => Promise.reject(new Error(`SECRET ${alice}`)))
    const { logIn, sessionStore } = setting({ userStore })
    const error = await rejection(logIn(alice), StoreError)
    expect([error.code, error.message]).to.deep.equal(['ERR_WECHAT_STORE', 'The store failed to find a user'])
    expect(sessionStore.calls).to.deep.equal([])
  })

  it('is an error if a store does not answer before the timeout', async () => {
    const userStore = watched(new MemoryUserStore(), () => new Promise(() => {}))
    const error = await rejection(setting({ userStore, timeout: 20 }).logIn(alice), StoreError)
    expect(error.message).to.match(/within 20 ms/)
  })
})

describe("users of the application's functions", () => {
  interface Own {
    id: number
    name: string
  }

  function own(functions: Partial<Extract<WechatSessionsOptions<Own>, { findUser: unknown }>> = {}) {
    const { wechat, sessionStore } = setting()
    wechat.replies['/sns/jscode2session'] = sessionReply({ openid: alice, unionid: 'oUNION' })
    const rows = new Map<string, Own>()
    const asked: unknown[] = []
    const sessions = new WechatSessions<Own>({
      oauth: client({ fetch: wechat.fetch }),
      sessionStore: sessionStore.store,
      sku: 'shop',
      findUser: (account) => {
        asked.push(account)
        return rows.get(account.openid)
      },
      createUser: ({ openid }) => {
        const user = { id: rows.size + 1, name: openid }
        rows.set(openid, user)
        return Promise.resolve(user)
      },
      ...functions,
    })
    return { sessions, asked, rows }
  }

  it('are found and created by them, and returned unchanged', async () => {
    const { sessions, asked, rows } = own()
    const first = await sessions.authorize({ code })
    expect(first.user).to.equal(rows.get(alice))
    expect(first.isNewUser).to.equal(true)
    expect(asked).to.deep.equal([{ appId, openid: alice, unionid: 'oUNION' }])
    const second = await sessions.authorize({ code })
    expect([second.user, second.isNewUser]).to.deep.equal([first.user, false])
  })

  it('may have numeric ids, which sessions keep as strings', async () => {
    const { sessions } = own()
    const { token, user } = await sessions.authorize({ code })
    const session = await sessions.getSession(token)
    expect(session?.userId).to.equal('1')
    expect(await sessions.getUser(session!)).to.equal(user)
    expect(await sessions.listSessions(user.id)).to.have.length(1)
    await sessions.revokeUser(1)
    expect(await sessions.isTokenValid(token)).to.equal(false)
  })

  it('are an error if a function throws, and it is passed on', async () => {
    const problem = new Error('of the application')
    expect(
      await rejection(
        own({
          findUser: () => {
            throw problem
          },
        }).sessions.authorize({ code }),
      ),
    ).to.equal(problem)
    expect(
      await rejection(own({ createUser: () => Promise.reject(problem) }).sessions.authorize({ code })),
    ).to.equal(problem)
  })

  for (const id of [undefined, null, '', {}, 1.5, NaN, 'i'.repeat(257)]) {
    it(`must not have the id ${(JSON.stringify(id) as string | undefined)?.slice(0, 9)}`, async () => {
      const { sessions } = own({ createUser: () => ({ id, name: 'x' }) as Own })
      expect(await rejection(sessions.authorize({ code }))).to.include({ code: 'ERR_WECHAT_CONFIG' })
    })
  }
})

describe('registerUser and getUser', () => {
  it('know users of other kinds of logins, and link the accounts of one person', async () => {
    const { sessions, logIn } = setting()
    const official = await sessions.registerUser({
      appId: 'wxofficial',
      openid: 'oALICE_there',
      unionid: 'oUNION',
      profile: { nickName: 'Alice' },
    })
    expect(official).to.deep.equal({
      user: { id: 'oUNION', openid: 'oALICE_there', unionid: 'oUNION', profile: { nickName: 'Alice' } },
      isNewUser: true,
    })
    const { user, token } = await logIn(alice, { unionid: 'oUNION' })
    expect(user.id).to.equal('oUNION')
    expect(await sessions.getUser((await sessions.getSession(token))!)).to.deep.equal(user)
  })

  it('return no user if the account is gone or now belongs to another user', async () => {
    const { sessions } = setting()
    const session = async (userId: string, openid: string) =>
      (await sessions.getSession((await sessions.issueTokenFor(userId, { openid })).token))!
    expect(await sessions.getUser(await session(alice, alice))).to.equal(null)
    await sessions.registerUser({ openid: alice })
    expect((await sessions.getUser(await session(alice, alice)))?.id).to.equal(alice)
    expect(await sessions.getUser(await session('somebody else', alice))).to.equal(null)
  })

  it('create no user for a value that is not an account', async () => {
    const { sessions, userStore } = setting()
    for (const account of [
      undefined,
      {},
      { openid: '' },
      { openid: 1 },
      { openid: "o'x" },
      { openid: 'o%' },
      { openid: alice, unionid: 1 },
      { openid: alice, appId: '' },
    ]) {
      await rejection(sessions.registerUser(account as { openid: string }), TypeError)
    }
    expect(userStore.calls).to.deep.equal([])
  })
})

describe('a code in the request to WeChat', () => {
  it('stays one value, whatever it contains', async () => {
    const wechat = new FakeWechat()
    wechat.replies['/sns/jscode2session'] = { errcode: 40029, errmsg: 'invalid code' }
    const { sessions } = setting({ oauth: client({ fetch: wechat.fetch }) })
    const hostile = 'x&appid=wxOTHER&secret=y#%00'
    await rejection(sessions.authorize({ code: hostile }), WechatAPIError)
    const [request] = wechat.requests
    expect(request?.searchParams.getAll('appid')).to.deep.equal([appId])
    expect(request?.searchParams.getAll('js_code')).to.deep.equal([hostile])
  })
})
