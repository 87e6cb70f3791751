import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import type { WechatAuthenticateOptions, WechatStrategy } from '@wechat-auth/passport-wechat'
import cookieSession from 'cookie-session'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import session from 'express-session'
import passport from 'passport'
import { cookieSessionShim } from './cookie-session-shim.js'

export type SessionKind = 'express-session' | 'cookie-session' | 'none'
export type PassportVersion = '0.6' | '0.7'

export interface ExpressAppOptions {
  /** Default `express-session`. With `none` nobody stays logged in. */
  sessions?: SessionKind
  /** Default `0.7`. */
  passport?: PassportVersion
  /** Whether `passport.initialize()` is used. Default `false`. */
  initialize?: boolean
  /** Express's `trust proxy`. */
  trustProxy?: boolean
  /** Options of both GET routes. */
  call?: WechatAuthenticateOptions
  /** Adds routes and middleware before the preset ones. */
  before?: (app: Express, authenticate: (options?: WechatAuthenticateOptions) => RequestHandler) => void
}

/** What the application saw, in order. */
export interface Seen {
  /** The objects of each successful login, by identity. */
  logins: { user: unknown; info: unknown }[]
  errors: unknown[]
}

/**
 * A real Express 5 application on a free port, with the routes of the README: `GET /auth/wechat`, `GET /auth/wechat/callback`,
 * `POST /auth/wechat/miniprogram`, and `GET /me`. They answer JSON: `{ user, info }`, `{ failure, status }` or `{ error }`.
 */
export class ExpressApp {
  readonly url: string
  readonly seen: Seen
  readonly #server: Server

  constructor(server: Server, seen: Seen) {
    this.#server = server
    this.seen = seen
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }
}

const versions: Record<PassportVersion, passport.PassportStatic> = {
  '0.6': createRequire(import.meta.url)('passport-0.6') as passport.PassportStatic,
  '0.7': passport,
}

export async function startExpressApp(
  strategy: WechatStrategy,
  options: ExpressAppOptions = {},
): Promise<ExpressApp> {
  const {
    sessions = 'express-session',
    passport: version = '0.7',
    initialize = false,
    trustProxy = false,
    call = {},
  } = options
  const seen: Seen = { logins: [], errors: [] }
  const auth = new versions[version].Passport()
  auth.use(strategy)
  auth.serializeUser((user, done) => done(null, JSON.stringify(user)))
  auth.deserializeUser((text: string, done) => done(null, JSON.parse(text) as Express.User))

  const authenticate =
    (more: WechatAuthenticateOptions = {}): RequestHandler =>
    (req, res, next) => {
      const handle = auth.authenticate(
        strategy.name,
        { ...call, ...more },
        (error: unknown, user?: Express.User | false | null, info?: object, status?: number) => {
          if (error) {
            next(error)
          } else if (!user) {
            res.status(status ?? 401).json({ failure: info, status })
          } else {
            seen.logins.push({ user, info })
            if (sessions === 'none') res.json({ user, info })
            else req.logIn(user, (failure) => (failure ? next(failure) : res.json({ user, info })))
          }
        },
      ) as RequestHandler
      void handle(req, res, next)
    }

  const app = express()
  app.set('trust proxy', trustProxy)
  for (const middleware of sessionMiddleware(sessions)) app.use(middleware)
  if (initialize) app.use(auth.initialize())
  if (sessions !== 'none') app.use(auth.session())
  options.before?.(app, authenticate)
  app.get('/auth/wechat', authenticate())
  app.get('/auth/wechat/callback', authenticate())
  app.post(
    '/auth/wechat/miniprogram',
    express.json(),
    express.urlencoded(),
    express.text(),
    authenticate({ mode: 'miniprogram' }),
  )
  app.get(
    '/plain/callback',
    auth.authenticate(strategy.name, {
      ...call,
      session: sessions !== 'none',
      failureRedirect: '/login',
    }) as RequestHandler,
    (req, res) => {
      res.json({ user: req.user, info: req.authInfo })
    },
  )
  app.get('/me', (req, res) => {
    res.json({ user: req.user ?? null })
  })
  const reportError: ErrorRequestHandler = (error: Record<string, unknown>, _req, res, next) => {
    if (res.headersSent) {
      next(error)
      return
    }
    seen.errors.push(error)
    const { name, code, message, status } = error
    res.status(typeof status === 'number' ? status : 500).json({ error: { name, code, message } })
  }
  app.use(reportError)

  const server = createServer(app)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return new ExpressApp(server, seen)
}

function sessionMiddleware(kind: SessionKind): RequestHandler[] {
  switch (kind) {
    case 'express-session':
      return [session({ secret: 'a secret of the tests', resave: false, saveUninitialized: false })]
    case 'cookie-session':
      return [cookieSession({ keys: ['a secret of the tests'] }), cookieSessionShim]
    case 'none':
      return []
  }
}
