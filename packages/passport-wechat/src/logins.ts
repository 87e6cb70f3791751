import { WechatError, type WechatMode, type WechatOAuth } from '@wechat-auth/wechat-oauth'
import { withDeadline } from '@wechat-auth/wechat-oauth/store-kit'
import { passToNext, publishLogin, readInfoCode } from '@wechat-auth/wechat-oauth/strategy-kit'
import { Apps } from './apps.js'
import { FailureLog } from './failure-log.js'
import { AuthorizeFlow } from './flow/authorize.js'
import { parseCall } from './flow/call.js'
import { CallbackFlow } from './flow/callback.js'
import { IdentifyFlow } from './flow/identify.js'
import { MiniProgramFlow } from './flow/mini-program.js'
import { States } from './flow/states.js'
import { isRedirectMode, type DirectMode } from './modes.js'
import type { Settings } from './options.js'
import { catchOutcome, type Outcome } from './outcome.js'
import { readCallbackParameters, type CallbackParameters, type RequestParts } from './request.js'
import type { AnyWechatVerify, WechatAuthorization, WechatCallOptions } from './types.js'

/** The flow of a mode that does not redirect. */
interface DirectFlow {
  logIn(req: RequestParts): Promise<Outcome>
}

/** The strategy's settings and flows, in private fields, so that inspecting the strategy shows none of them. */
export class Logins {
  readonly #settings: Settings
  readonly #apps: Apps
  readonly #authorize: AuthorizeFlow
  readonly #callback: CallbackFlow
  readonly #direct: Readonly<Record<DirectMode, DirectFlow>>
  readonly #failures: FailureLog

  constructor(settings: Settings, verify: AnyWechatVerify) {
    const states = new States(settings)
    const identify = new IdentifyFlow(settings, verify)
    this.#settings = settings
    this.#apps = new Apps(settings)
    this.#authorize = new AuthorizeFlow(settings, this.#apps, states)
    this.#callback = new CallbackFlow(settings, this.#apps, states, identify)
    this.#direct = { miniprogram: new MiniProgramFlow(settings, this.#apps, identify) }
    this.#failures = new FailureLog(settings.logger)
  }

  /** Never rejects. */
  async authenticate(req: RequestParts, options: WechatCallOptions | undefined): Promise<Outcome> {
    const startedAt = performance.now()
    let mode: WechatMode | undefined
    const outcome = await catchOutcome(async () => {
      const call = parseCall(this.#settings.who, options)
      mode = this.#apps.choose(req, call.mode)
      if (!isRedirectMode(mode)) return this.#direct[mode].logIn(req)
      const parameters = readCallbackParameters(req)
      if (await this.#isCallback(req, parameters)) return this.#callback.finish(req, call, parameters)
      const { url } = await this.#authorize.start(req, call)
      return { action: 'redirect', url }
    })
    const loginMode = outcome.mode ?? mode
    if (outcome.action === 'fail') this.#failures.add(outcome, loginMode)
    publishLogin(() => ({
      strategy: this.#settings.name,
      ...(loginMode !== undefined && { mode: loginMode }),
      outcome: outcome.action,
      ...readCode(outcome),
      durationMs: performance.now() - startedAt,
    }))
    return outcome
  }

  async getAuthorization(
    req: RequestParts,
    options: WechatCallOptions | undefined,
  ): Promise<WechatAuthorization> {
    return this.#authorize.start(req, parseCall(this.#settings.who, options))
  }

  oauth(mode: WechatMode | undefined): WechatOAuth {
    return this.#apps.only(mode)
  }

  async oauthFor(req: RequestParts, mode: WechatMode | undefined): Promise<WechatOAuth> {
    return this.#apps.forRequest(req).client(this.#apps.choose(req, mode))
  }

  lastResort(req: RequestParts, error: unknown): Promise<void> {
    return passToNext(req, error, () =>
      this.#settings.logger?.warn('The callback of passport.authenticate() threw while it handled an error'),
    )
  }

  #isCallback(req: RequestParts, { code, state }: CallbackParameters): boolean | Promise<boolean> {
    const { isCallback, timeout } = this.#settings
    if (!isCallback) return code !== undefined || state !== undefined
    return withDeadline(
      timeout,
      () => isCallback(req),
      () => new WechatError('ERR_WECHAT_CONFIG', `isCallback did not answer within ${timeout} ms`),
    )
  }
}

function readCode(outcome: Outcome): { code?: string } {
  const code = readInfoCode(
    outcome.action === 'fail' ? outcome.challenge : outcome.action === 'error' ? outcome.error : undefined,
  )
  return code === undefined ? {} : { code: String(code) }
}
