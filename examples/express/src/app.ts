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
  /** The apps as registered with WeChat; those that are missing cannot be used to log in. */
  apps: WechatApps
  /** Where people reach this application, e.g. `https://login.example.com`. */
  publicUrl: string
  /** Who plays WeChat. Default: WeChat. */
  endpoints?: string | undefined
  /** Where WeChat's tokens and session keys are kept. Default: in memory. */
  tokenStore?: TokenStore | undefined
  /** A page that plays a mini-program against `loginUrl`, where there is one. */
  miniProgramConsole?: ((loginUrl: string, lang: Lang) => string) | undefined
  /** Told of every error that is not the visitor's. Default `console.error`. */
  logError?: (error: unknown) => void
}

/** The application: three ways to log in with WeChat, a profile, and pages for what can go wrong. */
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
  // A tunnel or a proxy on this machine tells whether the visitor came by https.
  app.set('trust proxy', 'loopback')
  app.use(rememberLanguage)
  app.use(
    session({
      name: 'wechat-demo',
      secret: randomBytes(32).toString('hex'),
      resave: false,
      saveUninitialized: false,
      // `lax`, not `strict`: the way back from WeChat is a navigation from another site, and the session must come along.
      cookie: { httpOnly: true, sameSite: 'lax', secure: protocol === 'https:' },
    }),
  )
  app.use(passport.session() as RequestHandler)

  app.get('/', async (req, res) => {
    const lang = languageOf(req)
    // For the frame the page needs WeChat's address itself, not a redirect to it.
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

  // The strategy chooses: official account in WeChat's browser, QR code everywhere else. Or the route says which.
  app.get('/auth/wechat', logIn())
  app.get('/auth/wechat/mp', logIn({ mode: 'mp' }))
  app.get('/auth/wechat/website', logIn({ mode: 'website' }))

  app.get(callbackPath, (req, res, next) => {
    authenticate({}, (error, user, info) => {
      if (error) next(error)
      // Redirects from here on, so that no address with a code in it stays behind, to be reloaded or to be shared.
      else if (user) req.logIn(user, (error: unknown) => (error ? next(error) : res.redirect('/profile')))
      else res.redirect(`/login/failed?code=${info?.code ?? ''}`)
    })(req, res, next)
  })

  app.get('/login/failed', (req, res) => {
    const { code } = req.query
    // A reload of the callback, or another tab that was quicker: the state is used up or gone with the session of before, but
    // whoever it was for is logged in. Asked here, not in the callback: only now the browser surely sends its newest cookie.
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

  // A page that uses what WeChat's app can do. Not everybody may have pages signed: only this host's are.
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

  // A mini-program has no cookies, hence no session: it gets a token and sends it along from then on.
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

/** As the strategy decides it: WeCom says that it is WeChat, but it is not. */
function isWechat(userAgent: string): boolean {
  return /MicroMessenger/i.test(userAgent) && !/wxwork/i.test(userAgent)
}

function wechatLang(lang: Lang): 'en' | 'zh_CN' {
  return lang === 'en' ? 'en' : 'zh_CN'
}

/** WeChat's QR page as WeChat's own widget frames it: after the scan it takes the whole window on, not only the frame. */
function framed(qrUrl: string): string {
  const url = new URL(qrUrl)
  url.searchParams.set('login_type', 'jssdk')
  url.searchParams.set('self_redirect', 'default')
  return url.href
}

/** What a mini-program may know of its user. */
function summary({ id, name, picture, unionid, latest }: User): object {
  const { mode, appId, openid } = latest
  return { id, name, picture, unionid, mode, appId, openid }
}

/** SameSite=Lax already keeps the session out of forms of other sites; this keeps out other ports and subdomains as well. */
function fromHere(origin: string): RequestHandler {
  return (req, res, next) => {
    if ((req.get('origin') ?? origin) === origin) next()
    else sendPage(res.status(403), errorPage(languageOf(req), 403))
  }
}

/** The page says that something went wrong, the log says what. */
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
