import { randomBytes } from 'node:crypto'
import { createAdaptorServer } from '@hono/node-server'
import { WechatLogin } from '@wechat-auth/passport-wechat/web'
import { WechatOAuth } from '@wechat-auth/wechat-oauth'
import { MemorySessionStore, MemoryUserStore, WechatSessions } from '@wechat-auth/wechat-session'
import { Hono, type Context } from 'hono'
import { deleteCookie, getSignedCookie, setSignedCookie } from 'hono/cookie'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
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
  const secret = randomBytes(32).toString('hex')
  const login = new WechatLogin({ apps, callbackURL: '/auth/wechat/callback', cookie: { secret }, ...wechat })

  const app = new Hono()
  // The errors of WechatLogin have a status, e.g. 503 if WeChat is busy.
  app.onError((error) => {
    logError(error)
    const { status = 500 } = error as { status?: number }
    return new Response('The login does not work at the moment', { status, headers: login.headersOf(error) })
  })

  // The session: the user in a signed cookie. `Lax`, not `Strict`: the way back from WeChat starts on another site.
  const readUser = async (c: Context): Promise<PageUser | undefined> => {
    const text = await getSignedCookie(c, secret, 'user')
    return text ? (JSON.parse(text) as PageUser) : undefined
  }
  const logIn = (c: Context, user: PageUser): Promise<void> =>
    setSignedCookie(c, 'user', JSON.stringify(user), secret, {
      httpOnly: true,
      sameSite: 'Lax',
      secure: c.req.url.startsWith('https:'),
      path: '/',
    })

  app.get('/', async (c) => c.html(homePage(await readUser(c), new URL(c.req.url).origin, endpoints)))
  app.get('/auth/wechat', (c) => startLogin(c))
  app.get('/auth/wechat/mp', (c) => startLogin(c, 'mp'))
  app.get('/auth/wechat/website', (c) => startLogin(c, 'website'))

  async function startLogin(c: Context, mode?: 'mp' | 'website'): Promise<Response> {
    const { authorization, headers } = await login.getAuthorization(c.req.raw, mode && { mode })
    headers.set('location', authorization.url)
    return new Response(null, { status: 302, headers })
  }

  app.get('/auth/wechat/callback', async (c) => {
    const result = await login.handle(c.req.raw)
    if (result.action === 'redirect') return result.response
    for (const cookie of result.headers.getSetCookie()) c.header('set-cookie', cookie, { append: true })
    if (result.action === 'success') {
      const { user } = await sessions.registerUser(result.profile)
      await logIn(c, { id: user.id, name: result.profile.displayName, mode: result.profile.mode })
      return c.redirect('/')
    }
    // The user is already logged in: this is a reload of the callback, or a second tab.
    if (result.info.code === 'ERR_WECHAT_STATE' && (await readUser(c))) return c.redirect('/')
    return c.html(failurePage(result.info), result.status as 401)
  })

  // For a single-page application: the address of WeChat's page, without a redirect.
  app.get('/auth/wechat/url', async (c) => {
    const { authorization, headers } = await login.getAuthorization(c.req.raw, { mode: 'website' })
    return Response.json(authorization, { headers })
  })

  app.post(miniProgramPath, async (c) => {
    const result = await login.handle(c.req.raw, { mode: 'miniprogram' })
    if (result.action === 'success') {
      const { user } = await sessions.registerUser(result.profile)
      const { token } = await sessions.issueTokenFor(user.id, result.info)
      return c.json({ token, user: { id: user.id, name: result.profile.displayName, mode: 'miniprogram' } })
    }
    if (result.action === 'redirect') return result.response
    const { code, message } = result.info
    return c.json({ code, message }, result.status as 401)
  })
  app.get('/api/me', async (c) => {
    const [, token] = /^Bearer (.+)$/i.exec(c.req.header('authorization') ?? '') ?? []
    const session = await sessions.getSession(token)
    const user = session && (await sessions.getUser(session))
    if (user) return c.json({ user })
    c.header('www-authenticate', 'Bearer realm="shop"')
    return c.json({ message: 'Log in first' }, 401)
  })

  app.post('/logout', (c) => {
    // A form on another site must not log the user out.
    const origin = c.req.header('origin')
    if (origin !== undefined && origin !== new URL(c.req.url).origin) return c.text('Forbidden', 403)
    deleteCookie(c, 'user', { path: '/' })
    return c.redirect('/', 303)
  })

  const server = await listening(createAdaptorServer(app) as Server, port, '127.0.0.1')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, close: () => closed(server).then(() => sessions.close()) }
}
