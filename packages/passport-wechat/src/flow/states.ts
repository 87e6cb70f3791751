import { WechatError } from '@wechat-auth/wechat-oauth'
import type { Request } from 'express'
import type { Settings } from '../options.js'
import { isSecure } from '../request.js'
import type { StateMeta } from '../state/contract.js'
import { ForeignStateStore } from '../state/foreign.js'
import type { Found, StateKeeper } from '../state/keeper.js'
import type { LoginRecord, RedirectMode } from '../state/record.js'
import { SessionStateStore } from '../state/session.js'
import { within } from '../within.js'

/** The state store of a strategy, which must answer in time. */
export class States {
  readonly #keeper: StateKeeper
  readonly #settings: Settings

  constructor(settings: Settings) {
    this.#settings = settings
    this.#keeper = settings.store ? new ForeignStateStore(settings.store) : new SessionStateStore(settings.now)
  }

  keep(req: Request, record: LoginRecord): Promise<string> {
    const meta = this.#meta(req, record.mode, record.appId, record.callbackURL)
    return this.#inTime(() => this.#keeper.keep(req, record, meta))
  }

  take(req: Request, state: string, request: {
    mode: RedirectMode, appId: string, appIds: readonly string[], callbackURL: string | undefined, codeHash: string,
  }): Promise<Found> {
    const { mode, appId, appIds, callbackURL, codeHash } = request
    const meta = { ...this.#meta(req, mode, appId, callbackURL), codeHash }
    return this.#inTime(() => this.#keeper.take(req, state, meta, appIds))
  }

  #meta(req: Request, mode: RedirectMode, appId: string, callbackURL: string | undefined): StateMeta {
    const { endpoints } = this.#settings.client
    const { open = 'https://open.weixin.qq.com', api = 'https://api.weixin.qq.com' } = typeof endpoints === 'string'
      ? { open: endpoints, api: endpoints }
      : endpoints ?? {}
    return {
      authorizationURL: open + (mode === 'mp' ? '/connect/oauth2/authorize' : '/connect/qrconnect'),
      tokenURL: `${api}/sns/oauth2/access_token`,
      clientID: appId,
      ...(callbackURL !== undefined && { callbackURL }),
      mode,
      secure: isSecure(req, this.#settings.proxy),
    }
  }

  #inTime<T>(task: () => Promise<T>): Promise<T> {
    const { timeout } = this.#settings
    return within(timeout, task, () => new WechatError('ERR_WECHAT_STATE_STORE', `The state store did not answer within ${timeout} ms`))
  }
}
