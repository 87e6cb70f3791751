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

/** What an `OAuth` is made of. */
export interface Parts {
  /** Exchanges codes. It reads no records: `getToken` of an application may fail where there is none yet. */
  logins: WechatOAuth
  /** Refreshes tokens. A record that cannot be read, or used, is replaced. */
  refreshes: WechatOAuth
  transport: Transport
  /** The application's records. */
  access: StoreAccess
  /** The refreshes that are under way: access tokens to be, by openid. */
  refreshing: Map<string, Promise<string>>
}

interface Made {
  from: readonly unknown[]
  parts: Parts
}

const made = new WeakMap<Application, Made>()

/** Made when first needed, and again after an option has changed: the application may do that at any time. */
export function getParts(oauth: Application): Parts {
  const { appid, appsecret, defaults } = oauth
  const { timeout, endpoints, fallbackHosts, fetch, logger } = defaults ?? {}
  const from = [appid, appsecret, String(timeout), endpoints, fallbackHosts, fetch, logger]
  const known = made.get(oauth)
  if (known && from.every((value, index) => value === known.from[index])) return known.parts
  const parts = makeParts(oauth)
  made.set(oauth, { from, parts })
  return parts
}

function makeParts(oauth: Application): Parts {
  const { appid: appId, appsecret: appSecret } = oauth
  const { endpoints, fallbackHosts, fetch, logger } = oauth.defaults ?? {}
  const options = {
    appId,
    appSecret,
    saveSnapshotUsers: true,
    timeout: readTimeout(oauth.defaults?.timeout),
    ...(endpoints !== undefined && { endpoints }),
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
    access: new StoreAccess({ store, timeout: settings.timeout, onNoLock: () => undefined }),
    refreshing: new Map(),
  }
}

/** `undefined` also where there is something else. */
async function readRecord(store: TokenStore, openid: string): Promise<WechatToken | undefined> {
  try {
    return normalizeRecord(openid, await store.getToken(openid))
  } catch {
    return undefined
  }
}

const usualTimeout = 5000

/** Never throws: an application that gave nonsense to urllib has the usual timeout. */
function readTimeout(timeout: OAuthOptions['timeout']): number {
  const parts = Array.isArray(timeout) ? (timeout as readonly unknown[]) : [timeout]
  const sum = parts.map((part) => toNumber(part) ?? 0).reduce((all, part) => all + part, 0)
  return isTimeout(sum) ? sum : usualTimeout
}
