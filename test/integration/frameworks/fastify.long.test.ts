import { CookieStateStore, WechatStrategy, type WechatOneAppOptions } from '@wechat-auth/passport-wechat'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { WechatOAuth } from '@wechat-auth/wechat-oauth'
import {
  MemorySessionStore,
  MemoryUserStore,
  WechatSessions,
  WechatSessionStrategy,
} from '@wechat-auth/wechat-session'
import { expect } from 'chai'
import { Browser } from '../../helpers/browser.js'
import {
  fastifyWithPlugins,
  type Fastify,
  type FastifyApp,
  type FastifyPassport,
} from '../../services/fastify.js'
import { blockOf, english, readmeOf } from '../readme/markdown.js'
import { runPart } from '../readme/running.js'

const secret = 'a secret of the tests, of 32 bytes and more'

describe('Fastify', () => {
  let installed: Fastify
  let sandbox: Sandbox
  let app: FastifyApp
  let passport: FastifyPassport

  before(async function () {
    installed = await fastifyWithPlugins(this)
    sandbox = await startSandbox()
  })
  beforeEach(() => {
    app = installed.fastify()
    app.setErrorHandler((error, _request, reply) => reply.code(500).send({ error: error.message }))
    passport = new installed.Authenticator()
    passport.registerUserSerializer((user) => Promise.resolve(user))
    passport.registerUserDeserializer((user) => Promise.resolve(user))
  })
  afterEach(() => app.close())
  after(() => sandbox.close())

  const credentials = (type: string): { appId: string; appSecret: string } => {
    const { appId, appSecret } = sandbox.apps.find((one) => one.type === type)!
    return { appId, appSecret }
  }

  function withSession(kind: 'session' | 'secureSession' = 'secureSession'): void {
    if (kind === 'session') {
      app.register(installed.cookie)
      app.register(installed.session, { secret, cookie: { secure: false } })
    } else {
      app.register(installed.secureSession, { key: Buffer.alloc(32, 'x'), cookie: { path: '/' } })
    }
    app.register(passport.initialize())
  }

  /** Logs Alice in, through the routes of the READMEs. */
  async function logIn(options: Partial<WechatOneAppOptions>, call: object = {}) {
    passport.use(
      new WechatStrategy(
        {
          ...credentials('mp'),
          callbackURL: '/auth/wechat/callback',
          endpoints: sandbox.endpoints,
          timeout: 1000,
          ...options,
        },
        ({ profile }) => Promise.resolve({ name: profile.displayName }),
      ),
    )
    const preValidation = passport.authenticate('wechat', call)
    const answer = (request: { user?: unknown }): object => ({ user: request.user ?? null })
    app.get('/auth/wechat', { preValidation }, answer)
    app.get('/auth/wechat/callback', { preValidation }, answer)
    app.get('/me', {}, answer)
    const browser = new Browser(await app.listen({ port: 0, host: '127.0.0.1' }))
    const page = await browser.open('/auth/wechat')
    expect(page.status, page.text).to.equal(302)
    const state = page.location?.searchParams.get('state') ?? ''
    const code = sandbox.issueCode({ appId: credentials('mp').appId, user: 'alice' })
    const query = new URLSearchParams({ code, state }).toString()
    return { browser, page: await browser.open(`/auth/wechat/callback?${query}`) }
  }

  it("logs in with a state in a cookie, with the README's unchanged recipe", async () => {
    // @fastify/passport does not start without a session.
    withSession()
    process.env['STATE_SECRET'] = secret
    const recipe = blockOf(readmeOf('packages/passport-wechat', english), /^Other frameworks$/)
    const { store } = await runPart(recipe, { fastify: app, CookieStateStore }, ['store'])
    delete process.env['STATE_SECRET']
    const { browser, page } = await logIn({ store: store as CookieStateStore }, { session: false })
    expect(page.json).to.deep.equal({ user: { name: '爱丽丝' } })
    expect([...browser.cookies.keys()].join()).to.match(/^wechat\.\w{8}$/)
  })

  const sessions = { secureSession: '@fastify/secure-session', session: '@fastify/session' } as const
  for (const [kind, title] of Object.entries(sessions) as ['secureSession' | 'session', string][]) {
    it(`logs in with states and users in ${title}`, async () => {
      withSession(kind)
      app.register(passport.secureSession())
      const { browser, page } = await logIn({})
      expect(page.json, page.text).to.deep.equal({ user: { name: '爱丽丝' } })
      expect((await browser.open('/me')).json).to.deep.equal({ user: { name: '爱丽丝' } })
    })
  }

  it('accepts a token of wechat-session without session: false, and sets no cookie', async () => {
    withSession()
    const tokens = new WechatSessions({
      oauth: new WechatOAuth({ ...credentials('miniprogram'), endpoints: sandbox.endpoints }),
      sessionStore: new MemorySessionStore(),
      userStore: new MemoryUserStore(),
      sku: 'shop',
    })
    passport.use(new WechatSessionStrategy({ sessions: tokens }))
    const preValidation = passport.authenticate('wechat-session')
    app.get('/me', { preValidation }, ({ user, authInfo }) => ({ user, session: authInfo }))
    const browser = new Browser(await app.listen({ port: 0, host: '127.0.0.1' }))
    const code = sandbox.wxLogin({ appId: credentials('miniprogram').appId, user: 'alice' })
    const { token, user } = await tokens.authorize({ code })
    const page = await browser.open('/me', { headers: { authorization: `Bearer ${token}` } })
    expect(page.json, page.text).to.have.property('user').that.deep.equals(user)
    expect(page.json).to.have.nested.property('session.sku', 'shop')
    expect(browser.cookies.size).to.equal(0)
    expect((await browser.open('/me')).status).to.equal(401)
  })
})
