import { randomBytes } from 'node:crypto'
import cookie from '@fastify/cookie'
import { Authenticator } from '@fastify/passport'
import secureSession from '@fastify/secure-session'
import session from '@fastify/session'
import { CookieStateStore, WechatStrategy } from '@wechat-auth/passport-wechat'
import type { WechatAuthInfo, WechatFailure, WechatMode } from '@wechat-auth/passport-wechat'
import { WechatOAuth } from '@wechat-auth/wechat-oauth'
import {
  MemorySessionStore,
  MemoryUserStore,
  WechatSessions,
  WechatSessionStrategy,
} from '@wechat-auth/wechat-session'
import Fastify, { type FastifyReply } from 'fastify'
import type { ExampleOptions, RunningExample } from '../../shared/framework.js'
import { failurePage, homePage, miniProgramPath, type PageUser } from '../../shared/pages.js'

// The types of @fastify/passport know only its own options.
declare module '@fastify/passport/dist/authentication-route.js' {
  interface AuthenticateOptions {
    mode?: WechatMode
  }
}
declare module 'fastify' {
  interface PassportUser {
    id: string
    name: string
    mode: string
  }
}

/** Where logins are kept. With `none`, there is no session: the callback returns the user as JSON. */
export const variants = ['secure-session', 'session', 'none'] as const

interface FastifyOptions extends ExampleOptions {
  variant?: (typeof variants)[number] | undefined
}

/** Starts the application. */
export async function startApp(options: FastifyOptions): Promise<RunningExample> {
  const { apps, endpoints, port = 0, variant = 'secure-session', logError = console.error } = options
  const app = Fastify()
  app.addHook('onError', async (_request, _reply, error) => logError(error))

  // `lax`, not `strict`: the way back from WeChat starts on another site.
  const sessionCookie = { path: '/', httpOnly: true, sameSite: 'lax', secure: 'auto' } as const
  if (variant === 'secure-session') {
    await app.register(secureSession, { key: randomBytes(32), cookie: sessionCookie })
  } else if (variant === 'session') {
    await app.register(cookie)
    const secret = randomBytes(32).toString('hex')
    await app.register(session, { secret, saveUninitialized: false, cookie: sessionCookie })
  } else {
    // @fastify/passport does not start without something of this name.
    app.decorateRequest('session', null as never)
  }
  const hasSession = variant !== 'none'
  const replies = new WeakMap<object, FastifyReply>()
  app.addHook('onRequest', async (request, reply) => void replies.set(request, reply))

  const wechat = endpoints === undefined ? {} : { endpoints }
  // Use stores that all your processes share: these two are in memory.
  const sessions = new WechatSessions({
    oauth: new WechatOAuth({ ...apps.miniprogram, ...wechat }),
    sessionStore: new MemorySessionStore(),
    userStore: new MemoryUserStore(),
    sku: 'shop',
  })
  app.addHook('onClose', () => sessions.close())
  const stateStore = new CookieStateStore({
    secret: randomBytes(32).toString('hex'),
    setCookie: (request, value) => replies.get(request)?.header('set-cookie', value),
  })
  const strategy = new WechatStrategy(
    { apps, callbackURL: '/auth/wechat/callback', ...wechat, ...(!hasSession && { store: stateStore }) },
    async (_accessToken, _refreshToken, profile): Promise<PageUser> => {
      const { user } = await sessions.registerUser(profile)
      return { id: user.id, name: profile.displayName, mode: profile.mode }
    },
  )
  const passport = new Authenticator()
  passport.use(strategy)
  passport.use(new WechatSessionStrategy({ sessions }))
  passport.registerUserSerializer(async (user: PageUser) => user)
  passport.registerUserDeserializer(async (user: PageUser) => user)
  await app.register(passport.initialize())
  if (hasSession) await app.register(passport.secureSession())

  const logIn = (mode?: WechatMode) =>
    passport.authenticate('wechat', { ...(mode && { mode }), session: hasSession })
  app.get('/auth/wechat', { preValidation: logIn() }, () => undefined)
  app.get('/auth/wechat/mp', { preValidation: logIn('mp') }, () => undefined)
  app.get('/auth/wechat/website', { preValidation: logIn('website') }, () => undefined)

  app.get('/', async (request, reply) => {
    const site = `${request.protocol}://${request.host}`
    return reply.type('text/html; charset=utf-8').send(homePage(request.user, site, endpoints))
  })

  const callback = passport.authenticate('wechat', async (request, reply, error, user, info, status) => {
    if (error) throw error
    // Without a session, return your own token here.
    if (user && !hasSession) return reply.send({ user })
    if (user) await request.logIn(user as PageUser)
    const { code } = info as Partial<WechatFailure>
    // The user is already logged in: this is a reload of the callback, or a second tab.
    if (user || (code === 'ERR_WECHAT_STATE' && request.isAuthenticated())) return reply.redirect('/')
    const page = failurePage(info as WechatFailure)
    return reply
      .code(status ?? 401)
      .type('text/html; charset=utf-8')
      .send(page)
  })
  app.get('/auth/wechat/callback', { preValidation: callback }, () => undefined)

  // For a single-page application: the address of WeChat's page, without a redirect.
  app.get('/auth/wechat/url', (request) => strategy.getAuthorization(request, { mode: 'website' }))

  const asMiniProgram = passport.authenticate(
    'wechat',
    { mode: 'miniprogram', session: false },
    async (_request, reply, error, user, info, status) => {
      if (error) throw error
      if (user) {
        const { token } = await sessions.issueTokenFor((user as PageUser).id, info as WechatAuthInfo)
        return reply.send({ token, user })
      }
      const { code, message } = info as WechatFailure
      return reply.code(status ?? 401).send({ code, message })
    },
  )
  app.post(miniProgramPath, { preValidation: asMiniProgram }, () => undefined)
  app.get('/api/me', { preValidation: passport.authenticate('wechat-session') }, ({ user }) => ({ user }))

  app.post('/logout', async (request, reply) => {
    await request.logOut()
    return reply.redirect('/')
  })

  return { url: await app.listen({ port, host: '127.0.0.1' }), close: () => app.close() }
}
