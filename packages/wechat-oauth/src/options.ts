import { readTokenStore } from './tokens/function-token-store.js'
import { wechatServers } from './http/endpoints.js'
import { checkTimeout } from './lib/arguments.js'
import { readBaseURL, warnOfInsecure } from './http/base-url.js'
import { chooseExchange } from './http/choose-exchange.js'
import type { Exchange } from './http/exchange.js'
import { MemoryTokenStore } from './tokens/memory-token-store.js'
import { refuseOuterSpace } from './lib/outer-space.js'
import { safeLogger } from './lib/logger.js'
import type { Endpoints, TokenStore, WechatLang, WechatLogger, WechatOAuthOptions } from './types.js'
import { isWellFormed } from './lib/well-formed.js'
import { refuseWrongNames, wrongCredentialNames, type WrongNames } from './lib/wrong-names.js'

/** The options of a client, checked and with their defaults. */
export interface Settings {
  appId: string
  appSecret: string
  tokenStore: TokenStore
  /** Keeps app-level credentials. */
  credentialStore: TokenStore
  clientCredential: 'stable' | 'classic'
  lang: WechatLang
  endpoints: Required<Endpoints>
  fallbackHosts: string[]
  timeout: number
  exchange: Exchange
  now: () => number
  saveSnapshotUsers: boolean
  logger: WechatLogger | undefined
}

const langs: readonly unknown[] = ['zh_CN', 'zh_TW', 'en'] satisfies WechatLang[]

const wrongNames: WrongNames = {
  ...wrongCredentialNames,
  tokenStore: ['store'],
  fetch: ['agent', 'httpAgent', 'httpsAgent', 'proxy', 'dispatcher'],
  'saveSnapshotUsers: true or false': ['snapshotUser'],
}

/**
 * Checks the options of a client and fills in the defaults.
 *
 * @throws TypeError that names the wrong option
 */
export function readSettings(options: WechatOAuthOptions): Settings {
  if (typeof options !== 'object' || (options as unknown) === null)
    throw new TypeError('The options of WechatOAuth must be an object')
  refuseWrongNames('WechatOAuth', options, wrongNames)
  const { lang = 'zh_CN', timeout = 5000, now = Date.now, clientCredential = 'stable', logger } = options
  const ownFetch: unknown = options.fetch
  for (const option of ['appId', 'appSecret'] as const) {
    text(option, options[option])
    refuseOuterSpace('WechatOAuth', option, options[option])
  }
  refuseUnless(langs.includes(lang), 'lang must be zh_CN, zh_TW or en')
  checkTimeout(timeout)
  refuseUnless(ownFetch === undefined || typeof ownFetch === 'function', 'fetch must be a function')
  refuseUnless(typeof now === 'function', 'now must be a function')
  refuseUnless(['stable', 'classic'].includes(clientCredential), 'clientCredential must be stable or classic')
  flag('shareCredentials', options.shareCredentials)
  flag('saveSnapshotUsers', options.saveSnapshotUsers)
  flag('allowInsecureEndpoints', options.allowInsecureEndpoints)
  refuseUnless(logger === undefined || isLogger(logger), 'logger must have the methods debug and warn')
  const tokenStore = readTokenStore(options) ?? new MemoryTokenStore()
  // A pair of functions may write to a table that has columns for users only.
  const isOwnPair = options.getToken !== undefined && options.shareCredentials !== true
  const endpoints = readEndpoints(options.endpoints, options.allowInsecureEndpoints)
  const fallbackHosts = readFallbackHosts(options.fallbackHosts, options.allowInsecureEndpoints)
  const safe = safeLogger(logger)
  warnOfInsecure([...Object.values(endpoints), ...fallbackHosts], safe)
  return {
    appId: options.appId,
    appSecret: options.appSecret,
    tokenStore,
    credentialStore: isOwnPair ? new MemoryTokenStore() : tokenStore,
    clientCredential,
    lang,
    endpoints,
    fallbackHosts,
    timeout,
    exchange: chooseExchange(options.fetch),
    now,
    saveSnapshotUsers: options.saveSnapshotUsers ?? false,
    logger: safe,
  }
}

/**
 * Reads the base addresses, and removes slashes at their ends.
 *
 * @throws TypeError that names the wrong address
 */
export function readEndpoints(endpoints: unknown, allowInsecure = false): Required<Endpoints> {
  if (typeof endpoints === 'string') {
    const base = readBaseURL('endpoints', endpoints, allowInsecure)
    return { open: base, api: base, mp: base }
  }
  refuseUnless(
    endpoints === undefined ||
      (typeof endpoints === 'object' && endpoints !== null && !Array.isArray(endpoints)),
    'endpoints must be a URL or an object of URLs',
  )
  const {
    open = wechatServers.open,
    api = wechatServers.api,
    mp = wechatServers.mp,
  } = (endpoints ?? {}) as Record<string, unknown>
  return {
    open: readBaseURL('endpoints.open', open, allowInsecure),
    api: readBaseURL('endpoints.api', api, allowInsecure),
    mp: readBaseURL('endpoints.mp', mp, allowInsecure),
  }
}

function readFallbackHosts(hosts: unknown, allowInsecure = false): string[] {
  if (hosts === undefined) return []
  refuseUnless(Array.isArray(hosts), 'fallbackHosts must be an array of URLs')
  return (hosts as unknown[]).map((host) => readBaseURL('fallbackHosts', host, allowInsecure))
}

function isLogger(logger: unknown): logger is WechatLogger {
  const { debug, warn } = (logger ?? {}) as Partial<WechatLogger>
  return typeof debug === 'function' && typeof warn === 'function'
}

function text(option: string, value: unknown): void {
  refuseUnless(
    typeof value === 'string' && value !== '' && isWellFormed(value),
    `${option} must be a non-empty string`,
  )
}

function flag(option: string, value: unknown): void {
  refuseUnless(value === undefined || typeof value === 'boolean', `${option} must be true or false`)
}

function refuseUnless(condition: boolean, message: string): asserts condition {
  if (!condition) throw new TypeError(message)
}
