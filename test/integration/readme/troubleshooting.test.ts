import { lookup } from 'node:dns'
import { WechatStrategy, type WechatProfile } from '@wechat-auth/passport-wechat'
import { WechatTransportError } from '@wechat-auth/wechat-oauth'
import { startSandbox, type Sandbox, type SandboxOptions } from '@wechat-auth/wechat-sandbox'
import { expect } from 'chai'
import express, { type Express as Application, type RequestHandler } from 'express'
import session, { MemoryStore } from 'express-session'
import { Passport } from 'passport'
import * as undici from 'undici'
import { Browser } from '../../helpers/browser.js'
import { rejection } from '../../helpers/rejection.js'
import { blockOf, english, readmeOf } from './markdown.js'
import { runPart, serve } from './running.js'

const readme = readmeOf('packages/passport-wechat', english)
const clientReadme = readmeOf('packages/wechat-oauth', english)

function passportWith(strategy?: WechatStrategy): InstanceType<typeof Passport> {
  const passport = new Passport()
  if (strategy) passport.use(strategy)
  passport.serializeUser((user, done) => done(null, user))
  passport.deserializeUser((user: object, done) => done(null, user as Express.User))
  return passport
}

function sessions(store = new MemoryStore()): RequestHandler {
  return session({ store, secret: 'a secret of the tests', resave: false, saveUninitialized: false })
}

function verify({ profile: { openid } }: { profile: WechatProfile }): Promise<object> {
  return Promise.resolve({ openid })
}

describe('the troubleshooting of passport-wechat', () => {
  let sandbox: Sandbox
  const closing: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
  })

  const startWechat = async (options: SandboxOptions = {}): Promise<{ appId: string; appSecret: string }> => {
    sandbox = await startSandbox(options)
    closing.push(() => sandbox.close())
    const { appId, appSecret } = sandbox.apps[0]!
    return { appId, appSecret }
  }
  const start = async (app: Application): Promise<string> => {
    const { url, close } = await serve(app)
    closing.push(close)
    return url
  }

  describe('of a code that was used in another process', () => {
    let verified: Promise<void>
    let goOn: () => void
    let first: string
    let second: string
    let browser: Browser

    // Two processes share their sessions. The first is still at work when the second gets the same callback.
    beforeEach(async () => {
      const { appId, appSecret } = await startWechat()
      const store = new MemoryStore()
      const waiting = new Promise<void>((resolve) => {
        goOn = resolve
      })
      let enter: () => void
      verified = new Promise((resolve) => {
        enter = resolve
      })
      const startProcess = async (): Promise<string> => {
        const passport = passportWith(
          new WechatStrategy(
            { appId, appSecret, callbackURL: '/auth/wechat/callback', endpoints: sandbox.endpoints },
            async ({ profile }: { profile: WechatProfile }) => {
              enter()
              await waiting
              return { openid: profile.openid }
            },
          ),
        )
        const app = express()
        app.use(sessions(store), passport.session() as RequestHandler)
        app.get('/auth/wechat', passport.authenticate('wechat') as RequestHandler)
        await runPart(blockOf(readme, /^What happens when$/), { app, passport })
        await runPart(blockOf(readme, /40163/), { app })
        app.get('/login', (req, res) => {
          res.send(`log in at ${req.url}`)
        })
        app.get('/', (req, res) => {
          res.json(req.user ?? null)
        })
        return start(app)
      }
      ;[first, second] = [await startProcess(), await startProcess()]
      browser = new Browser(first)
    })

    /** Begins a login: the path of its callback. */
    const begin = async (code: string): Promise<string> => {
      const { location } = await browser.open('/auth/wechat')
      return `/auth/wechat/callback?code=${code}&state=${location?.searchParams.get('state') ?? ''}`
    }
    const newCode = (): string => sandbox.issueCode({ appId: sandbox.apps[0]!.appId, user: 'alice' })
    /** Both get the callback. What the second one answers is what the browser shows. */
    const logInTwice = async (): Promise<URL | undefined> => {
      const callback = await begin(newCode())
      const headers = { cookie: browser.cookieHeader }
      const answer = browser.open(callback, { headers })
      await verified
      const shown = await browser.open(new URL(callback, second), { headers })
      goOn()
      expect((await answer).location?.pathname).to.equal('/')
      return shown.location
    }

    it('leads on from the login page, since the first request has logged the user in', async () => {
      const shown = await logInTwice()
      expect(shown?.search).to.equal('?why=ERR_WECHAT_CODE')
      const loginPage = new URL(`/login${shown?.search ?? ''}`, second)
      expect((await browser.open(loginPage)).location?.href).to.equal(`${second}/`)
      expect((await browser.open('/')).json).to.have.property('openid')
    })

    it('counts as done if the user was logged in before', async () => {
      goOn()
      const code = newCode()
      await browser.open(await begin(code))
      expect((await browser.open(await begin(code))).location?.href).to.equal(`${first}/`)
    })

    it('shows the login page to who is not logged in', async () => {
      const path = '/login?why=ERR_WECHAT_CODE'
      expect((await browser.open(path)).text).to.equal(`log in at ${path}`)
    })
  })

  describe('of one callback domain for several sites', () => {
    let site: string
    let relay: string

    beforeEach(async () => {
      // WeChat knows the relay's host only, and so refuses callbacks of the site's.
      const { appId, appSecret } = await startWechat({
        apps: [{ appId: 'wx0000000000relay0', appSecret: 'secret', type: 'mp', domains: ['127.0.0.1'] }],
      })
      const passport = passportWith()
      const app = express()
      app.use(sessions(), passport.session() as RequestHandler)
      const welcome = { successRedirect: '/welcome' }
      app.get('/auth/wechat', passport.authenticate('wechat') as RequestHandler)
      app.get('/auth/wechat/callback', passport.authenticate('wechat', welcome) as RequestHandler)
      site = (await start(app)).replace('127.0.0.1', 'localhost')

      const relayApp = express()
      relay = await start(relayApp)
      const here = (place: number): string =>
        blockOf(readme, /several sites$/, place)
          .replaceAll('https://open.weixin.qq.com', sandbox.url)
          .replaceAll('https://login.example.com', relay)
          .replaceAll('https://shop.example.com', site)
      const { relay: handlers } = await runPart(here(0), { express }, ['relay'])
      relayApp.use(handlers as Application)
      const LocalStrategy = function (options: { endpoints: object }, verify: never) {
        const endpoints = { api: sandbox.url, ...options.endpoints }
        return new WechatStrategy({ ...options, endpoints } as never, verify)
      }
      await runPart(here(1), { passport, WechatStrategy: LocalStrategy, appId, appSecret, verify })
    })

    it('logs the user in on a site of another domain', async () => {
      const browser = new Browser(site)
      const { location: toRelay } = await browser.open('/auth/wechat')
      expect(toRelay?.origin).to.equal(relay)
      const person = new Browser(relay)
      const { location: page } = await person.open(toRelay!)
      expect(page?.origin).to.equal(sandbox.url)
      const names = ['appid', 'redirect_uri', 'response_type', 'scope', 'state']
      expect([...page!.searchParams.keys()]).to.deep.equal(names)
      expect(page?.hash).to.equal('#wechat_redirect')
      const form = new URLSearchParams([...page!.searchParams, ['user', 'alice'], ['decision', 'allow']])
      const consented = await new Browser(sandbox.url).open(page!.pathname, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: form.toString(),
      })
      expect(consented.location?.origin).to.equal(relay)
      const { location: callback } = await person.open(consented.location!)
      expect(callback?.origin).to.equal(site)
      expect((await browser.open(callback!)).location?.pathname).to.equal('/welcome')
    })

    it('sends nobody, and no code, to a site that is not in the list', async () => {
      for (const evil of ['https://evil.example/', `${site}@evil.example/`, 'nonsense', '']) {
        const parameter = encodeURIComponent(evil)
        const paths = [
          `/connect/oauth2/authorize?appid=a&redirect_uri=${parameter}`,
          `/connect/qrconnect?redirect_uri=${parameter}`,
          `/back?to=${parameter}&code=c&state=s`,
          '/back?code=c',
        ]
        for (const path of paths) expect((await new Browser(relay).open(path)).status, path).to.equal(400)
      }
    })
  })

  describe('of WeChat’s cloud hosting', () => {
    const run = async (ca: string): Promise<WechatStrategy> => {
      const { appId, appSecret } = await startWechat({ tls: { port: 0 } })
      const { port, ca: ours } = sandbox.tls!
      let made: WechatStrategy | undefined
      class LocalAgent extends undici.Agent {
        constructor({ connect }: { connect: object }) {
          super({
            connect: {
              ...connect,
              lookup: (_host, ...rest) => {
                lookup('127.0.0.1', ...rest)
              },
            },
          })
          closing.push(() => this.destroy())
        }
      }
      const LocalStrategy = function (options: object, verify: never) {
        const endpoints = { api: `https://api.weixin.qq.com:${port}` }
        made = new WechatStrategy({ ...options, endpoints } as never, verify)
        return made
      }
      await runPart(blockOf(readme, /cloud hosting/), {
        readFileSync: (path: string) => (path === '/app/cert/certificate.crt' ? ca || ours : undefined),
        rootCertificates: [],
        Agent: LocalAgent,
        fetch: undici.fetch,
        passport: passportWith(),
        WechatStrategy: LocalStrategy,
        appId,
        appSecret,
        callbackURL: '/callback',
        verify,
      })
      return made!
    }
    const exchange = (strategy: WechatStrategy): Promise<unknown> =>
      strategy.oauth().getAccessToken(sandbox.issueCode({ appId: sandbox.apps[0]!.appId, user: 'alice' }))

    it('asks WeChat through a proxy with its own certificate authority', async () => {
      expect(await exchange(await run(''))).to.have.property('openid')
    })

    it('is needed: without that authority the connection fails with the reason in the README', async () => {
      const {
        rootCertificates: [other = ''],
      } = await import('node:tls')
      const error = await rejection(exchange(await run(other)), WechatTransportError)
      expect(error.code).to.equal('ERR_WECHAT_NETWORK')
      const text = readme.paragraphs.find((one) => one.includes('/app/cert/certificate.crt'))
      expect(text).to.contain(`\`${error.reason ?? '?'}\``)
    })
  })
})

describe('the JS-SDK of the README of wechat-oauth, with a history router', () => {
  it('signs the first address on iOS, and the present one elsewhere', async () => {
    const signedOn = async (userAgent: string): Promise<string> => {
      const location = { href: 'https://example.com/first?a=1#top' }
      const scope = { location, navigator: { userAgent } }
      const { addressToSign } = await runPart(blockOf(clientReadme, /^JS-SDK$/, 1), scope, ['addressToSign'])
      location.href = 'https://example.com/second'
      return (addressToSign as () => string)()
    }
    expect(await signedOn('Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) MicroMessenger/8.0')).to.equal(
      'https://example.com/first?a=1',
    )
    expect(await signedOn('Mozilla/5.0 (Linux; Android 15) MicroMessenger/8.0')).to.equal(
      'https://example.com/second',
    )
  })
})
