import { STATUS_CODES } from 'node:http'
import { WechatStrategy } from '@wechat-auth/passport-wechat'
import {
  MemoryTokenStore,
  WechatError,
  WechatOAuth,
  type SessionStore,
  type UserStore,
} from '@wechat-auth/wechat-oauth'
import {
  WechatSessions,
  WechatSessionStrategy,
  type MiniProgramLogin,
  type RegisteredUser,
  type TokenHolder,
} from '@wechat-auth/wechat-session'
import express, {
  type Application,
  type ErrorRequestHandler,
  type Request,
  type RequestHandler,
} from 'express'
import { Passport } from 'passport'

export interface AppOptions {
  /** The mini-program that is registered with WeChat. */
  miniProgram: { appId: string; appSecret: string }
  sessionStore: SessionStore
  userStore: UserStore
  /** Address that replaces WeChat's hosts. Default: WeChat. */
  endpoints?: string | undefined
  /** Called with every error that the mini-program did not cause. Default `console.error`. */
  logError?: (error: unknown) => void
}

export interface App {
  app: Application
  sessions: WechatSessions
}

/** Creates the server of a mini-program. It gives a token to each device that logs in, and checks the token of each request. */
export function createApp({
  miniProgram,
  sessionStore,
  userStore,
  endpoints,
  logError = console.error,
}: AppOptions): App {
  const wechat = {
    ...miniProgram,
    tokenStore: new MemoryTokenStore(),
    ...(endpoints !== undefined && { endpoints }),
  }
  const sessions = new WechatSessions({
    oauth: new WechatOAuth(wechat),
    sessionStore,
    userStore,
    sku: 'shop',
    maxSessions: 10,
  })

  const passport = new Passport()
  passport.use(new WechatSessionStrategy({ sessions }))
  passport.use(
    new WechatStrategy({ ...wechat, mode: 'miniprogram' }, async (_accessToken, _refreshToken, profile) => {
      return (await sessions.registerUser(profile)).user
    }),
  )
  const loggedIn = passport.authenticate('wechat-session', { session: false }) as RequestHandler
  const withWechat = passport.authenticate('wechat', {
    mode: 'miniprogram',
    session: false,
  }) as RequestHandler

  const app = express()
  app.disable('x-powered-by')
  // Replies contain tokens and belong to one user.
  app.use((_req, res, next) => {
    res.set('Cache-Control', 'no-store')
    next()
  })

  // To log in: either this …
  app.post('/login', express.json(), async (req, res) => {
    res.json(await sessions.authorize(req.body as MiniProgramLogin))
  })

  // … or, for applications that log in with Passport, this.
  app.post('/login/passport', express.json(), withWechat, async (req, res) => {
    const issued = await sessions.issueTokenFor(userOf(req).id, req.authInfo as TokenHolder)
    res.json(issued)
  })

  app.post('/refresh', loggedIn, async (req, res) => {
    res.json(await sessions.refreshToken(tokenOf(req)))
  })

  app.get('/me', loggedIn, (req, res) => {
    res.json({ user: userOf(req) })
  })

  app.get('/devices', loggedIn, async (req, res) => {
    const devices = await sessions.listSessions(userOf(req).id)
    res.json({
      devices: devices.map(({ id, device, createdAt, expiresAt }) => ({ id, device, createdAt, expiresAt })),
    })
  })

  app.delete('/devices/:id', loggedIn, async (req, res) => {
    const isEnded = await sessions.revokeSession(userOf(req).id, String(req.params.id))
    res.status(isEnded ? 204 : 404).end()
  })

  app.post('/logout', loggedIn, async (req, res) => {
    await sessions.revokeToken(tokenOf(req))
    res.status(204).end()
  })

  app.post('/logout/everywhere', loggedIn, async (req, res) => {
    await sessions.revokeUser(userOf(req).id)
    res.status(204).end()
  })

  app.use((_req, res) => {
    res.status(404).json({ message: STATUS_CODES[404] })
  })
  app.use(onError(logError))
  return { app, sessions }
}

function userOf(req: Request): RegisteredUser {
  return req.user as RegisteredUser
}

/** Use only after `loggedIn`, which checks the token. */
function tokenOf(req: Request): string {
  return (req.get('authorization') ?? '').slice('Bearer'.length).trim()
}

/** Sends the status and a code that the mini-program can act on. The details are only in the log. */
function onError(logError: (error: unknown) => void): ErrorRequestHandler {
  return (error: unknown, _req, res, next) => {
    if (res.headersSent) {
      next(error)
      return
    }
    const { status: asked } = Object(error) as { status?: unknown }
    const status = typeof asked === 'number' && asked >= 400 && asked < 600 ? asked : 500
    if (status >= 500) logError(error)
    res
      .status(status)
      .json({ code: error instanceof WechatError ? error.code : undefined, message: STATUS_CODES[status] })
  }
}
