import { WechatError } from '@wechat-auth/wechat-oauth'
import { isCode } from '@wechat-auth/wechat-oauth/strategy-kit'
import type { Apps, RequestApps } from '../apps.js'
import { isRedirectMode, type RedirectMode } from '../modes.js'
import type { Settings } from '../options.js'
import { refuseByKind, catchOutcome, Refusal, type Outcome } from '../outcome.js'
import { hash } from '../hash.js'
import { readCookieHeader, type CallbackParameters, type RequestParts } from '../request.js'
import { longestState, type LoginRecord } from '../state/record.js'
import type { WechatStateReason } from '../types.js'
import { resolveCallbackURL, chooseScope, type Call } from './call.js'
import type { IdentifyFlow } from './identify.js'
import { explainLostState } from './lost-state.js'
import { RecentCallbacks, type RecentCallback } from './recent.js'
import type { States } from './states.js'

type AppIds = ReadonlyMap<RedirectMode, string>

/**
 * The second step: the user comes back from WeChat.
 *
 * The state is checked first. Mode, app and scope come from the login's record, not from the request. WeChat's browser sends
 * some callbacks twice: both requests get the outcome of one exchange.
 */
export class CallbackFlow {
  readonly #settings: Settings
  readonly #apps: Apps
  readonly #states: States
  readonly #identify: IdentifyFlow
  readonly #recent: RecentCallbacks

  constructor(settings: Settings, apps: Apps, states: States, identify: IdentifyFlow) {
    this.#settings = settings
    this.#apps = apps
    this.#states = states
    this.#identify = identify
    this.#recent = new RecentCallbacks(settings.now)
  }

  async finish(req: RequestParts, call: Call, { code, state }: CallbackParameters): Promise<Outcome> {
    const apps = this.#apps.forRequest(req)
    if (!this.#settings.state)
      return this.#logIn(req, call, apps, this.#presumeRecord(req, call, await this.#appIds(apps)), code)

    if (typeof state !== 'string' || state === '') throw stateRefusal('missing')
    // The strategy never makes such a state, so the session is not the cause.
    if (state.length > longestState) throw stateRefusal('unknown', {}, { level: 'debug' })
    const appIds = await this.#appIds(apps)
    const [codeHash, stateHash] = [hashCode(code), hash(state)]
    const found = await this.#take(req, call, state, appIds, codeHash)
    if (!found.found && !this.#recent.find(stateHash)) await this.#states.settled(state)
    const record = found.found ? found.record : undefined
    if (record) this.#refuseOther(record, call, appIds)

    const entry = this.#recent.find(stateHash)
    if (entry) {
      this.#refuseOther(entry, call, appIds)
      if (entry.codeHash !== codeHash) throw stateRefusal('code')
      if (!found.found && !isSameBrowser(req, entry)) throw stateRefusal('replayed')
      return entry.outcome
    }
    if (!found.found) {
      if (found.other) this.#refuseOther(found.other, call, appIds)
      throw this.#refuseLostState(req, call, found.expired)
    }
    if (found.used) throw stateRefusal('replayed')
    return this.#logInOnce(req, call, apps, record ?? this.#presumeRecord(req, call, appIds), {
      stateHash,
      code,
      codeHash,
    })
  }

  // Do not await between the look-up in the table and the new entry: two callbacks can arrive in the same tick.
  #logInOnce(
    req: RequestParts,
    call: Call,
    apps: RequestApps,
    record: LoginRecord,
    callback: { stateHash: string; code: unknown; codeHash: string },
  ): Promise<Outcome> {
    const { stateHash, code, codeHash } = callback
    const { strategy, mode, appId } = record
    const outcome = catchOutcome(() => this.#logIn(req, call, apps, record, code), mode)
    this.#recent.add(stateHash, { codeHash, cookieHash: hashCookies(req), strategy, mode, appId, outcome })
    return outcome
  }

  async #logIn(
    req: RequestParts,
    call: Call,
    apps: RequestApps,
    record: LoginRecord,
    code: unknown,
  ): Promise<Outcome> {
    if (code === undefined || code === '' || code === 'authdeny') throw new Refusal('ERR_WECHAT_DENIED')
    if (!isCode(code)) throw new Refusal('ERR_WECHAT_CODE')
    const { mode, scope } = record
    const client = await apps.client(mode)
    const token = await refuseByKind(client.getAccessToken(code))
    return this.#identify.byToken(client, token, {
      req,
      mode,
      requestedScope: scope,
      lang: call.lang,
      ...('app' in record && { state: record.app }),
    })
  }

  #take(
    req: RequestParts,
    call: Call,
    state: string,
    appIds: AppIds,
    codeHash: string,
  ): ReturnType<States['take']> {
    const mode = this.#apps.choose(req, call.mode) as RedirectMode
    return this.#states.take(req, state, [...appIds.values()], () => ({
      mode,
      appId: appIds.get(mode) ?? '',
      callbackURL: this.#callbackURL(req, mode, call),
      codeHash,
    }))
  }

  /** The most frequent failure. The developer gets the likely cause. */
  #refuseLostState(req: RequestParts, call: Call, expired: boolean): Refusal {
    const { store, proxy } = this.#settings
    const mode = this.#apps.choose(req, call.mode) as RedirectMode
    const modes = [mode, ...this.#apps.redirectModes]
    const callbackURLs = modes.flatMap((one) => this.#callbackURL(req, one, call) ?? [])
    const inSession = store === undefined
    const { hint, ...facts } = explainLostState(req, { expired, inSession, callbackURLs, proxy })
    // Nobody but the user can do anything about a login that took too long.
    return stateRefusal('unknown', { hint }, { level: expired ? 'debug' : 'warn', facts })
  }

  // Only the state store needs it. WeChat does not ask for it again.
  #callbackURL(req: RequestParts, mode: RedirectMode, call: Call): string | undefined {
    try {
      return resolveCallbackURL(req, mode, call, this.#apps, this.#settings)
    } catch {
      return undefined
    }
  }

  async #appIds(apps: RequestApps): Promise<AppIds> {
    return (
      this.#apps.fixedIds ??
      new Map(
        await Promise.all(
          this.#apps.redirectModes.map(async (mode) => [mode, await apps.appId(mode)] as const),
        ),
      )
    )
  }

  /** Refuses a login of another strategy, mode or app (another tenant). */
  #refuseOther(login: Pick<LoginRecord, 'strategy' | 'mode' | 'appId'>, call: Call, appIds: AppIds): void {
    if (login.strategy !== this.#settings.name) throw stateRefusal('strategy')
    const details = this.#isOfNamesake(login) ? { hint: namesakeHint(login.strategy) } : {}
    if (!appIds.has(login.mode) || (call.mode ?? login.mode) !== login.mode)
      throw stateRefusal('mode', details)
    if (appIds.get(login.mode) !== login.appId) throw stateRefusal('app', details)
  }

  /** Whether another strategy with the same name started a login. If apps depend on the request, it may be another tenant. */
  #isOfNamesake({ appId }: Pick<LoginRecord, 'appId'>): boolean {
    const own = this.#apps.fixedIds
    return own !== undefined && ![...own.values()].includes(appId)
  }

  // If no record was kept, the login must be the one that this request would start.
  #presumeRecord(req: RequestParts, call: Call, appIds: AppIds): LoginRecord {
    const mode = call.mode ?? (appIds.size === 1 ? [...appIds.keys()][0] : undefined)
    if (!isRedirectMode(mode)) {
      throw new WechatError(
        'ERR_WECHAT_CONFIG',
        'The strategy has several apps, and no record shows which one this callback belongs to. Pass a mode on each route, or use a state store that keeps the application state',
      )
    }
    return {
      strategy: this.#settings.name,
      mode,
      appId: appIds.get(mode) ?? '',
      scope: chooseScope(mode, call, this.#apps),
      callbackURL: this.#callbackURL(req, mode, call) ?? '',
    }
  }
}

function stateRefusal(
  reason: WechatStateReason,
  details: { hint?: string } = {},
  report: ConstructorParameters<typeof Refusal>[2] = {},
): Refusal {
  return new Refusal('ERR_WECHAT_STATE', { reason, ...details }, report)
}

function namesakeHint(name: string): string {
  return (
    `Another strategy that is also called ${name} started this login, with another app. Give each strategy its` +
    ' own name: the option name, and the name in passport.authenticate()'
  )
}

/** All values that are not strings are equal here. The login refuses them later. */
function hashCode(code: unknown): string {
  return hash(typeof code === 'string' ? `code ${code}` : typeof code)
}

function hashCookies(req: RequestParts): string | undefined {
  const cookie = readCookieHeader(req)
  return cookie === '' ? undefined : hash(cookie)
}

function isSameBrowser(req: RequestParts, { cookieHash }: RecentCallback): boolean {
  return cookieHash !== undefined && cookieHash === hashCookies(req)
}
