import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { WechatStrategy } from '@wechat-auth/passport-wechat'
import { WechatOAuth, type SessionStore, type UserStore } from '@wechat-auth/wechat-oauth'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import {
  MemorySessionStore,
  MemoryUserStore,
  WechatSessions,
  WechatSessionStrategy,
  type WechatSessionVerify,
} from '@wechat-auth/wechat-session'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import session from 'express-session'
import passport from 'passport'

export type PassportVersion = '0.6' | '0.7'

const versions: Record<PassportVersion, passport.PassportStatic> = {
  '0.6': createRequire(import.meta.url)('passport-0.6') as passport.PassportStatic,
  '0.7': passport,
}

export interface ServerOptions {
  passport?: PassportVersion
  /** Whether the application has cookie sessions for its other pages. */
  cookies?: boolean
  sessionStore?: SessionStore
  userStore?: UserStore
  verify?: WechatSessionVerify
}

export interface Answer {
  status: number
  headers: Headers
  json: Record<string, unknown>
}

/** WeChat and a mini-program's server, as in the README. */
export class MiniProgramServer {
  readonly sandbox: Sandbox
  readonly sessions: WechatSessions
  readonly url: string
  readonly #server: Server

  constructor(sandbox: Sandbox, sessions: WechatSessions, server: Server) {
    this.sandbox = sandbox
    this.sessions = sessions
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  get appId(): string {
    return appOf(this.sandbox).appId
  }

  code(user = 'alice'): string {
    return this.sandbox.wxLogin({ appId: this.appId, user })
  }

  async post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#ask(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  }

  async get(path: string, token?: string): Promise<Answer> {
    return this.#ask(path, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } })
  }

  async close(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
    await this.sessions.close()
    await this.sandbox.close()
  }

  async #ask(path: string, init: RequestInit): Promise<Answer> {
    const response = await fetch(this.url + path, init)
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      json: (text.startsWith('{') ? JSON.parse(text) : { text }) as Answer['json'],
    }
  }
}

export function appOf(sandbox: Sandbox): { appId: string; appSecret: string } {
  const { appId, appSecret } = sandbox.apps.find(({ type }) => type === 'miniprogram')!
  return { appId, appSecret }
}

export async function startServer({
  passport: version = '0.7',
  cookies = false,
  verify,
  ...stores
}: ServerOptions = {}): Promise<MiniProgramServer> {
  const sandbox = await startSandbox()
  const { sessionStore = new MemorySessionStore(), userStore = new MemoryUserStore() } = stores
  const oauth = new WechatOAuth({ ...appOf(sandbox), endpoints: sandbox.endpoints })
  const sessions = new WechatSessions({ oauth, sessionStore, userStore, sku: 'shop' })

  const auth = new versions[version].Passport()
  auth.use(new WechatSessionStrategy({ sessions }, verify))
  auth.use(
    new WechatStrategy(
      { ...appOf(sandbox), mode: 'miniprogram', endpoints: sandbox.endpoints },
      async (_accessToken, _refreshToken, profile) => (await sessions.registerUser(profile)).user,
    ),
  )
  auth.serializeUser((user, done) => done(null, JSON.stringify(user)))

  const app = express()
  if (cookies) app.use(session({ secret: 'a secret of the tests', resave: false, saveUninitialized: false }))
  app.post('/login', express.json(), async (req, res) => {
    res.json(await sessions.authorize(req.body as { code: string }))
  })
  app.post(
    '/passport',
    express.json(),
    auth.authenticate('wechat', { mode: 'miniprogram', session: false }) as RequestHandler,
    async (req, res) => {
      res.json(
        await sessions.issueTokenFor((req.user as { id: string }).id, req.authInfo as { openid: string }),
      )
    },
  )
  const who: RequestHandler = (req, res) => {
    res.json({ user: req.user, info: req.authInfo })
  }
  app.get('/me', auth.authenticate('wechat-session') as RequestHandler, who)
  app.get('/explicit', auth.authenticate('wechat-session', { session: false }) as RequestHandler, who)
  app.get('/remembered', auth.authenticate('wechat-session', { session: true }) as RequestHandler, who)
  app.get(
    '/assigned',
    auth.authenticate('wechat-session', { assignProperty: 'account' }) as RequestHandler,
    (req, res) => {
      res.json({ user: req.user ?? null, account: (req as { account?: unknown }).account })
    },
  )
  app.get('/custom', (req, res, next) => {
    const handle = auth.authenticate(
      'wechat-session',
      (error: unknown, user: unknown, info: unknown, status: unknown) => {
        if (error) next(error)
        else res.json({ user, info, status })
      },
    ) as RequestHandler
    void handle(req, res, next)
  })
  const report: ErrorRequestHandler = (
    error: { name?: string; code?: string; status?: number; message?: string },
    _req,
    res,
    next,
  ) => {
    if (res.headersSent) next(error)
    else
      res
        .status(error.status ?? 500)
        .json({ error: { name: error.name, code: error.code, message: error.message } })
  }
  app.use(report)

  const server = createServer(app)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return new MiniProgramServer(sandbox, sessions, server)
}
