import { HttpException, Inject, Injectable, type ExecutionContext } from '@nestjs/common'
import { Reflector } from '@nestjs/core'
import { AuthGuard, PassportStrategy } from '@nestjs/passport'
import {
  WechatStrategy,
  type WechatMode,
  type WechatFailure,
  type WechatVerifyInput,
} from '@wechat-auth/passport-wechat'
import { WechatSessions, WechatSessionStrategy } from '@wechat-auth/wechat-session'
import type { Request, Response } from 'express'
import type { ExampleOptions } from '../../shared/framework.js'
import type { PageUser } from '../../shared/pages.js'

/** The token under which the options of the application are injected. */
export const optionsToken = Symbol('options')

/** Says which mode a route uses. Without it, the strategy chooses. */
export const Mode = Reflector.createDecorator<WechatMode>()

@Injectable()
export class LoginStrategy extends PassportStrategy(WechatStrategy) {
  readonly #sessions: WechatSessions

  constructor(
    @Inject(optionsToken) { apps, endpoints }: ExampleOptions,
    @Inject(WechatSessions) sessions: WechatSessions,
  ) {
    super({
      apps,
      callbackURL: '/auth/wechat/callback',
      // Nest passes a function whose parameters cannot be counted.
      verifyArguments: 'object',
      ...(endpoints !== undefined && { endpoints }),
    })
    this.#sessions = sessions
  }

  async validate({ profile }: WechatVerifyInput): Promise<PageUser> {
    const { user } = await this.#sessions.registerUser(profile)
    return { id: user.id, name: profile.displayName, mode: profile.mode }
  }
}

@Injectable()
export class WechatGuard extends AuthGuard('wechat') {
  readonly #reflector = new Reflector()

  override getAuthenticateOptions(context: ExecutionContext): { mode?: string } {
    const mode = this.#reflector.get(Mode, context.getHandler())
    return mode ? { mode } : {}
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    await super.canActivate(context)
    // A mini-program has no cookies, so it gets no session.
    if (this.getAuthenticateOptions(context).mode !== 'miniprogram') {
      await this.logIn(context.switchToHttp().getRequest<Request>())
    }
    return true
  }

  override handleRequest<User>(
    error: unknown,
    user: User | false,
    info: WechatFailure | undefined,
    context: ExecutionContext,
    status?: number,
  ): User {
    if (error) throw error
    if (user) return user
    const { code, reason, message } = info ?? {}
    const request = context.switchToHttp().getRequest<Request>()
    // The user is already logged in: this is a reload of the callback, or a second tab.
    if (code === 'ERR_WECHAT_STATE' && request.user) return request.user as User
    throw new HttpException({ statusCode: status ?? 401, code, reason, message }, status ?? 401)
  }
}

@Injectable()
export class TokenStrategy extends PassportStrategy(WechatSessionStrategy) {
  readonly #sessions: WechatSessions

  constructor(@Inject(WechatSessions) sessions: WechatSessions) {
    super({ sessions })
    this.#sessions = sessions
  }

  validate(session: Parameters<WechatSessions['getUser']>[0]): ReturnType<WechatSessions['getUser']> {
    return this.#sessions.getUser(session)
  }
}

@Injectable()
export class TokenGuard extends AuthGuard('wechat-session') {
  override handleRequest<User>(
    error: unknown,
    user: User | false,
    challenge: string,
    context: ExecutionContext,
    status = 401,
  ): User {
    if (error) throw error
    if (user) return user
    context.switchToHttp().getResponse<Response>().set('WWW-Authenticate', challenge)
    throw new HttpException({ statusCode: status, message: 'Log in first' }, status)
  }
}
