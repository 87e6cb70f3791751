import {
  MemoryTokenStore,
  WechatOAuth,
  type WechatLogger,
  type WechatMode,
  type WechatOAuthOptions,
} from '@wechat-auth/wechat-oauth'
import type { Deadline } from '@wechat-auth/wechat-oauth/store-kit'
import {
  isObject,
  refuseOuterSpace,
  refuseScopesOfOtherPage,
  refuseUnless,
  refuseWrongNames,
  safeLogger,
  scopesIn,
  wrongCredentialNames,
  type WrongNames,
} from '@wechat-auth/wechat-oauth/strategy-kit'
import { alternatives, defaultMode, isRedirectMode, modeNames, modes } from './modes.js'
import type { RequestParts } from './request.js'
import type { StateStore } from './state/contract.js'
import type { VerifyOptions } from './verify.js'
import type {
  IdSource,
  MiniProgramInput,
  PerRequest,
  SkipUserProfile,
  WechatApps,
  WechatCommonOptions,
  WechatRedirectApp,
} from './types.js'

/** One app, checked. */
export interface AppSettings {
  mode: WechatMode
  appId: PerRequest<string, RequestParts>
  appSecret: PerRequest<string, RequestParts>
  scope: string
  callbackURL: string | undefined
}

/**
 * The options of `WechatStrategy` and of `WechatLogin`, whose functions get different requests. `never` accepts both kinds of
 * functions.
 */
export interface AnyOptions extends Omit<WechatCommonOptions, 'isCallback' | 'miniProgramInput'> {
  mode?: WechatMode | undefined
  apps?: WechatApps<never> | undefined
  appId?: PerRequest<string, never> | undefined
  appSecret?: PerRequest<string, never> | undefined
  isCallback?: (req: never) => boolean | PromiseLike<boolean>
  miniProgramInput?: (req: never) => MiniProgramInput | PromiseLike<MiniProgramInput>
  passReqToCallback?: boolean
}

/** A copy of the options, checked, with all defaults. */
export interface Settings extends VerifyOptions {
  /** The class whose options these are. Messages about options start with it. */
  who: string
  name: string
  apps: ReadonlyMap<WechatMode, AppSettings>
  /** The options that the clients of all apps share. */
  client: Omit<WechatOAuthOptions, 'appId' | 'appSecret'>
  state: boolean
  store: StateStore | undefined
  proxy: boolean
  isCallback: ((req: RequestParts) => boolean | PromiseLike<boolean>) | undefined
  skipUserProfile: SkipUserProfile
  idSource: IdSource
  allowSnapshotUsers: boolean
  miniProgramInput: ((req: RequestParts) => MiniProgramInput | PromiseLike<MiniProgramInput>) | undefined
  /** Reads and parses the JSON body. Default: a parser of the application has left it on the request. */
  readBody: ((req: RequestParts, deadline: Deadline) => unknown) | undefined
  timeout: number
  now: () => number
  logger: WechatLogger | undefined
}

const wrongCallbackNames = {
  callbackURL: ['callbackUrl', 'callbackUri', 'redirect_uri', 'redirectUri', 'redirectURI'],
}
const wrongModeNames = { [`mode: ${alternatives(modeNames.map((mode) => `'${mode}'`))}`]: ['client'] }
const wrongAppNames: WrongNames = { ...wrongCredentialNames, ...wrongCallbackNames }

const wrongNames: WrongNames = {
  ...wrongAppNames,
  ...wrongModeNames,
  state: ['requireState'],
  proxy: ['trustProxy'],
  endpoints: ['authorizationURL', 'tokenURL', 'userProfileURL'],
  fetch: ['agent', 'httpAgent', 'httpsAgent', 'dispatcher'],
  "snapshotUser: 'fail' or 'allow'": ['saveSnapshotUsers'],
}

/** Names that other packages use for the options of a single call. */
export const wrongCallNames: WrongNames = { ...wrongCallbackNames, ...wrongModeNames }

/**
 * @param who - the class whose options these are
 * @throws TypeError that names the option
 */
export function checkOptions(who: string, options: AnyOptions): Settings {
  const input: unknown = options
  refuseUnless(who, isObject(input), 'the options must be an object')
  const given = { ...input }
  refuseWrongNames(who, given, wrongNames)
  checkTypes(who, given)
  const client = pickClientOptions(options)
  // Refuses bad client options now, even if the apps are known only at a request.
  new WechatOAuth({ ...client, appId: 'wx', appSecret: 'secret' })
  return {
    who,
    name: options.name ?? 'wechat',
    apps: checkApps(who, options),
    client,
    state: options.state ?? true,
    store: options.store,
    proxy: options.proxy ?? false,
    isCallback: options.isCallback as Settings['isCallback'],
    passReqToCallback: options.passReqToCallback ?? false,
    verifyArguments: options.verifyArguments,
    skipUserProfile: options.skipUserProfile ?? false,
    idSource: options.idSource ?? 'openid',
    allowSnapshotUsers: options.snapshotUser === 'allow',
    miniProgramInput: options.miniProgramInput as Settings['miniProgramInput'],
    readBody: undefined,
    timeout: options.timeout ?? 5000,
    now: options.now ?? Date.now,
    logger: safeLogger(options.logger),
  }
}

/** @throws TypeError */
export function parseScope(who: string, name: string, scope: unknown): string | undefined {
  if (scope === undefined) return undefined
  const scopes: unknown[] = Array.isArray(scope) ? scope : [scope]
  const isScope = (one: unknown) => typeof one === 'string' && scopesIn(one).length > 0
  const areScopes = scopes.length > 0 && scopes.every(isScope)
  refuseUnless(who, areScopes, `${name} must be a non-empty string, or an array of such strings`)
  return scopesIn(scopes.join(',')).join(',')
}

function checkTypes(who: string, given: Record<string, unknown>): void {
  const { name, store, idSource, skipUserProfile } = given
  refuseUnless(
    who,
    name === undefined || (typeof name === 'string' && name !== ''),
    'name must be a non-empty string',
  )
  for (const option of ['state', 'proxy', 'passReqToCallback']) {
    refuseUnless(
      who,
      ['undefined', 'boolean'].includes(typeof given[option]),
      `${option} must be true or false`,
    )
  }
  for (const option of ['isCallback', 'miniProgramInput']) {
    refuseUnless(
      who,
      ['undefined', 'function'].includes(typeof given[option]),
      `${option} must be a function`,
    )
  }
  checkOneOf(who, given, 'verifyArguments', ['positional', 'object'])
  checkOneOf(who, given, 'snapshotUser', ['fail', 'allow'])
  refuseUnless(
    who,
    [undefined, 'openid', 'unionid'].includes(idSource as string) || typeof idSource === 'function',
    'idSource must be openid, unionid or a function',
  )
  refuseUnless(
    who,
    ['undefined', 'boolean', 'function'].includes(typeof skipUserProfile),
    'skipUserProfile must be true, false or a function',
  )
  if (store !== undefined) {
    refuseUnless(
      who,
      isObject(store) && typeof store['store'] === 'function' && typeof store['verify'] === 'function',
      'store must be an object with the functions store and verify',
    )
    refuseUnless(who, given['state'] !== false, 'store cannot be combined with state: false')
  }
}

function checkApps(who: string, options: AnyOptions): Map<WechatMode, AppSettings> {
  const { apps, mode, appId, appSecret }: Record<string, unknown> = { ...options }
  const topScope = parseScope(who, 'scope', options.scope)
  if (apps === undefined) {
    checkOneOf(who, { mode }, 'mode', modeNames)
    const only = (mode as WechatMode | undefined) ?? defaultMode
    refuseScopeOfOtherMode(who, only, 'scope', topScope)
    return new Map([[only, checkApp(who, only, { appId, appSecret }, '', options, topScope)]])
  }
  refuseUnless(
    who,
    isObject(apps) && !Array.isArray(apps),
    `apps must be an object with at least one of the members ${alternatives(modeNames)}`,
  )
  refuseUnless(who, mode === undefined, 'mode cannot be combined with apps. Pass mode to each call')
  refuseUnless(
    who,
    appId === undefined && appSecret === undefined,
    'appId and appSecret cannot be combined with apps. Put them into the members of apps',
  )
  const given = Object.entries(apps).filter(([, app]) => app !== undefined)
  refuseUnless(who, given.length > 0, `apps must have at least one of the members ${alternatives(modeNames)}`)
  const first = modeNames.find((one) => apps[one] !== undefined)
  if (first !== undefined) refuseScopeOfOtherMode(who, first, 'scope', topScope)
  return new Map(
    given.map(([key, app]) => {
      refuseUnless(
        who,
        (modeNames as readonly string[]).includes(key),
        `apps.${key} is not a mode: the members of apps are ${modeNames.join(', ')}`,
      )
      refuseUnless(who, isObject(app), `apps.${key} must be an object`)
      refuseWrongNames(who, app, wrongAppNames, `apps.${key}.`)
      return [key as WechatMode, checkApp(who, key as WechatMode, app, `apps.${key}.`, options, topScope)]
    }),
  )
}

function checkApp(
  who: string,
  mode: WechatMode,
  app: Record<string, unknown>,
  prefix: string,
  options: AnyOptions,
  topScope: string | undefined,
): AppSettings {
  const { appId, appSecret, scope } = app
  checkCredential(who, `${prefix}appId`, appId)
  checkCredential(who, `${prefix}appSecret`, appSecret)
  const own = parseScope(who, `${prefix}scope`, scope)
  refuseScopeOfOtherMode(who, mode, `${prefix}scope`, own)
  const row = modes[mode]
  if (!row.redirects) return { mode, appId, appSecret, scope: '', callbackURL: undefined }
  return {
    mode,
    appId,
    appSecret,
    scope: own ?? (row.usesStrategyScope ? topScope : undefined) ?? row.defaultScope,
    callbackURL: chooseCallbackURL(who, prefix, app, options),
  }
}

function chooseCallbackURL(
  who: string,
  prefix: string,
  app: Partial<WechatRedirectApp>,
  options: AnyOptions,
): string | undefined {
  const name = app.callbackURL === undefined ? 'callbackURL' : `${prefix}callbackURL`
  const callbackURL = app.callbackURL === undefined ? options.callbackURL : app.callbackURL
  if (callbackURL === null) return undefined
  refuseUnless(
    who,
    callbackURL !== undefined,
    'callbackURL is required. Set it to null if each call provides its own',
  )
  refuseUnless(who, isCallbackURL(callbackURL), `${name} must be an http(s) URL, absolute or relative`)
  refuseOuterSpace(who, name, callbackURL)
  return callbackURL
}

export function isCallbackURL(value: unknown): value is string {
  if (typeof value !== 'string' || value === '' || !URL.canParse(value, 'https://localhost')) return false
  return /^https?:$/.test(new URL(value, 'https://localhost').protocol)
}

function checkCredential(
  who: string,
  option: string,
  value: unknown,
): asserts value is PerRequest<string, RequestParts> {
  const isCredential = (typeof value === 'string' && value !== '') || typeof value === 'function'
  refuseUnless(who, isCredential, `${option} must be a non-empty string or a function`)
  if (typeof value === 'string') refuseOuterSpace(who, option, value)
}

function refuseScopeOfOtherMode(
  who: string,
  mode: WechatMode,
  option: string,
  scope: string | undefined,
): void {
  if (isRedirectMode(mode) && scope !== undefined) refuseScopesOfOtherPage(who, option, mode, scope)
}

function pickClientOptions(options: AnyOptions): Settings['client'] {
  const client = {
    tokenStore: options.tokenStore,
    getToken: options.getToken,
    saveToken: options.saveToken,
    shareCredentials: options.shareCredentials,
    lang: options.lang,
    endpoints: options.endpoints,
    allowInsecureEndpoints: options.allowInsecureEndpoints,
    fallbackHosts: options.fallbackHosts,
    timeout: options.timeout,
    fetch: options.fetch,
    now: options.now,
    clientCredential: options.clientCredential,
    logger: options.logger,
    saveSnapshotUsers: options.snapshotUser === 'allow',
  }
  const given = Object.fromEntries(
    Object.entries(client).filter(([, value]) => value !== undefined),
  ) as Settings['client']
  // All apps of the strategy share one store: an openid is valid in one app only.
  const hasStore = given.tokenStore ?? given.getToken ?? given.saveToken
  return hasStore ? given : { ...given, tokenStore: new MemoryTokenStore() }
}

function checkOneOf(
  who: string,
  given: Record<string, unknown>,
  option: string,
  values: readonly unknown[],
): void {
  refuseUnless(
    who,
    given[option] === undefined || values.includes(given[option]),
    `${option} must be one of ${values.join(', ')}`,
  )
}
