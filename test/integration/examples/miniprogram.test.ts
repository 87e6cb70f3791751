import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import type { Sandbox } from '@wechat-auth/wechat-sandbox'
import { expect } from 'chai'
import sinon from 'sinon'
import { startDemo, type Demo } from '../../../examples/miniprogram/src/start.js'
import { Phone, type ClientOptions, type ClientSession } from '../../helpers/mini-program.js'
import { rejection } from '../../helpers/rejection.js'
import { killGroup, root } from '../../helpers/run.js'
import { blockOf, read } from '../readme/markdown.js'

const days = 24 * 60 * 60 * 1000

describe('The mini-program example', () => {
  let demo: Demo
  let sandbox: Sandbox
  let phone: Phone
  const logged: unknown[] = []

  beforeEach(async () => {
    demo = await startDemo({ logError: (error) => logged.push(error) })
    if (!demo.sandbox) throw new Error('the demo has no sandbox')
    sandbox = demo.sandbox
    phone = new Phone(sandbox)
    logged.length = 0
  })

  afterEach(async () => {
    sinon.restore()
    await demo.close()
  })

  const launch = async (on = phone, options: Partial<ClientOptions> = {}): Promise<ClientSession> =>
    (await on.launch()).createSession({ server: demo.url, ...options })

  const me = (session: ClientSession): ReturnType<ClientSession['request']> =>
    session.request({ path: '/me' })

  const ten = <T>(act: () => Promise<T>): Promise<PromiseSettledResult<T>[]> =>
    Promise.allSettled(Array.from({ length: 10 }, act))

  const userId = async (session: ClientSession): Promise<string> =>
    ((await me(session)).data.user as { id: string }).id

  const devices = async (session: ClientSession): Promise<{ id: string; device?: string }[]> =>
    (await session.request({ path: '/devices' })).data.devices as { id: string; device?: string }[]

  /** Asks the server as a thief would who has got the token. */
  const statusFor = async (token: string): Promise<number> =>
    (await fetch(`${demo.url}/me`, { headers: { authorization: `Bearer ${token}` } })).status

  /** From here on the clock of server and phone is ahead. */
  const laterBy = (ms: number): void => {
    const now = Date.now() + ms
    sinon.restore()
    sinon.useFakeTimers({ now, toFake: ['Date'] })
  }

  /** The server finds no token good, however new. */
  const refuseAll = (): unknown => sinon.stub(demo.sessions, 'getSession').resolves(null)

  const codeOf = async (promise: Promise<unknown>): Promise<unknown> =>
    ((await rejection(promise)) as { code?: unknown }).code

  describe('a login', () => {
    it('is made by the first request, and reports new users; the next launch needs no login', async () => {
      const { statusCode, data } = await me(await launch())
      const { appId } = sandbox.apps.find(({ type }) => type === 'miniprogram')!
      expect(statusCode).to.equal(200)
      expect(data.user).to.include(sandbox.idsOf({ appId, user: 'alice' }))

      expect((await me(await launch())).statusCode).to.equal(200)
      expect(phone.logins).to.equal(1)
      expect(sandbox.count('/sns/jscode2session')).to.equal(1)
    })

    it('creates a user once: somebody who returns with empty storage is the same user', async () => {
      const first = await (await launch()).logIn()
      phone.storage.clear()
      const again = await (await launch()).logIn()
      const other = await (await launch(new Phone(sandbox, 'bob'))).logIn()

      expect([first.isNewUser, again.isNewUser, other.isNewUser]).to.deep.equal([true, false, true])
      expect(again.user).to.deep.equal(first.user)
      expect(other.user.id).not.to.equal(first.user.id)
      expect(first).not.to.have.property('token')
    })

    it('on a second device is a separate session, which the first can list and end', async () => {
      const tablet = new Phone(sandbox)
      const [first, second] = [
        await launch(phone, { device: 'iPhone' }),
        await launch(tablet, { device: 'iPad' }),
      ]
      await first.logIn()
      await second.logIn()
      const list = await devices(first)
      expect(list.map(({ device }) => device)).to.have.members(['iPhone', 'iPad'])
      expect(JSON.stringify(list)).not.to.contain(phone.token).and.not.to.contain(tablet.token)

      const path = `/devices/${list.find(({ device }) => device === 'iPad')!.id}`
      expect((await first.request({ path, method: 'DELETE' })).statusCode).to.equal(204)
      expect([await statusFor(phone.token), await statusFor(tablet.token)]).to.deep.equal([200, 401])
      expect((await first.request({ path, method: 'DELETE' })).statusCode).to.equal(404)
    })

    it('with Passport leads to the same user, and to a token that works too', async () => {
      const id = await userId(await launch())
      phone.storage.clear()
      const session = await launch(phone, { paths: { logIn: '/login/passport' } })
      expect(await userId(session)).to.equal(id)
      expect((await devices(session)).length).to.equal(2)
    })

    it('is one for all requests that wait for it', async () => {
      const session = await launch()
      const logins = [session.logIn(), session.logIn()]
      const results = await ten(() => me(session))
      expect(results.map((result) => result.status === 'fulfilled' && result.value.statusCode)).to.deep.equal(
        Array(10).fill(200),
      )
      expect((await Promise.all(logins)).map(({ isNewUser }) => isNewUser)).to.deep.equal([true, true])
      expect(phone.logins).to.equal(1)
    })

    it('fails with WeChat’s reason if wx.login fails, for all waiting requests, and can be tried again', async () => {
      const failure = { errMsg: 'login:fail timeout', errno: 1 }
      const session = await launch()
      const ways: Phone['login'][] = [({ fail }) => fail(failure), ({ success }) => success(failure)]
      for (const way of ways) {
        phone.login = way
        for (const result of await ten(() => me(session))) {
          expect(result)
            .to.have.property('reason')
            .that.includes({ name: 'SessionError', code: 'ERR_WX_LOGIN', ...failure })
        }
      }
      expect(phone.logins).to.equal(2)
      phone.login = undefined
      expect((await me(session)).statusCode).to.equal(200)
    })

    it('fails if WeChat never calls back', async () => {
      phone.login = () => undefined
      expect(await codeOf(me(await launch(phone, { timeout: 20 })))).to.equal('ERR_WX_LOGIN')
    })

    it('fails with the server’s status if the server returns no token', async () => {
      const session = await launch()
      sandbox.fail('/sns/jscode2session', { status: 502 }, { times: 1 })
      expect(await rejection(me(session))).to.include({ code: 'ERR_LOGIN', statusCode: 502 })
      sandbox.updateUser('alice', { state: 'blocked' })
      expect(await rejection(me(session))).to.include({ code: 'ERR_LOGIN', statusCode: 403 })
      // As the network of a hotel does before one has paid.
      phone.holds = (_request, answer) => void Object.assign(answer, { statusCode: 200, data: '<html>' })
      expect(await rejection(me(session))).to.include({ code: 'ERR_LOGIN', statusCode: 200 })
      expect(phone.storage.size).to.equal(0)
    })
  })

  describe('an expired token', () => {
    it('is replaced by one login when ten requests get a 401 at once, and each is repeated', async () => {
      const session = await launch()
      await session.logIn()
      const old = phone.token
      laterBy(4 * days)
      phone.sent.length = 0

      const results = await ten(() => session.request({ path: '/me', data: { a: 1 } }))
      expect(results.map((result) => result.status === 'fulfilled' && result.value.statusCode)).to.deep.equal(
        Array(10).fill(200),
      )
      expect(phone.logins).to.equal(2)
      expect(
        phone.sent.map(
          ({ path, token }) => `${path} ${token === old ? 'old' : token === phone.token ? 'new' : 'none'}`,
        ),
      ).to.deep.equal([
        ...Array<string>(10).fill('/me old'),
        '/login none',
        ...Array<string>(10).fill('/me new'),
      ])
    })

    it('needs no further login if a request gets its 401 late', async () => {
      const session = await launch()
      await session.logIn()
      await demo.sessions.revokeUser(await userId(session))
      let letGo = (): void => undefined
      const held = new Promise<void>((resolve) => {
        letGo = resolve
      })
      phone.holds = ({ path }, { statusCode }) =>
        path === '/devices' && statusCode === 401 ? held : undefined

      const late = session.request({ path: '/devices' })
      expect((await me(session)).statusCode).to.equal(200)
      letGo()
      expect((await late).statusCode).to.equal(200)
      expect(phone.logins).to.equal(2)
    })

    it('rejects a request once if the server always answers 401: one login, one more try', async () => {
      const session = await launch()
      await session.logIn()
      refuseAll()
      phone.sent.length = 0
      const error = await rejection(me(session))

      expect(error).to.include({ name: 'SessionError', code: 'ERR_UNAUTHORIZED' })
      expect(inspect(error)).not.to.contain(phone.token)
      expect(phone.sent.map(({ path }) => path)).to.deep.equal(['/me', '/login', '/me'])
    })

    it('rejects each of ten parallel requests if the server always answers 401, after one login for all', async () => {
      const session = await launch()
      await session.logIn()
      refuseAll()
      const results = await ten(() => me(session))
      expect(
        results.map((result) => result.status === 'rejected' && (result.reason as { code: string }).code),
      ).to.deep.equal(Array(10).fill('ERR_UNAUTHORIZED'))
      expect(phone.logins).to.equal(2)
    })

    it('is renewed at a launch before it expires, without WeChat, and the device stays the same', async () => {
      await me(await launch())
      const old = phone.token
      laterBy(2.5 * days)
      const session = await launch()
      await ten(() => me(session))

      expect(phone.logins).to.equal(1)
      expect(phone.sent.filter(({ path }) => path === '/refresh')).to.have.length(1)
      expect([await statusFor(old), await statusFor(phone.token)]).to.deep.equal([401, 200])
      expect(await devices(session)).to.have.length(1)
    })

    it('is replaced at a launch if it is too late to renew it', async () => {
      await me(await launch())
      laterBy(4 * days)
      phone.sent.length = 0
      await me(await launch())
      expect(phone.sent.map(({ path }) => path)).to.deep.equal(['/refresh', '/login', '/me'])
    })

    it('is used further if it could not be renewed, and replaced if only the response was lost', async () => {
      await me(await launch())
      laterBy(2.5 * days)
      for (const [lost, paths] of [
        ['before', ['/refresh', '/me']],
        ['after', ['/refresh', '/me', '/login', '/me']],
      ] as const) {
        phone.sent.length = 0
        phone.loses = (path) => (path === '/refresh' ? lost : undefined)
        expect((await me(await launch())).statusCode).to.equal(200)
        expect(phone.sent.map(({ path }) => path)).to.deep.equal(paths)
      }
    })

    it('is not renewed again and again by a device with a wrong clock', async () => {
      await me(await launch())
      phone.sent.length = 0
      phone.clockError = 4000 * days
      const session = await launch()
      for (let request = 0; request < 3; request++) expect((await me(session)).statusCode).to.equal(200)
      expect(phone.sent.map(({ path }) => path)).to.deep.equal(['/refresh', '/me', '/me', '/me'])
    })
  })

  describe('a request', () => {
    it('that does not reach the server is rejected with WeChat’s reason, and keeps the token', async () => {
      const session = await launch()
      await session.logIn()
      phone.loses = () => 'before'
      expect(await rejection(me(session))).to.include({
        name: 'SessionError',
        code: 'ERR_NETWORK',
        errno: 600001,
      })
      phone.loses = undefined
      expect((await me(session)).statusCode).to.equal(200)
      expect(phone.logins).to.equal(1)
    })

    it('sends the token only to its own server', async () => {
      const session = await launch()
      await session.logIn()
      phone.sent.length = 0
      for (const path of ['@evil.example/me', '.evil.example', ':1/', 'http://evil.example/', '']) {
        expect(await rejection(session.request({ path }))).to.have.property('name', 'TypeError')
      }
      expect(phone.sent).to.deep.equal([])
    })

    it('resolves with any other status than 401, as wx.request does', async () => {
      const { statusCode, data } = await (
        await launch()
      ).request({ path: '/nothing', method: 'POST', data: { a: 1 }, header: { 'X-Mine': 'yes' } })
      expect([statusCode, data]).to.deep.equal([404, { message: 'Not Found' }])
    })

    it('works without the storage until the mini-program ends', async () => {
      phone.isFull = true
      const session = await launch()
      await me(session)
      expect((await me(session)).statusCode).to.equal(200)
      expect(phone.logins).to.equal(1)
      expect(phone.warnings).to.have.length(1)
      expect(inspect(phone.warnings)).not.to.contain('v1.')
    })

    it('logs in if the stored value is not a token', async () => {
      for (const stored of ['v1.token', 1, null, { token: 1 }, { token: '' }, []]) {
        phone.storage.set('wechat-session', stored)
        expect((await me(await launch())).statusCode).to.equal(200)
      }
      expect(phone.logins).to.equal(6)
    })
  })

  describe('a logout', () => {
    it('ends the token, and no request logs in until the user does, not even in later launches', async () => {
      const session = await launch()
      await session.logIn()
      const { token } = phone
      await session.logOut()

      expect(await statusFor(token)).to.equal(401)
      expect(inspect(phone.storage)).not.to.contain(token)
      expect(await codeOf(me(session))).to.equal('ERR_LOGGED_OUT')
      const later = await launch()
      expect(await codeOf(me(later))).to.equal('ERR_LOGGED_OUT')
      expect(phone.logins).to.equal(1)
      await later.logIn()
      expect((await me(later)).statusCode).to.equal(200)
    })

    it('is not undone by a pending request', async () => {
      const session = await launch()
      await session.logIn()
      let answer = (): void => undefined
      const held = new Promise<void>((resolve) => {
        answer = resolve
      })
      const asked = new Promise<void>((resolve) => {
        phone.holds = ({ path }) => {
          if (path !== '/me') return undefined
          resolve()
          return held
        }
      })
      refuseAll()
      const request = codeOf(me(session))
      await asked
      await session.logOut()
      answer()
      expect(await request).to.equal('ERR_LOGGED_OUT')
      expect(phone.logins).to.equal(1)
    })

    it('also ends the token of a pending login', async () => {
      const session = await launch()
      const request = codeOf(me(session))
      await session.logOut()
      expect(await request).to.equal('ERR_LOGGED_OUT')
      expect(phone.sent.map(({ path }) => path)).to.deep.equal(['/login', '/logout'])
      expect(await statusFor(phone.sent.at(-1)?.token ?? '')).to.equal(401)
      expect(inspect(phone.storage)).not.to.contain('v1.')
    })

    it('ends the old token if a pending login fails', async () => {
      const session = await launch()
      await session.logIn()
      const { token } = phone
      phone.login = ({ fail }) => setImmediate(() => fail({ errMsg: 'login:fail', errno: 1 }))
      const login = codeOf(session.logIn())
      await session.logOut()
      expect([await login, await statusFor(token)]).to.deep.equal(['ERR_WX_LOGIN', 401])
    })

    it('ends when the user logs in again: requests wait for that login, not for an earlier one', async () => {
      const session = await launch()
      let begun = (): void => undefined
      phone.login = ({ success }) => {
        begun = () => success({ code: 'late' })
      }
      const before = codeOf(session.logIn())
      const logOut = session.logOut()
      phone.login = undefined
      const login = session.logIn()
      const request = me(session)
      begun()
      expect(await before).to.equal('ERR_LOGIN')
      await logOut
      expect([
        (await login).isNewUser,
        (await request).statusCode,
        (await me(session)).statusCode,
      ]).to.deep.equal([true, 200, 200])
      expect(phone.logins).to.equal(2)
    })

    it('still counts on the device if the server cannot be reached, and reports that', async () => {
      const session = await launch()
      await session.logIn()
      phone.loses = () => 'before'
      expect(await codeOf(session.logOut())).to.equal('ERR_NETWORK')
      expect(await codeOf(me(session))).to.equal('ERR_LOGGED_OUT')
    })

    it('everywhere ends the tokens of all devices of this user only; a device logs in again when it is used', async () => {
      const [tablet, stranger] = [new Phone(sandbox), new Phone(sandbox, 'bob')]
      const [session, other] = [await launch(), await launch(tablet)]
      await Promise.all([session.logIn(), other.logIn(), (await launch(stranger)).logIn()])
      const tokens = [phone.token, tablet.token, stranger.token]
      await session.logOutEverywhere()

      expect(await Promise.all(tokens.map(statusFor))).to.deep.equal([401, 401, 200])
      expect(await codeOf(me(session))).to.equal('ERR_LOGGED_OUT')
      expect((await me(other)).statusCode).to.equal(200)
      expect(tablet.logins).to.equal(2)
    })

    it('everywhere also ends a login that a request of this device started in the meantime', async () => {
      const session = await launch()
      await session.logIn()
      const id = await userId(session)
      let answer = (): void => undefined
      const held = new Promise<void>((resolve) => {
        answer = resolve
      })
      const ended = new Promise<void>((resolve) => {
        phone.holds = ({ path }) => {
          if (path !== '/logout/everywhere') return undefined
          resolve()
          return held
        }
      })
      const logOut = session.logOutEverywhere()
      await ended
      phone.login = ({ success }) => {
        phone.login = undefined
        answer()
        // The logout goes on first.
        setImmediate(() => phone.wx.login({ success, fail: () => undefined }))
      }
      expect(await codeOf(me(session))).to.equal('ERR_LOGGED_OUT')
      await logOut
      expect(await demo.sessions.listSessions(id)).to.deep.equal([])
      expect(inspect(phone.storage)).not.to.contain('v1.')
    })

    it('everywhere changes nothing if the server cannot be reached or fails', async () => {
      const session = await launch()
      await session.logIn()
      phone.loses = () => 'before'
      expect(await codeOf(session.logOutEverywhere())).to.equal('ERR_NETWORK')
      phone.loses = undefined
      sinon.stub(demo.sessions, 'revokeUser').rejects(new Error('down'))
      expect(await rejection(session.logOutEverywhere())).to.include({ code: 'ERR_LOG_OUT', statusCode: 500 })
      expect((await me(session)).statusCode).to.equal(200)
      expect(phone.logins).to.equal(1)
    })
  })

  it('can be copied into a mini-program as its README says', async () => {
    const readme = read('examples/miniprogram/README.md')
    const client = await phone.launch()
    let app: object = {}
    const App = (given: object): void => {
      app = given
    }
    const server = (options: ClientOptions): ClientSession =>
      client.createSession({ ...options, server: demo.url })
    phone.run(blockOf(readme, /^The mini-program$/), { App, require: () => ({ createSession: server }) })

    const shown = new Promise<unknown>((resolve) => {
      const Page = (page: { onLoad: () => void }): void => Object.assign(page, { setData: resolve }).onLoad()
      phone.run(blockOf(readme, /^The mini-program$/, 1), { Page, getApp: () => app })
    })
    expect(await shown).to.have.nested.property('user.openid')
    const [device] = await devices((app as { session: ClientSession }).session)
    expect(device).to.have.property('device', 'iPhone 15')
  })

  describe('the server', () => {
    const post = (path: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(demo.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
      })

    it('reports only the status and code of a bad request', async () => {
      const answers = [
        [await post('/login', '{"code": "SECRET'), 400, { message: 'Bad Request' }],
        [
          await post('/login', '{"code": "SECRET"}'),
          401,
          { code: 'ERR_WECHAT_API', message: 'Unauthorized' },
        ],
        [await post('/login', '{"code": {"a": "SECRET"}}'), 400, { message: 'Bad Request' }],
        [
          await post('/login', 'code=SECRET', { 'content-type': 'application/x-www-form-urlencoded' }),
          400,
          { message: 'Bad Request' },
        ],
        [await post('/nothing?code=SECRET', ''), 404, { message: 'Not Found' }],
      ] as const
      for (const [answer, status, body] of answers) {
        expect([answer.status, await answer.json()]).to.deep.equal([status, body])
        expect(answer.headers.get('cache-control')).to.equal('no-store')
      }
      expect(logged).to.deep.equal([])
    })

    it('logs its own errors, and does not send them', async () => {
      sinon
        .stub(demo.sessions, 'authorize')
        .rejects(Object.assign(new Error('SECRET of a database'), { status: 'none' }))
      const answer = await post('/login', '{"code": "x"}')
      expect([answer.status, await answer.json()]).to.deep.equal([500, { message: 'Internal Server Error' }])
      expect(logged.map(String)).to.deep.equal(['Error: SECRET of a database'])
    })

    it('protects every route except the logins', async () => {
      for (const [method, path] of [
        ['GET', '/me'],
        ['GET', '/devices'],
        ['DELETE', '/devices/x'],
        ['POST', '/refresh'],
        ['POST', '/logout'],
        ['POST', '/logout/everywhere'],
      ] as const) {
        const { status, headers } = await fetch(demo.url + path, {
          method,
          headers: { authorization: 'Bearer v1.openid.shop.x' },
        })
        expect([path, status, headers.get('www-authenticate')?.startsWith('Bearer ')]).to.deep.equal([
          path,
          401,
          true,
        ])
      }
    })
  })
})

describe('Starting the mini-program example', () => {
  let folder: string
  let file: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wechat-miniprogram-'))
    file = join(folder, 'sessions.sqlite')
  })

  after(() => rm(folder, { recursive: true }))

  it('knows the users and tokens from before a restart', async () => {
    const first = await startDemo({ file })
    const phone = new Phone(first.sandbox!)
    const { user } = await (await phone.launch()).createSession({ server: first.url }).logIn()
    await first.close()

    const second = await startDemo({ file })
    try {
      const { statusCode, data } = await (
        await phone.launch()
      )
        .createSession({ server: second.url })
        .request({ path: '/me' })
      expect([statusCode, data]).to.deep.equal([200, { user }])
      expect(second.sandbox?.count('/sns/jscode2session')).to.equal(0)
    } finally {
      await second.close()
    }
  })

  it('connects to the real WeChat if the environment names a mini-program, and says what is missing', async () => {
    const [WECHAT_MINIPROGRAM_APP_ID, WECHAT_MINIPROGRAM_APP_SECRET] = [
      'wx0000000000000003',
      'secret-of-the-mini-program',
    ]
    const demo = await startDemo({ env: { WECHAT_MINIPROGRAM_APP_ID, WECHAT_MINIPROGRAM_APP_SECRET } })
    expect(demo).not.to.have.any.keys('sandbox', 'consoleUrl')
    await Promise.all([demo.close(), demo.close()])
    expect(await rejection(fetch(demo.url))).to.be.instanceOf(TypeError)

    expect(await rejection(startDemo({ env: { WECHAT_MINIPROGRAM_APP_ID } }))).to.have.property(
      'message',
      'WECHAT_MINIPROGRAM_APP_SECRET is missing',
    )
    expect(await rejection(startDemo({ env: { WECHAT_MINIPROGRAM_APP_SECRET } }))).to.have.property(
      'message',
      'WECHAT_MINIPROGRAM_APP_ID is missing',
    )
  })

  it('with npm start prints where the server and the console are, and ends with npm', async function () {
    this.timeout(30_000)
    // Set, so that a developer's own .env does not count.
    const env = { ...process.env, WECHAT_MINIPROGRAM_APP_ID: '', WECHAT_MINIPROGRAM_APP_SECRET: '' }
    const npm = spawn('npm', ['start', '--', '--port', '0', '--sandbox-port', '0', '--file', file], {
      cwd: join(root, 'examples/miniprogram'),
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    })
    try {
      let output = ''
      for await (const text of npm.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
        output += text as string
        if (output.includes('Ctrl+C')) break
      }
      const [, server = '', page = ''] = /Server\s+(\S+)\s+Log in\s+(\S+)/.exec(output) ?? []
      expect((await fetch(`${server}/me`)).status).to.equal(401)
      const html = await (await fetch(page)).text()
      expect(html).to.contain(`value="${server}/login"`)

      const closed = once(npm.stdout.resume(), 'close')
      npm.kill('SIGTERM')
      await closed
      expect(await rejection(fetch(server))).to.be.instanceOf(TypeError)
    } finally {
      killGroup(npm)
    }
  })
})
