import { randomBytes } from 'node:crypto'
import { jsSDKHandler, MemoryTokenStore, WechatError, type TokenStore } from '@wechat-auth/wechat-oauth'
import {
  WechatStrategy,
  type WechatApps,
  type WechatAuthenticateOptions,
  type WechatFailure,
} from '@wechat-auth/passport-wechat'
import express, {
  type Application,
  type ErrorRequestHandler,
  type Request,
  type RequestHandler,
} from 'express'
import session from 'express-session'
import { Passport } from 'passport'
import { languageOf, rememberLanguage, type Lang } from './language.js'
import { insideWechatPage } from './pages/inside-wechat.js'
import { jsSDKScript } from './pages/js-sdk-script.js'
import { errorNotice, errorPage, failurePage } from './pages/outcome.js'
import { profilePage } from './pages/profile.js'
import { sendPage } from './pages/reply.js'
import { startPage } from './pages/start.js'
import { UserTable, type User } from './users.js'

export interface AppOptions {
  /** The apps that are registered with WeChat. Logins with the others are not available. */
  apps: WechatApps
  /** The public address of this application, e.g. `https://login.example.com`. */
  publicUrl: string
  /** Address that replaces WeChat's hosts. Default: WeChat. */
  endpoints?: string | undefined
  /** Stores WeChat's tokens and session keys. Default: in memory. */
  tokenStore?: TokenStore | undefined
  /** The address of a page that acts as a mini-program with this `loginUrl`, if there is one. */
  miniProgramConsole?: ((loginUrl: string, lang: Lang) => string) | undefined
  /** Called with every error that the visitor did not cause. Default `console.error`. */
  logError?: (error: unknown) => void
}

/** Creates the application: three ways to log in with WeChat, a profile, and pages for failures. */
export function createApp(options: AppOptions): Application {
  const {
    apps,
    publicUrl,
    endpoints,
    tokenStore = new MemoryTokenStore(),
    miniProgramConsole,
    logError = console.error,
  } = options
  const { origin, host, protocol } = new URL(publicUrl)
  const callbackPath = '/auth/wechat/callback'
  const miniProgramPath = '/auth/wechat/miniprogram'
  const users = new UserTable()
  const passport = new Passport()

  const strategy = new WechatStrategy(
    {
      apps,
      callbackURL: origin + callbackPath,
      tokenStore,
      ...(endpoints !== undefined && { endpoints }),
    },
    ({ profile }) => users.loggedIn(profile),
  )
  passport.use(strategy)
  passport.serializeUser((user, done) => done(null, (user as User).id))
  passport.deserializeUser((id, done) => {
    users.find(String(id)).then((user) => done(null, user ?? false), done)
  })

  const app = express()
  app.disable('x-powered-by')
  // A tunnel or a proxy on this machine reports whether the visitor uses https.
  app.set('trust proxy', 'loopback')
  app.use(rememberLanguage)
  app.use(
    session({
      name: 'wechat-demo',
      secret: randomBytes(32).toString('hex'),
      resave: false,
      saveUninitialized: false,
      // `lax` instead of `strict`: WeChat's redirect comes from another site, and needs the session.
      cookie: { httpOnly: true, sameSite: 'lax', secure: protocol === 'https:' },
    }),
  )
  app.use(passport.session() as RequestHandler)

  app.get('/', async (req, res) => {
    const lang = languageOf(req)
    // The frame needs WeChat's address, not a redirect to it.
    const qr =
      req.query.qr === undefined || !apps.website
        ? undefined
        : await strategy.getAuthorization(req, { mode: 'website', lang: wechatLang(lang) })
    const qrUrl = qr && framed(qr.url)
    sendPage(
      res,
      startPage({
        lang,
        user: currentUser(req),
        insideWechat: isWechat(req.get('user-agent') ?? ''),
        modes: { mp: !!apps.mp, website: !!apps.website, miniprogram: !!apps.miniprogram },
        qrUrl,
        miniProgramLogin: origin + miniProgramPath,
        miniProgramConsole: miniProgramConsole?.(origin + miniProgramPath, lang),
        playedBy: endpoints,
      }),
      { frame: qrUrl },
    )
  })

  // The strategy uses the official account in WeChat's browser and a QR code everywhere else, unless the route chooses.
  app.get('/auth/wechat', logIn())
  app.get('/auth/wechat/mp', logIn({ mode: 'mp' }))
  app.get('/auth/wechat/website', logIn({ mode: 'website' }))

  app.get(callbackPath, (req, res, next) => {
    authenticate({}, (error, user, info) => {
      if (error) next(error)
      // Redirects, so that no address with a code remains that could be reloaded or shared.
      else if (user) req.logIn(user, (error: unknown) => (error ? next(error) : res.redirect('/profile')))
      else res.redirect(`/login/failed?code=${info?.code ?? ''}`)
    })(req, res, next)
  })

  app.get('/login/failed', (req, res) => {
    const { code } = req.query
    // After a reload of the callback, or a login in another tab, the state is used or belongs to the previous session, but the
    // user is logged in. This is checked here and not in the callback, because only now the browser surely sends the newest cookie.
    if (code === 'ERR_WECHAT_STATE' && req.isAuthenticated()) {
      res.redirect('/profile')
      return
    }
    const { status, page } = failurePage(languageOf(req), typeof code === 'string' ? code : '')
    sendPage(res.status(status), page)
  })

  app.get('/profile', (req, res) => {
    const user = currentUser(req)
    if (user) sendPage(res, profilePage(user, languageOf(req)))
    else res.redirect('/')
  })

  app.post('/logout', fromHere(origin), (req, res, next) => {
    req.logOut((error: unknown) => (error ? next(error) : res.redirect(303, '/')))
  })

  // A page that uses functions of the WeChat app. Signs only pages of this host.
  if (apps.mp) {
    app.get('/wechat/js-sdk', jsSDKHandler(strategy.oauth('mp'), { hosts: [host] }))
    app.get('/inside-wechat', (req, res) => {
      const script = new URL('/open/js/jweixin-1.6.0.js', endpoints ?? 'https://res.wx.qq.com').href
      const view = {
        script,
        moves: req.query.moves !== undefined,
        answers: endpoints !== undefined || isWechat(req.get('user-agent') ?? ''),
      }
      sendPage(res, insideWechatPage({ lang: languageOf(req), ...view }), {
        scripts: { from: script, own: jsSDKScript },
      })
    })
  }

  // A mini-program has no cookies, so it gets a token and sends it with each request.
  const tokens = new Map<string, User>()

  app.post(miniProgramPath, express.json(), (req, res, next) => {
    authenticate({ mode: 'miniprogram', session: false }, (error, user, info, status = 401) => {
      if (error) {
        next(error)
      } else if (user) {
        const token = randomBytes(32).toString('base64url')
        tokens.set(token, user as User)
        res.json({ token, user: summary(user as User) })
      } else {
        res.status(status).json({ code: info?.code, message: info?.message })
      }
    })(req, res, next)
  })

  app.get('/api/me', (req, res) => {
    const token = /^Bearer (\S+)$/.exec(req.get('authorization') ?? '')?.[1]
    const user = token === undefined ? undefined : tokens.get(token)
    if (user) res.json({ user: summary(user) })
    else res.status(401).set('WWW-Authenticate', 'Bearer').json({ message: 'Log in first' })
  })

  app.use((req, res) => sendPage(res.status(404), errorPage(languageOf(req), 404)))
  app.use(onError(logError))
  return app

  function logIn(options: WechatAuthenticateOptions = {}): RequestHandler {
    return (req, res, next) => authenticate({ ...options, lang: wechatLang(languageOf(req)) })(req, res, next)
  }

  function authenticate(options: WechatAuthenticateOptions, callback?: LoginCallback): RequestHandler {
    return passport.authenticate('wechat', options, callback) as RequestHandler
  }
}

type LoginCallback = (
  error: unknown,
  user?: Express.User | false | null,
  info?: Partial<WechatFailure>,
  status?: number,
) => void

function currentUser(req: Request): User | undefined {
  return req.user as User | undefined
}

/** Decides like the strategy. WeCom claims to be WeChat, but it is not. */
function isWechat(userAgent: string): boolean {
  return /MicroMessenger/i.test(userAgent) && !/wxwork/i.test(userAgent)
}

function wechatLang(lang: Lang): 'en' | 'zh_CN' {
  return lang === 'en' ? 'en' : 'zh_CN'
}

/** The address of WeChat's QR page for a frame, like that of WeChat's widget. After the scan it redirects the whole window. */
function framed(qrUrl: string): string {
  const url = new URL(qrUrl)
  url.searchParams.set('login_type', 'jssdk')
  url.searchParams.set('self_redirect', 'default')
  return url.href
}

/** The part of a user that a mini-program may see. */
function summary({ id, name, picture, unionid, latest }: User): object {
  const { mode, appId, openid } = latest
  return { id, name, picture, unionid, mode, appId, openid }
}

/** SameSite=Lax already protects against forms of other sites. This also refuses forms of other ports and subdomains. */
function fromHere(origin: string): RequestHandler {
  return (req, res, next) => {
    if ((req.get('origin') ?? origin) === origin) next()
    else sendPage(res.status(403), errorPage(languageOf(req), 403))
  }
}

/** Logs an error, and shows a page without its details. */
function onError(logError: (error: unknown) => void): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    if (res.headersSent) {
      next(error)
      return
    }
    const { status: asked } = Object(error) as { status?: unknown }
    const status = typeof asked === 'number' && asked >= 400 && asked < 600 ? asked : 500
    const code = error instanceof WechatError ? error.code : undefined
    const lang = languageOf(req)
    if (status >= 500) logError(error)
    if (req.is('json')) res.status(status).json({ code, message: errorNotice(lang, status).title })
    else sendPage(res.status(status), errorPage(lang, status, code))
  }
}
