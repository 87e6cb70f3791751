import { WechatError } from '@wechat-auth/wechat-oauth'
import { withDeadline } from '@wechat-auth/wechat-oauth/store-kit'
import { apiPaths, wechatServers } from '@wechat-auth/wechat-oauth/strategy-kit'
import { modes, type RedirectMode } from '../modes.js'
import type { Settings } from '../options.js'
import { isSecure, type RequestParts } from '../request.js'
import type { StateMeta } from '../state/contract.js'
import { ForeignStateStore } from '../state/foreign.js'
import type { Found, LoginRecord, StateKeeper } from '../state/record.js'
import { SessionStateStore } from '../state/session.js'
import { LookUps } from './look-ups.js'

export interface MetaFacts {
  mode: RedirectMode
  appId: string
  callbackURL: string | undefined
}

/** The state store of a strategy. A store of the application has a time limit; the session needs none. */
export class States {
  readonly #keeper: StateKeeper
  readonly #settings: Settings
  readonly #lookUps = new LookUps()

  constructor(settings: Settings) {
    this.#settings = settings
    this.#keeper = settings.store
      ? new ForeignStateStore(settings.store)
      : new SessionStateStore(settings.now)
  }

  keep(req: RequestParts, record: LoginRecord): Promise<string> {
    return this.#inTime(() => this.#keeper.keep(req, record, () => this.#meta(req, record)))
  }

  /** @param facts - passed to a store of the application */
  take(
    req: RequestParts,
    state: string,
    appIds: readonly string[],
    facts: () => MetaFacts & { codeHash: string },
  ): Promise<Found> {
    const lookUp = this.#inTime(() =>
      this.#keeper.take(
        req,
        state,
        () => {
          const given = facts()
          return { ...this.#meta(req, given), codeHash: given.codeHash }
        },
        appIds,
      ),
    )
    if (this.#settings.store) this.#lookUps.add(state, lookUp)
    return lookUp
  }

  /** Waits for the pending look-ups of this state. */
  settled(state: string): Promise<void> {
    return this.#lookUps.settled(state)
  }

  #meta(req: RequestParts, { mode, appId, callbackURL }: MetaFacts): StateMeta {
    const { endpoints } = this.#settings.client
    const { open = wechatServers.open, api = wechatServers.api } =
      typeof endpoints === 'string' ? { open: endpoints, api: endpoints } : (endpoints ?? {})
    return {
      authorizationURL: open + modes[mode].page.path,
      tokenURL: api + apiPaths.accessToken,
      clientID: appId,
      ...(callbackURL !== undefined && { callbackURL }),
      mode,
      secure: callbackURL === undefined ? isSecure(req, this.#settings.proxy) : /^https:/i.test(callbackURL),
    }
  }

  #inTime<T>(task: () => Promise<T>): Promise<T> {
    const { timeout, store } = this.#settings
    if (!store) return task()
    return withDeadline(
      timeout,
      task,
      () => new WechatError('ERR_WECHAT_STATE_STORE', `The state store did not answer within ${timeout} ms`),
    )
  }
}
