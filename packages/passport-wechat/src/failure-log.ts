import type { WechatLogger, WechatMode } from '@wechat-auth/wechat-oauth'
import type { FailedLogin } from './outcome.js'

/** Logs failed logins, each of them once: two callbacks of one login share their outcome. */
export class FailureLog {
  readonly #logger: WechatLogger | undefined
  readonly #logged = new WeakSet<FailedLogin>()

  constructor(logger: WechatLogger | undefined) {
    this.#logger = logger
  }

  /** @param mode - of the login; `undefined` if the request does not show it */
  add(failure: FailedLogin, mode: WechatMode | undefined): void {
    if (!this.#logger || this.#logged.has(failure)) return
    this.#logged.add(failure)
    const { level, message, facts } = failure.report
    this.#logger[level](`A login with WeChat failed: ${message}`, {
      ...facts,
      ...(mode !== undefined && { mode }),
    })
  }
}
