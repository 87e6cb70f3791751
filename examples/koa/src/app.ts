import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { bodyParser } from '@koa/bodyparser'
import Router from '@koa/router'
import { WechatStrategy, type WechatAuthInfo, type WechatFailure } from '@wechat-auth/passport-wechat'
import { WechatOAuth } from '@wechat-auth/wechat-oauth'
import {
  MemorySessionStore,
  MemoryUserStore,
  WechatSessions,
  WechatSessionStrategy,
} from '@wechat-auth/wechat-session'
import Koa from 'koa'
import koaPassport from 'koa-passport'
import session from 'koa-session'
import { closed, listening } from '../../shared/demo.js'
import type { ExampleOptions, RunningExample } from '../../shared/framework.js'
import { failurePage, homePage, miniProgramPath, type PageUser } from '../../shared/pages.js'

/** Starts the application. */
export async function startApp(options: ExampleOptions): Promise<RunningExample> {
  const { apps, endpoints, port = 0, logError = console.error } = options
  const wechat = endpoints === undefined ? {} : { endpoints }
  // Use stores that all your processes share: these two are in memory.
  const sessions = new WechatSessions({
    oauth: new WechatOAuth({ ...apps.miniprogram, ...wechat }),
    sessionStore: new MemorySessionStore(),
    userStore: new MemoryUserStore(),
    sku: 'shop',
  })
  const strategy = new WechatStrategy(
    { apps, callbackURL: '/auth/wechat/callback', ...wechat },
    async (_accessToken, _refreshToken, profile): Promise<PageUser> => {
      const { user } = await sessions.registerUser(profile)
      return { id: user.id, name: profile.displayName, mode: profile.mode }
    },
  )
  const passport = new koaPassport.KoaPassport()
  passport.use(strategy)
  passport.use(new WechatSessionStrategy({ sessions }))
  passport.serializeUser((user, done) => done(null, user))
  passport.deserializeUser((user, done) => done(null, user as PageUser))

  const app = new Koa()
  // Koa answers with the status of an error, and shows nothing else about it.
  app.on('error', logError)
  app.keys = [randomBytes(32).toString('hex')]
  // The session is a signed cookie. `lax`, not `strict`: the way back from WeChat starts on another site.
  app.use(session({ sameSite: 'lax' }, app))
  app.use(bodyParser({ enableTypes: ['json'] }))
  app.use(passport.initialize())
  app.use(passport.session())

  const router = new Router()
  router.get('/', (ctx) => {
    ctx.type = 'html'
    ctx.body = homePage(ctx.state.user as PageUser | undefined, ctx.origin, endpoints)
  })
  router.get('/auth/wechat', passport.authenticate('wechat'))
  router.get('/auth/wechat/mp', passport.authenticate('wechat', { mode: 'mp' }))
  router.get('/auth/wechat/website', passport.authenticate('wechat', { mode: 'website' }))

  router.get('/auth/wechat/callback', (ctx, next) => {
    const finish = async (error: unknown, user?: PageUser, info?: WechatFailure, status?: number) => {
      if (error) throw error
      if (user) await ctx.login(user)
      // The user is already logged in: this is a reload of the callback, or a second tab.
      if (user || (info?.code === 'ERR_WECHAT_STATE' && ctx.isAuthenticated())) return ctx.redirect('/')
      ctx.status = status ?? 401
      ctx.type = 'html'
      ctx.body = failurePage(info)
    }
    return passport.authenticate('wechat', finish)(ctx, next)
  })

  // For a single-page application: the address of WeChat's page, without a redirect.
  router.get('/auth/wechat/url', async (ctx) => {
    ctx.body = await strategy.getAuthorization(ctx, { mode: 'website' })
  })

  router.post(miniProgramPath, (ctx, next) => {
    const finish = async (error: unknown, user?: PageUser, info?: unknown, status?: number) => {
      if (error) throw error
      if (user) {
        const { token } = await sessions.issueTokenFor(user.id, info as WechatAuthInfo)
        ctx.body = { token, user }
      } else {
        const { code, message } = info as WechatFailure
        ctx.status = status ?? 401
        ctx.body = { code, message }
      }
    }
    return passport.authenticate('wechat', { mode: 'miniprogram', session: false }, finish)(ctx, next)
  })
  router.get('/api/me', passport.authenticate('wechat-session', { session: false }), (ctx) => {
    ctx.body = { user: ctx.state.user as unknown }
  })

  router.post('/logout', async (ctx) => {
    await ctx.logout()
    ctx.redirect('/')
  })
  app.use(router.routes())

  const server = await listening(createServer(app.callback()), port, '127.0.0.1')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, close: () => closed(server).then(() => sessions.close()) }
}
