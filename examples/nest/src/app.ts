import 'reflect-metadata'
import { randomBytes } from 'node:crypto'
import { Catch, Controller, Get, HttpException, Inject, Post, Redirect, Req, UseGuards } from '@nestjs/common'
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { NestExpressApplication } from '@nestjs/platform-express'
import type { WechatAuthInfo } from '@wechat-auth/passport-wechat'
import { WechatError, WechatOAuth } from '@wechat-auth/wechat-oauth'
import { MemorySessionStore, MemoryUserStore, WechatSessions } from '@wechat-auth/wechat-session'
import type { Request, Response } from 'express'
import session from 'express-session'
import passport from 'passport'
import type { ExampleOptions, RunningExample } from '../../shared/framework.js'
import { failurePage, homePage, type PageFailure, type PageUser } from '../../shared/pages.js'
import { LoginStrategy, Mode, optionsToken, TokenGuard, TokenStrategy, WechatGuard } from './wechat.js'

@Controller()
class AppController {
  @Inject(optionsToken) readonly options!: ExampleOptions
  @Inject(WechatSessions) readonly sessions!: WechatSessions
  @Inject(LoginStrategy) readonly strategy!: LoginStrategy

  @Get()
  home(@Req() req: Request): string {
    const site = `${req.protocol}://${req.get('host') ?? ''}`
    return homePage(req.user as PageUser | undefined, site, this.options.endpoints)
  }

  // The guard redirects to WeChat.
  @Get('auth/wechat')
  @UseGuards(WechatGuard)
  logIn(): void {}

  @Get('auth/wechat/mp')
  @Mode('mp')
  @UseGuards(WechatGuard)
  logInWithOfficialAccount(): void {}

  @Get('auth/wechat/website')
  @Mode('website')
  @UseGuards(WechatGuard)
  logInWithQrCode(): void {}

  @Get('auth/wechat/callback')
  @UseGuards(WechatGuard)
  @Redirect('/')
  callback(): void {}

  /** For a single-page application: the address of WeChat's page, without a redirect. */
  @Get('auth/wechat/url')
  url(@Req() req: Request): ReturnType<LoginStrategy['getAuthorization']> {
    return this.strategy.getAuthorization(req, { mode: 'website' })
  }

  @Post('auth/wechat/miniprogram')
  @Mode('miniprogram')
  @UseGuards(WechatGuard)
  async miniProgram(@Req() req: Request): Promise<{ token: string; user: PageUser }> {
    const user = req.user as PageUser
    const { token } = await this.sessions.issueTokenFor(user.id, req.authInfo as WechatAuthInfo)
    return { token, user }
  }

  @Get('api/me')
  @UseGuards(TokenGuard)
  me(@Req() req: Request): { user: unknown } {
    return { user: req.user }
  }

  @Post('logout')
  @Redirect('/')
  async logOut(@Req() req: Request): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      req.logOut((error: unknown) => (error ? reject(error as Error) : resolve()))
    })
  }
}

/** Browsers get a page; others get JSON. */
@Catch(HttpException, WechatError)
class FailureFilter implements ExceptionFilter<HttpException | WechatError> {
  readonly #logError: (error: unknown) => void

  constructor(logError: (error: unknown) => void) {
    this.#logError = logError
  }

  catch(exception: HttpException | WechatError, host: ArgumentsHost): void {
    const [req, res] = [
      host.switchToHttp().getRequest<Request>(),
      host.switchToHttp().getResponse<Response>(),
    ]
    const { status, body } = answerTo(exception)
    if (status >= 500) this.#logError(exception)
    res.status(status)
    if (req.accepts(['json', 'html']) === 'html') res.send(failurePage(body as PageFailure))
    else res.json(body)
  }
}

function answerTo(exception: HttpException | WechatError): { status: number; body: string | object } {
  if (exception instanceof HttpException)
    return { status: exception.getStatus(), body: exception.getResponse() }
  const { statusCode, code } = exception
  return { status: statusCode, body: { statusCode, code } }
}

class AppModule {
  @Inject(WechatSessions) readonly sessions!: WechatSessions

  async onModuleDestroy(): Promise<void> {
    await this.sessions.close()
  }
}

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
  const providers = [
    { provide: optionsToken, useValue: options },
    { provide: WechatSessions, useValue: sessions },
    LoginStrategy,
    TokenStrategy,
  ]
  const app = await NestFactory.create<NestExpressApplication>(
    { module: AppModule, controllers: [AppController], providers },
    { logger: ['error', 'warn'] },
  )
  passport.serializeUser((user, done) => done(null, user))
  passport.deserializeUser((user, done) => done(null, user as PageUser))
  const secret = randomBytes(32).toString('hex')
  // `lax`, not `strict`: the way back from WeChat starts on another site.
  const cookie = { sameSite: 'lax', secure: 'auto' } as const
  app.use(session({ secret, resave: false, saveUninitialized: false, cookie }))
  app.use(passport.session())
  app.useGlobalFilters(new FailureFilter(logError))
  await app.listen(port, '127.0.0.1')
  return { url: await app.getUrl(), close: () => app.close() }
}
