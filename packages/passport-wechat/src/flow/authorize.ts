import type { Apps } from '../apps.js'
import { alternatives, isRedirectMode, modeNames, modes } from '../modes.js'
import type { Settings } from '../options.js'
import type { RequestParts } from '../request.js'
import type { WechatAuthorization } from '../types.js'
import { chooseScope, configuredCallbackURL, resolveCallbackURL, type Call } from './call.js'
import { warnOfMistakes } from './start-checks.js'
import type { States } from './states.js'

/** The first step: keeps a state for the callback, and returns the page to send the user to. */
export class AuthorizeFlow {
  readonly #settings: Settings
  readonly #apps: Apps
  readonly #states: States

  constructor(settings: Settings, apps: Apps, states: States) {
    this.#settings = settings
    this.#apps = apps
    this.#states = states
  }

  async start(req: RequestParts, call: Call): Promise<WechatAuthorization> {
    const mode = this.#apps.choose(req, call.mode)
    if (!isRedirectMode(mode)) {
      const others = alternatives(modeNames.filter(isRedirectMode))
      throw new TypeError(`mode ${mode} does not redirect to a page of WeChat: mode must be ${others}`)
    }
    const redirect = resolveCallbackURL(req, mode, call, this.#apps, this.#settings)
    const scope = chooseScope(mode, call, this.#apps)
    const client = await this.#apps.forRequest(req).client(mode)
    const record = {
      strategy: this.#settings.name,
      mode,
      appId: client.appId,
      scope,
      callbackURL: redirect,
      ...(call.state !== undefined && { app: call.state }),
    }
    const state = this.#settings.state ? await this.#states.keep(req, record) : verbatim(call.state)
    const url = modes[mode].page.url(client, { redirect, state, scope, parameters: call.page })
    const callbackURL = configuredCallbackURL(mode, call, this.#apps)
    warnOfMistakes(req, this.#settings, { mode, callbackURL, redirect })
    this.#settings.logger?.debug('A login with WeChat starts', {
      mode,
      appId: client.appId,
      scope,
      callbackHost: new URL(redirect).host,
    })
    return { url, appid: client.appId, redirect_uri: redirect, scope, state }
  }
}

function verbatim(state: unknown): string {
  if (state !== undefined && typeof state !== 'string')
    throw new TypeError('state must be a string if the strategy has state: false')
  return state ?? ''
}
