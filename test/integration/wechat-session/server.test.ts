import { MemorySessionStore, MemoryUserStore } from '@wechat-auth/wechat-session'
import { expect } from 'chai'
import sinon from 'sinon'
import { startServer, type MiniProgramServer, type PassportVersion } from './setting.js'

interface Login {
  token: string
  user: { id: string; openid: string; unionid: string }
  isNewUser: boolean
}

describe('the server of a mini-program, with the sandbox as WeChat', () => {
  let server: MiniProgramServer
  before(async () => {
    server = await startServer()
  })
  after(() => server.close())

  const logIn = async (user: string, more: object = {}): Promise<Login> =>
    (await server.post('/login', { code: server.code(user), ...more })).json as unknown as Login

  it('logs in a new user, recognizes them again, and keeps two users apart', async () => {
    const [first, second, bob] = [await logIn('alice'), await logIn('alice'), await logIn('bob')]
    expect([first.isNewUser, second.isNewUser, bob.isNewUser]).to.deep.equal([true, false, true])
    expect(second.user).to.deep.equal(first.user)
    expect(first.user.id).to.equal(first.user.unionid)
    expect(bob.user.id).to.not.equal(first.user.id)
    expect(first.token).to.not.equal(second.token)
    for (const { token, user } of [first, second, bob])
      expect((await server.get('/me', token)).json.user).to.deep.equal(user)
  })

  it('accepts encrypted data of the same user only', async () => {
    const { appId, sandbox } = server
    const code = server.code('alice')
    const { encryptedData, iv } = sandbox.encrypt({ appId, user: 'alice' })
    expect((await server.post('/login', { code, encryptedData, iv })).status).to.equal(200)
    server.code('bob')
    const ofBob = sandbox.encrypt({ appId, user: 'bob' })
    const { status, json } = await server.post('/login', {
      code: server.code('alice'),
      encryptedData: ofBob.encryptedData,
      iv: ofBob.iv,
    })
    expect([status, (json.error as { code: string }).code]).to.deep.equal([401, 'ERR_WECHAT_SESSION_KEY'])
  })

  it('answers 401 to a used or hostile code, and 400 to a bad request', async () => {
    const code = server.code('alice')
    expect((await server.post('/login', { code })).status).to.equal(200)
    for (const wrong of [code, `${server.code('alice')}&appid=wxOTHER`, "'", '%00', '*']) {
      const { status, json } = await server.post('/login', { code: wrong })
      expect([status, (json.error as { code: string }).code]).to.deep.equal([401, 'ERR_WECHAT_API'])
      expect(JSON.stringify(json)).to.not.contain(wrong.length > 1 ? wrong : 'session_key')
    }
    for (const body of [{}, { code: 1 }, { code: { $ne: null } }, []])
      expect((await server.post('/login', body)).status).to.equal(400)
  })

  it('answers 502 without a session if WeChat is down, and the next login works', async () => {
    server.sandbox.fail('/sns/jscode2session', { status: 502 }, { times: 1 })
    expect((await server.post('/login', { code: server.code('alice') })).status).to.equal(502)
    expect((await logIn('alice')).token).to.be.a('string')
  })

  it('issues a token in two lines after a login with Passport, for the registered user', async () => {
    const { status, json } = await server.post('/passport', { code: server.code('alice') })
    expect(status).to.equal(200)
    expect(json).to.have.all.keys('token', 'expiresAt')
    const me = await server.get('/me', json.token as string)
    expect(me.json.user).to.deep.equal((await logIn('alice')).user)
    expect(me.json.info).to.include({ userId: (me.json.user as { id: string }).id, sku: 'shop' })
    expect((await server.post('/passport', { code: 'used' })).status).to.equal(401)
  })

  it('refuses a token after it was refreshed or revoked', async () => {
    const { token, user } = await logIn('alice')
    const { token: next } = await server.sessions.refreshToken(token)
    expect([(await server.get('/me', token)).status, (await server.get('/me', next)).status]).to.deep.equal([
      401, 200,
    ])
    await server.sessions.revokeUser(user.id)
    expect((await server.get('/me', next)).status).to.equal(401)
  })
})

describe('the server of a mini-program after a restart', () => {
  it('still knows users and tokens if its stores do', async () => {
    const stores = { sessionStore: new MemorySessionStore(), userStore: new MemoryUserStore() }
    const first = await startServer(stores)
    const login = (await first.post('/login', { code: first.code() })).json as unknown as Login
    await first.close()
    const second = await startServer(stores)
    try {
      expect((await second.get('/me', login.token)).json.user).to.deep.equal(login.user)
      expect((await second.post('/login', { code: second.code() })).json).to.deep.include({
        user: login.user,
        isNewUser: false,
      })
    } finally {
      await second.close()
    }
  })
})

for (const version of ['0.6', '0.7'] satisfies PassportVersion[]) {
  for (const cookies of [false, true]) {
    describe(`routes behind WechatSessionStrategy, Passport ${version}, ${cookies ? 'with' : 'without'} cookie sessions elsewhere`, () => {
      let server: MiniProgramServer
      let login: Login
      before(async () => {
        server = await startServer({ passport: version, cookies })
        login = (await server.post('/login', { code: server.code() })).json as unknown as Login
      })
      after(() => server.close())

      for (const path of ['/me', '/explicit']) {
        it(`${path}: accept a token and set no cookie`, async () => {
          const { status, json, headers } = await server.get(path, login.token)
          expect([status, json.user]).to.deep.equal([200, login.user])
          expect(json.info).to.include({ userId: login.user.id, openid: login.user.openid, sku: 'shop' })
          expect(JSON.stringify(json)).to.not.contain(login.token)
          expect(headers.get('set-cookie')).to.equal(null)
        })
      }

      it('refuse other requests with 401 and WWW-Authenticate, with an error only if there was a token', async () => {
        const stranger = await server.get('/me')
        expect([stranger.status, stranger.headers.get('www-authenticate')]).to.deep.equal([
          401,
          'Bearer realm="wechat-session"',
        ])
        for (const token of [`${login.token}A`, '*', login.token.replace('.shop.', '.news.')]) {
          const { status, headers } = await server.get('/me', token)
          expect(status).to.equal(401)
          expect(headers.get('www-authenticate')).to.match(
            /^Bearer realm="wechat-session", error="invalid_token", error_description="[^"]+"$/,
          )
        }
      })

      it('support assignProperty and a custom callback', async () => {
        expect((await server.get('/assigned', login.token)).json).to.deep.equal({
          user: null,
          account: login.user,
        })
        const custom = await server.get('/custom', login.token)
        expect(custom.json.user).to.deep.equal(login.user)
        expect((await server.get('/custom')).json).to.deep.equal({
          user: false,
          info: 'Bearer realm="wechat-session"',
          status: 401,
        })
      })

      it('start a cookie session only if a call requests it', async () => {
        const { status, headers } = await server.get('/remembered', login.token)
        if (cookies)
          expect([status, headers.get('set-cookie')?.startsWith('connect.sid=')]).to.deep.equal([200, true])
        else expect(status).to.equal(500)
      })
    })
  }
}

describe('a route behind WechatSessionStrategy whose store is down', () => {
  it('answers with an error and not with 401, after which clients drop their token', async () => {
    const sessionStore = new MemorySessionStore()
    const server = await startServer({ sessionStore })
    try {
      const { json } = await server.post('/login', { code: server.code() })
      sinon.stub(sessionStore, 'get').rejects(new Error('SECRET'))
      const { status, json: answer } = await server.get('/me', json.token as string)
      expect([status, answer]).to.deep.equal([
        500,
        {
          error: {
            name: 'StoreError',
            code: 'ERR_WECHAT_STORE',
            message: 'The store failed to read a session',
          },
        },
      ])
    } finally {
      sinon.restore()
      await server.close()
    }
  })
})
