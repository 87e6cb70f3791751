import { WechatStrategy } from '@wechat-auth/passport-wechat'
import { expect } from 'chai'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import session, { MemoryStore, type SessionOptions } from 'express-session'
import { Passport, type AuthenticateCallback } from 'passport'
import { Browser } from '../../helpers/browser.js'
import { serve } from '../readme/running.js'
import { callback, failureOf } from './setting.js'

const code = '0a1CODE'

/** An application with real sessions. It does not reach WeChat. */
async function start(options: Partial<SessionOptions>, before?: RequestHandler) {
  const settings = { appId: 'wx', appSecret: 'secret', callbackURL: '/auth/wechat/callback' }
  const strategy = new WechatStrategy(settings, () => Promise.resolve(false))
  const passport = new Passport()
  const authenticate: RequestHandler = (req, res, next) => {
    const answer: AuthenticateCallback = (error, _user, failure, status) => {
      if (error) next(error)
      else res.status(Number(status ?? 200)).json({ failure })
    }
    const handle = passport.authenticate(strategy, answer) as RequestHandler
    void handle(req, res, next)
  }
  const reportError: ErrorRequestHandler = (error: { code: string; message: string }, _req, res, next) => {
    if (res.headersSent) next(error)
    else res.status(500).json({ error: error.message, code: error.code })
  }
  const app = express()
  app.use(session({ secret: 'a secret of the tests', resave: false, saveUninitialized: false, ...options }))
  if (before) app.use(before)
  app.get(['/auth/wechat', '/auth/wechat/callback'], authenticate)
  app.use(reportError)
  const { url, close } = await serve(app)
  return { browser: new Browser(url), close }
}

describe('an application that loses its sessions', () => {
  let app: Awaited<ReturnType<typeof start>>
  afterEach(() => app.close())

  /** A login that loses its cookies on the way to WeChat. */
  const lose = async (): Promise<Record<string, unknown>> => {
    const { location } = await app.browser.open('/auth/wechat')
    app.browser.cookies.clear()
    const state = location?.searchParams.get('state') ?? ''
    return failureOf(await app.browser.open(callback({ code, state })))
  }

  it('is told that a Secure cookie is never set if Express does not know of the TLS proxy', async () => {
    app = await start({ cookie: { secure: true } })
    await app.browser.open('/auth/wechat')
    expect(app.browser.cookies.size).to.equal(0)
    const failure = await lose()
    expect(failure).to.include({ httpStatus: 403, code: 'ERR_WECHAT_STATE', reason: 'unknown' })
    expect(failure['hint']).to.match(/Secure.*trust proxy/)
  })

  it('is told that the browser sent no cookie', async () => {
    app = await start({})
    expect(await lose())
      .to.have.property('hint')
      .that.matches(/no cookie.*127\.0\.0\.1/)
  })

  it('is told that the session does not have this login if its cookie arrived', async () => {
    app = await start({ cookie: { secure: 'auto' } })
    await app.browser.open('/auth/wechat')
    const failure = failureOf(await app.browser.open(callback({ code, state: 'f'.repeat(64) })))
    expect(failure['hint']).to.contain('another browser')
  })
})

describe('an application without a session for this request', () => {
  let app: Awaited<ReturnType<typeof start>>
  afterEach(() => app.close())

  const refuse = async (): Promise<string> => {
    const told = []
    for (const path of ['/auth/wechat', callback({ code, state: 'y' })]) {
      const { status, json } = await app.browser.open(path)
      expect(status).to.equal(500)
      expect(json).to.have.property('code', 'ERR_WECHAT_STATE_STORE')
      told.push((json as { error: string }).error)
    }
    expect(told[1]).to.equal(told[0])
    return told[0] ?? ''
  }

  it('is told that the session store is disconnected, not that session middleware is missing', async () => {
    const store = new MemoryStore()
    app = await start({ store })
    store.emit('disconnect')
    expect(await refuse())
      .to.match(/session store is disconnected/)
      .and.not.match(/middleware/)
    store.emit('connect')
    expect((await app.browser.open('/auth/wechat')).status).to.equal(302)
  })

  it('is told that the session was lost after express-session', async () => {
    app = await start({}, (req, _res, next) => {
      req.session.destroy(next)
    })
    expect(await refuse())
      .to.match(/session store failed/)
      .and.not.match(/middleware/)
  })
})
