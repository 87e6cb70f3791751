import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { CookieStateStore, WechatStrategy, type WechatProfile } from '@wechat-auth/passport-wechat'
import { WechatLogin } from '@wechat-auth/passport-wechat/web'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { expect } from 'chai'
import cookieSession from 'cookie-session'
import express, { type Express as Application, type RequestHandler } from 'express'
import session from 'express-session'
import { Passport } from 'passport'
import ts from 'typescript'
import { Browser, type Page } from '../../helpers/browser.js'
import { consent } from '../../helpers/consent.js'
import { compile } from './compiling.js'
import { blockOf, english, pairs, read, readmeOf } from './markdown.js'
import { runModule, runPart, serve } from './running.js'

const strategyReadme = readmeOf('packages/passport-wechat', english)
const clientReadme = readmeOf('packages/wechat-oauth', english)
const sandboxReadme = readmeOf('packages/wechat-sandbox', english)

// The app of the READMEs, unchanged.
const placeholder = { appId: 'wx…', appSecret: '…', unionAccount: 'sandbox' }

describe('the code in the READMEs', () => {
  const syntax: Record<string, (code: string) => unknown> = {
    js: (code) => complaints(code, 'part.mjs'),
    ts: (code) => complaints(code, 'part.mts'),
    json: (code) => void JSON.parse(code),
    // Its test applies it.
    diff: (code) => expect(code).to.match(/^(?:[-+ ].*\n?)+$/),
    sh: (code) => promisify(execFile)('sh', ['-n', '-c', code]),
    // What a server says to it, its README's own test sees.
    sql: (code) => expect(code).to.match(/;$/),
    // The clients that are tested with the sandbox run it.
    python: (code) => expect(code).to.match(/^# sitecustomize\.py\n/),
    html: (code) => {
      for (const [, script = ''] of code.matchAll(/<script[^>]*>([^]*?)<\/script>/g))
        complaints(script, 'part.js')
    },
  }
  const complaints = (code: string, fileName: string): void => {
    const { diagnostics = [] } = ts.transpileModule(code, {
      fileName,
      reportDiagnostics: true,
      compilerOptions: {
        module: ts.ModuleKind.ESNext,
        target: ts.ScriptTarget.ESNext,
        moduleDetection: ts.ModuleDetectionKind.Force,
      },
    })
    expect(
      diagnostics.map(({ messageText }) => messageText),
      code,
    ).to.deep.equal([])
  }

  for (const readme of pairs().flatMap((pair) => [read(pair.english), read(pair.chinese)])) {
    it(`is well-formed in ${readme.path}`, async () => {
      for (const { language, code } of readme.blocks) {
        const check = syntax[language]
        if (!check) throw new Error(`nobody knows how to check the language "${language}" of\n${code}`)
        await check(code)
      }
    })
  }

  it('of TypeScript compiles', function () {
    this.timeout(60_000)
    const parts = {
      'strategy.mts': [
        ...strategyReadme.blocks.filter(({ language }) => language === 'ts').map(({ code }) => code),
        "import { WechatStrategy } from '@wechat-auth/passport-wechat'",
        "new WechatStrategy({ appId: 'a', appSecret: 'b', callbackURL: '/' }, (_accessToken, _refreshToken, profile, done) => done(null, { id: profile.id, name: profile.displayName }))",
        'export const nameOf = (req: Request): string | undefined => req.user?.name',
      ].join('\n'),
      'store.mts': [
        ...clientReadme.blocks.filter(({ language }) => language === 'ts').map(({ code }) => code),
        "import type { TokenStore as Real } from '@wechat-auth/wechat-oauth'",
        'export const there = (store: TokenStore): Real => store',
        'export const back = (store: Real): TokenStore => store',
      ].join('\n'),
    }
    expect(compile(parts)).to.deep.equal([])
    expect(
      compile({ 'wrong.mts': parts['strategy.mts'].replace('name: profile.displayName', 'name: 1') }),
    ).to.have.length(1)
  })
})

function isOneText(value: unknown): boolean {
  return Array.isArray(value) && value.length === 1 && typeof value[0] === 'string' && value[0] !== ''
}

describe('the first code block of a README runs unchanged', () => {
  it('of wechat-oauth: a code becomes a token and a user', async () => {
    const sandbox = await startSandbox({ apps: [{ ...placeholder, type: 'mp' }] })
    try {
      const code = sandbox.issueCode({ appId: placeholder.appId, user: 'alice' })
      const { printed } = await runModule(
        `
        let sentTo
        const response = { redirect(url) { sentTo = url } }
        const [state, code] = ['abc', '${code}']
        ${blockOf(clientReadme, /wechat-oauth$/)}
        console.log(JSON.stringify({ sentTo, user }))`,
        { wechat: sandbox.url },
      )
      const { sentTo, user } = JSON.parse(printed) as { sentTo: string; user: Record<string, unknown> }
      expect(user).to.include({
        nickname: '爱丽丝',
        ...sandbox.idsOf({ appId: placeholder.appId, user: 'alice' }),
      })
      const callback = await consent(sandbox.url, new URL(sentTo))
      expect(callback.origin + callback.pathname).to.equal('https://example.com/callback')
      expect(callback.searchParams.get('state')).to.equal('abc')
    } finally {
      await sandbox.close()
    }
  })

  it('of wechat-oauth for mini-programs: a code becomes a session_key that opens data', async () => {
    const sandbox = await startSandbox({ apps: [{ ...placeholder, type: 'miniprogram' }] })
    try {
      const user = { appId: placeholder.appId, user: 'alice' }
      const { printed } = await runModule(
        `
        import { WechatOAuth } from '@wechat-auth/wechat-oauth'
        const oauth = new WechatOAuth({ appId: 'wx…', appSecret: '…' })
        const { code, encryptedData, iv } = ${JSON.stringify({ ...sandbox.encrypt(user), code: sandbox.wxLogin(user) })}
        ${blockOf(clientReadme, /wechat-oauth$/, 1)}
        console.log(JSON.stringify({ openid, unionid, name: data.nickName }))`,
        { wechat: sandbox.url },
      )
      expect(JSON.parse(printed)).to.deep.equal({ ...sandbox.idsOf(user), name: '爱丽丝' })
    } finally {
      await sandbox.close()
    }
  })

  it('of wechat-sandbox: the test passes', async () => {
    const { printed, code } = await runModule(blockOf(sandboxReadme, /wechat-sandbox$/))
    expect(printed).to.match(/\bpass 1\b/)
    expect(code).to.equal(0)
  })
})

describe('recipes of the READMEs', () => {
  let sandbox: Sandbox
  let closeApp: (() => Promise<void>) | undefined
  before(async () => {
    sandbox = await startSandbox()
  })
  afterEach(async () => {
    await closeApp?.()
    closeApp = undefined
    sandbox.reset()
  })
  after(() => sandbox.close())

  const credentials = (type: string): { appId: string; appSecret: string } => {
    const { appId, appSecret } = sandbox.apps.find((app) => app.type === type)!
    return { appId, appSecret }
  }
  const verify = ({ profile }: { profile: WechatProfile }): Promise<object> =>
    Promise.resolve({ openid: profile.openid })
  // The recipes leave out where WeChat is: here it is the sandbox.
  const SandboxedStrategy = function (options: object, ...rest: unknown[]) {
    return Reflect.construct(WechatStrategy, [
      { ...options, endpoints: sandbox.endpoints },
      ...rest,
    ]) as WechatStrategy
  }
  const passportWith = (strategy?: WechatStrategy): InstanceType<typeof Passport> => {
    const passport = new Passport()
    if (strategy) passport.use(strategy)
    passport.serializeUser((user, done) => done(null, user))
    passport.deserializeUser((user: object, done) => done(null, user as Express.User))
    return passport
  }
  const mpStrategy = (): WechatStrategy =>
    new WechatStrategy(
      { ...credentials('mp'), callbackURL: '/auth/wechat/callback', endpoints: sandbox.endpoints },
      verify,
    )
  const start = async (app: Application): Promise<Browser> => {
    const { url, close } = await serve(app)
    closeApp = close
    return new Browser(url)
  }
  /** Begins a login and consents; the answer is the path of the callback. */
  const callbackOf = async (browser: Browser): Promise<string> => {
    const { location } = await browser.open('/auth/wechat')
    const { pathname, search } = await consent(sandbox.url, location!)
    return pathname + search
  }
  const withSession = (
    passport: InstanceType<typeof Passport>,
    ...middleware: RequestHandler[]
  ): Application => {
    const app = express()
    app.use(...middleware, passport.session() as RequestHandler)
    app.get('/auth/wechat', passport.authenticate('wechat') as RequestHandler)
    return app
  }
  const expressSession = (): RequestHandler =>
    session({ secret: 'a secret of the tests', resave: false, saveUninitialized: false })
  const openid = (): string => sandbox.idsOf({ appId: credentials('mp').appId, user: 'alice' }).openid

  it('a whole login without a browser', async () => {
    const passport = passportWith(mpStrategy())
    const app = withSession(passport, expressSession())
    app.get(
      '/auth/wechat/callback',
      passport.authenticate('wechat', {
        failureRedirect: '/login',
        successRedirect: '/welcome',
      }) as RequestHandler,
    )
    const { url, close } = await serve(app)
    closeApp = close
    const { loggedIn } = await runPart(blockOf(sandboxReadme, /without a browser$/), { app: url, sandbox }, [
      'loggedIn',
    ])
    expect((loggedIn as Response).headers.get('location')).to.equal('/welcome')
  })

  it('faults', async () => {
    await runPart(blockOf(sandboxReadme, /^Faults$/), { sandbox })
    const errcodeOf = async (path: string): Promise<unknown> =>
      ((await (await fetch(sandbox.url + path)).json()) as { errcode?: number }).errcode
    expect(await errcodeOf('/sns/userinfo')).to.equal(42001)
    expect(await errcodeOf('/sns/userinfo')).to.equal(41001)
    expect(await errcodeOf('/sns/oauth2/access_token')).to.equal(41002)
  })

  it('controls with curl', async () => {
    const { code } = sandboxReadme.blocks.find(
      (block) => block.language === 'sh' && block.heading === 'Controls over HTTP',
    )!
    const commands = [...code.matchAll(/^sandbox '?([^'\s]+)'?(?: -d '(.*)')?$/gm)]
    expect(code).to.contain(
      'curl -sS -H \'Content-Type: application/json\' "http://127.0.0.1:4700/__sandbox/$@"',
    )
    expect(commands).to.have.length(code.split('\n').filter((line) => line.startsWith('sandbox ')).length)
    for (const [, path = '', body] of commands) {
      const response = await fetch(`${sandbox.url}/__sandbox/${path}`, {
        headers: { 'content-type': 'application/json' },
        ...(body !== undefined && { method: 'POST', body }),
      })
      expect(response.status, path).to.equal(200)
    }
  })

  describe('your own callback', () => {
    let browser: Browser
    beforeEach(async () => {
      const passport = passportWith(mpStrategy())
      const app = withSession(passport, expressSession())
      await runPart(blockOf(strategyReadme, /^What happens when$/), { app, passport })
      browser = await start(app)
    })

    it('logs the user in, and recognizes a reload', async () => {
      const path = await callbackOf(browser)
      expect((await browser.open(path)).location?.pathname).to.equal('/')
      expect((await browser.open(path)).location?.pathname).to.equal('/')
    })

    it('says why a login failed', async () => {
      const { location } = await browser.open('/auth/wechat')
      const state = location?.searchParams.get('state') ?? ''
      const page = await browser.open(`/auth/wechat/callback?code=authdeny&state=${state}`)
      expect(page.location?.search).to.equal('?why=ERR_WECHAT_DENIED')
    })

    it('refuses the same callback from another browser', async () => {
      const path = await callbackOf(browser)
      await browser.open(path)
      browser.cookies.clear()
      expect((await browser.open(path)).location?.search).to.equal('?why=ERR_WECHAT_STATE')
    })
  })

  it('for Next.js, Hono, Deno and Bun', async () => {
    const sandboxed = function (options: object) {
      return new WechatLogin({
        ...options,
        ...credentials('mp'),
        endpoints: sandbox.endpoints,
      })
    }
    process.env['STATE_SECRET'] = 'a secret of the tests, of 32 bytes and more'
    const sessions: unknown[] = []
    const startSession = (user: object) => Promise.resolve(`session=${sessions.push(user)}`)
    const code = blockOf(strategyReadme, /^Next\.js, Hono/)
    const { logIn } = (await runPart(code, { WechatLogin: sandboxed, startSession }, ['logIn'])) as {
      logIn: (request: Request) => Promise<Response>
    }
    delete process.env['STATE_SECRET']
    const first = await logIn(new Request('https://example.com/auth/wechat'))
    const [cookie = ''] = first.headers.getSetCookie()
    const back = await consent(sandbox.url, new URL(first.headers.get('location')!))
    const callback = () => logIn(new Request(back, { headers: { cookie: cookie.split(';', 1).join() } }))
    const { status, headers } = await callback()

    expect([status, headers.get('location')]).to.deep.equal([303, '/'])
    expect(headers.getSetCookie()).to.include('session=1')
    expect(sessions).to.deep.equal([{ openid: openid(), name: '爱丽丝' }])

    const refused = await logIn(new Request(back))
    expect(refused.status).to.equal(403)
    expect(await refused.json()).to.include({ code: 'ERR_WECHAT_STATE' })
  })

  it('a mini-program gets a token, or the code of the failure', async () => {
    const passport = passportWith()
    const app = express()
    await runPart(blockOf(strategyReadme, /^Three modes$/), {
      app,
      express,
      passport,
      WechatStrategy: function (options: { apps: Record<string, object> }, check: unknown) {
        const apps = Object.fromEntries(Object.keys(options.apps).map((mode) => [mode, credentials(mode)]))
        return new (SandboxedStrategy as unknown as new (...given: unknown[]) => WechatStrategy)(
          { ...options, apps },
          check,
        )
      },
      verify,
      issueTokenFor: (user: { openid: string }) => `token of ${user.openid}`,
    })
    const browser = await start(app)
    const { appId } = credentials('miniprogram')
    const code = sandbox.wxLogin({ appId, user: 'alice' })
    const route = '/auth/wechat/miniprogram'
    const ids = sandbox.idsOf({ appId, user: 'alice' })
    expect((await browser.post(route, { code })).json).to.deep.equal({ token: `token of ${ids.openid}` })
    const refused = await browser.post(route, { code })
    expect(refused.status).to.equal(401)
    expect(refused.json).to.have.all.keys('code', 'message').and.include({ code: 'ERR_WECHAT_CODE' })
  })

  it('without sessions', async () => {
    const passport = passportWith()
    const app = express()
    process.env['STATE_SECRET'] = 'a secret of the tests, of 32 bytes and more'
    try {
      await runPart(blockOf(strategyReadme, /^Without sessions$/), {
        app,
        passport,
        CookieStateStore,
        WechatStrategy: SandboxedStrategy,
        verify,
        ...credentials('mp'),
        callbackURL: '/auth/wechat/callback',
        issueTokenFor: (user: { openid: string }) => `token of ${user.openid}`,
      })
    } finally {
      delete process.env['STATE_SECRET']
    }
    const browser = await start(app)
    const { json } = await browser.open(await callbackOf(browser))
    expect(json).to.deep.equal({ token: `token of ${openid()}` })
  })

  it('cookie-session', async () => {
    const passport = passportWith(mpStrategy())
    const app = express()
    app.use(cookieSession({ keys: ['a secret of the tests'] }))
    await runPart(blockOf(strategyReadme, /^cookie-session$/), { app })
    app.use(passport.session() as RequestHandler)
    app.get('/auth/wechat', passport.authenticate('wechat') as RequestHandler)
    app.get(
      '/auth/wechat/callback',
      passport.authenticate('wechat', { successRedirect: '/' }) as RequestHandler,
    )
    app.get('/', (req, res) => {
      res.json(req.user ?? null)
    })
    const browser = await start(app)
    expect((await browser.open(await callbackOf(browser))).location?.pathname).to.equal('/')
    expect((await browser.open('/')).json).to.deep.equal({ openid: openid() })
  })

  it('several apps: the same person in another app is the same user', async () => {
    const known: { user: { name: string }; appId: string; openid: string; unionid?: string }[] = []
    const users = {
      byAccount: async (appId: string, id: string) =>
        known.find((one) => one.appId === appId && one.openid === id)?.user,
      byUnionid: async (unionid: string) => known.find((one) => one.unionid === unionid)?.user,
      create: async (name: string) => ({ name }),
      remember: async (user: { name: string }, account: { appId: string; openid: string }) => {
        known.push({ user, ...account })
      },
    }
    const { verify: recipe } = await runPart(blockOf(strategyReadme, /^Several apps, one user$/), { users }, [
      'verify',
    ])
    const logIn = async (appId: string, id: string, unionid?: string): Promise<unknown> =>
      (recipe as (...values: unknown[]) => Promise<unknown>)('', '', {
        appId,
        openid: id,
        unionid,
        displayName: 'Alice',
      })
    const alice = await logIn('mp', 'a1')
    expect(await logIn('mp', 'a1', 'union')).to.equal(alice)
    expect(await logIn('website', 'a2', 'union')).to.equal(alice)
    expect(await logIn('website', 'a2')).to.equal(alice)
    expect(await logIn('mp', 'b1', 'other')).to.not.equal(alice)
    expect(await logIn('mp', 'c1')).to.not.equal(alice)
  })

  it('tenants', async () => {
    const passport = passportWith()
    await runPart(blockOf(strategyReadme, /^Tenants$/), {
      passport,
      WechatStrategy: SandboxedStrategy,
      verify,
      tenantOf: () => ({ id: 'shop', appId: credentials('mp').appId }),
      secrets: { read: async (id: string) => (id === 'shop' ? credentials('mp').appSecret : undefined) },
    })
    const app = withSession(passport, expressSession())
    app.get(
      '/auth/wechat/callback',
      passport.authenticate('wechat', { successRedirect: '/welcome' }) as RequestHandler,
    )
    const browser = await start(app)
    expect((await browser.open(await callbackOf(browser))).location?.pathname).to.equal('/welcome')
  })

  it('a page to return to, which is a path of this application', async () => {
    const passport = passportWith(mpStrategy())
    const app = express()
    app.use(expressSession(), passport.session() as RequestHandler)
    await runPart(blockOf(strategyReadme, /^A page to return to$/), { app, passport })
    const browser = await start(app)
    const returnedTo = async (page: string): Promise<string | undefined> => {
      const { location } = await browser.open(`/auth/wechat?returnTo=${encodeURIComponent(page)}`)
      const { pathname, search } = await consent(sandbox.url, location!)
      const { location: returned } = await browser.open(pathname + search)
      return returned?.href.replace(/^http:\/\/127\.0\.0\.1:\d+/, '')
    }
    expect(await returnedTo('/orders?page=2')).to.equal('/orders?page=2')
    for (const hostile of [
      'https://evil.example/',
      '//evil.example',
      '/\\evil.example',
      '/\t/evil.example',
      '/\n//evil.example',
      'javascript:alert(1)',
      '',
    ]) {
      expect(await returnedTo(hostile), hostile).to.equal('/')
    }
  })

  describe('linking WeChat to an account', () => {
    const linked: { user: { id: string }; appId: string; openid: string }[] = []
    let browser: Browser
    beforeEach(async () => {
      linked.length = 0
      const users = {
        byAccount: async (appId: string, id: string) =>
          linked.find((one) => one.appId === appId && one.openid === id)?.user,
        remember: async (user: { id: string }, account: { appId: string; openid: string }) => {
          linked.push({ user, ...account })
        },
      }
      const passport = passportWith(mpStrategy())
      const app = withSession(passport, expressSession())
      app.get('/log-in-as/:id', (req, res, next) => {
        req.logIn({ id: req.params.id }, (error) => (error ? next(error) : res.json('done')))
      })
      const code = blockOf(strategyReadme, /^Link WeChat to an account$/)
      await runPart(code.replace('https://example.com/account', '/account'), {
        app,
        passport,
        users,
        WechatStrategy: SandboxedStrategy,
        ...credentials('mp'),
      })
      app.get('/me', (req, res) => {
        res.json(req.user ?? null)
      })
      browser = await start(app)
    })

    /** Links Alice's WeChat account to a user; where the application sends the browser. */
    const link = async (id: string): Promise<string | undefined> => {
      await browser.open(`/log-in-as/${id}`)
      const { location } = await browser.open('/account/wechat')
      const { pathname, search } = await consent(sandbox.url, location!)
      const done = (await browser.open(pathname + search)).location
      expect((await browser.open('/me')).json).to.deep.equal({ id })
      return done && done.pathname + done.search
    }

    it('remembers it, and the user stays who they are', async () => {
      expect(await link('u1')).to.equal('/account')
      expect(linked).to.have.length(1)
      expect(linked[0]).to.deep.include({ user: { id: 'u1' }, openid: openid() })
    })

    it('does not give it to another user', async () => {
      await link('u1')
      expect(await link('u2')).to.equal('/account?why=taken')
      expect(linked).to.have.length(1)
    })

    it('is for users who are logged in', async () => {
      for (const path of ['/account/wechat', '/account/wechat/callback'])
        expect((await browser.open(path)).location?.pathname).to.equal('/login')
    })

    it('links nothing if the user refuses, or if it began as a login', async () => {
      await browser.open('/log-in-as/u1')
      const begun = await browser.open('/account/wechat')
      const state = begun.location?.searchParams.get('state') ?? ''
      const refused = await browser.open(`/account/wechat/callback?code=authdeny&state=${state}`)
      expect(refused.location?.pathname).to.equal('/account')
      const { search } = new URL(await callbackOf(browser), 'http://localhost')
      const login = await browser.open(`/account/wechat/callback${search}`)
      expect(login.location?.pathname).to.equal('/account')
      expect(linked).to.deep.equal([])
    })
  })

  it('a message on the login page, which is shown once', async () => {
    const passport = passportWith(mpStrategy())
    const app = withSession(passport, expressSession())
    await runPart(blockOf(strategyReadme, /^A message on the login page$/), { app, passport })
    const browser = await start(app)
    const { location } = await browser.open('/auth/wechat')
    const state = location?.searchParams.get('state') ?? ''
    const { location: page } = await browser.open(`/auth/wechat/callback?code=authdeny&state=${state}`)
    const { json } = await browser.open(page!)
    expect(json).to.have.property('messages').that.satisfies(isOneText)
    expect((await browser.open('/login')).json).to.deep.equal({ messages: [] })
    expect((await browser.open(await callbackOf(browser))).location?.pathname).to.equal('/')
  })

  for (const keeps of [true, false]) {
    it(`data from before the login is ${keeps ? 'kept with' : 'lost without'} keepSessionInfo`, async () => {
      const passport = passportWith(mpStrategy())
      const app = withSession(passport, expressSession())
      app.get('/buy', (req, res) => {
        Object.assign(req.session, { cart: ['tea'] })
        res.json(req.sessionID)
      })
      const code = blockOf(strategyReadme, /^Data from before the login$/)
      expect(code).to.contain('keepSessionInfo: true, ')
      await runPart(keeps ? code : code.replace('keepSessionInfo: true, ', ''), { app, passport })
      app.get('/me', (req, res) => {
        res.json({ user: req.user, id: req.sessionID })
      })
      const browser = await start(app)
      const { json: id } = await browser.open('/buy')
      const { location } = await browser.open(await callbackOf(browser))
      expect(location?.pathname).to.equal('/cart')
      expect((await browser.open('/cart')).json).to.deep.equal(keeps ? ['tea'] : [])
      const { json: me } = await browser.open('/me')
      expect(me).to.have.deep.property('user', { openid: openid() })
      expect(me).to.have.property('id').that.is.not.equal(id)
    })
  }

  it('single-page applications, the widget, and the tokens later', async () => {
    const passport = passportWith()
    const app = withSession(passport, expressSession())
    const { wechat } = await runPart(
      blockOf(strategyReadme, /^Single-page applications$/),
      {
        app,
        passport,
        WechatStrategy: SandboxedStrategy,
        verify,
        apps: { mp: credentials('mp'), website: credentials('website') },
        callbackURL: '/auth/wechat/callback',
      },
      ['wechat'],
    )
    app.get(
      '/auth/wechat/callback',
      passport.authenticate('wechat', { successRedirect: '/welcome' }) as RequestHandler,
    )
    const browser = await start(app)

    let drawn: Record<string, unknown> = {}
    await runPart(blockOf(strategyReadme, /^QR code inside the page$/), {
      fetch: async (path: string) => ({ json: async () => (await browser.open(path)).json }),
      WxLogin: function (options: Record<string, unknown>) {
        drawn = options
      },
    })
    const { appid, state, redirect_uri: redirect } = drawn as Record<string, string>
    expect(appid).to.equal(credentials('website').appId)
    const callback = new URL(decodeURIComponent(redirect ?? ''))
    callback.search = new URLSearchParams({
      code: sandbox.issueCode({ appId: appid ?? '', user: 'alice' }),
      state: state ?? '',
    }).toString()
    const page: Page = await browser.open(callback)
    expect(page.location?.pathname).to.equal('/welcome')

    // A user of the official account, whose token is in the store.
    const token = await (wechat as WechatStrategy)
      .oauth('mp')
      .getAccessToken(sandbox.issueCode({ appId: credentials('mp').appId, user: 'alice' }))
    const { user } = await runPart(
      blockOf(strategyReadme, /^Using the tokens later$/),
      { wechat, openid: token.openid },
      ['user'],
    )
    expect(user).to.have.property('nickname', '爱丽丝')
  })
})
