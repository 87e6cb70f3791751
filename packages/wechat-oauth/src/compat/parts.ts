import { WechatOAuth } from '../client.js'
import { readSettings } from '../options.js'
import { StoreAccess } from '../tokens/store-access.js'
import { isTimeout } from '../lib/arguments.js'
import { toNumber } from '../lib/values.js'
import { normalizeRecord } from '../tokens/token.js'
import { Transport } from '../http/transport.js'
import type { TokenStore, WechatToken } from '../types.js'
import { applicationStore } from './application-store.js'
import type { Application } from './application.js'
import type { OAuthOptions } from './types.js'

/** The parts of an `OAuth`. */
export interface Parts {
  /** Exchanges codes. It reads no records, because an application's `getToken` may fail for a new user. */
  logins: WechatOAuth
  /** Refreshes tokens. It replaces a record that cannot be read or used. */
  refreshes: WechatOAuth
  transport: Transport
  /** The application's records. */
  access: StoreAccess
  /** The running refreshes by openid. Each resolves to the new access token. */
  refreshing: Map<string, Promise<string>>
}

interface Made {
  from: readonly unknown[]
  parts: Parts
}

const made = new WeakMap<Application, Made>()

/** Returns the parts. Makes them at the first call, and again after the application has changed an option. */
export function getParts(oauth: Application): Parts {
  const { appid, appsecret, defaults } = oauth
  const { timeout, endpoints, allowInsecureEndpoints, fallbackHosts, fetch, logger } = defaults ?? {}
  const from = [
    appid,
    appsecret,
    String(timeout),
    endpoints,
    allowInsecureEndpoints,
    fallbackHosts,
    fetch,
    logger,
  ]
  const known = made.get(oauth)
  if (known && from.every((value, index) => value === known.from[index])) return known.parts
  const parts = makeParts(oauth)
  made.set(oauth, { from, parts })
  return parts
}

function makeParts(oauth: Application): Parts {
  const { appid: appId, appsecret: appSecret } = oauth
  const { endpoints, allowInsecureEndpoints, fallbackHosts, fetch, logger } = oauth.defaults ?? {}
  const options = {
    appId,
    appSecret,
    saveSnapshotUsers: true,
    timeout: readTimeout(oauth.defaults?.timeout),
    ...(endpoints !== undefined && { endpoints }),
    ...(allowInsecureEndpoints !== undefined && { allowInsecureEndpoints }),
    ...(fallbackHosts !== undefined && { fallbackHosts }),
    ...(fetch !== undefined && { fetch }),
    ...(logger !== undefined && { logger }),
  }
  const store = applicationStore(oauth)
  const settings = readSettings({ ...options, tokenStore: store })
  return {
    logins: new WechatOAuth({
      ...options,
      tokenStore: { ...store, getToken: () => Promise.resolve(undefined) },
    }),
    refreshes: new WechatOAuth({
      ...options,
      tokenStore: { ...store, getToken: (openid) => readRecord(store, openid) },
    }),
    transport: new Transport({ ...settings, api: settings.endpoints.api, mp: settings.endpoints.mp }),
    access: new StoreAccess({ appId, store, timeout: settings.timeout, onNoLock: () => undefined }),
    refreshing: new Map(),
  }
}

/** Reads a record, or `undefined` if it cannot be read or used. */
async function readRecord(store: TokenStore, openid: string): Promise<WechatToken | undefined> {
  try {
    return normalizeRecord(openid, await store.getToken(openid))
  } catch {
    return undefined
  }
}

const defaultTimeout = 5000

/** Reads a timeout. It never throws: a value that urllib did not understand means the default. */
function readTimeout(timeout: OAuthOptions['timeout']): number {
  const parts = Array.isArray(timeout) ? (timeout as readonly unknown[]) : [timeout]
  const sum = parts.map((part) => toNumber(part) ?? 0).reduce((all, part) => all + part, 0)
  return isTimeout(sum) ? sum : defaultTimeout
}
