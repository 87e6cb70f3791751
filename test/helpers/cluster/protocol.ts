import type { JsSDKSignature, TokenStore } from '@wechat-auth/wechat-oauth'
import { inTime } from '../pace.js'

/** Milliseconds. Long enough for a busy machine to open connections for 50 calls at once. */
export const storeTimeout = inTime(2500)

/** What `stores/<name>.ts` exports as `open`: a store with its own connection, in the process that calls it. */
export type OpenStore = (address: string) => Promise<OpenedStore>

export interface OpenedStore {
  store: TokenStore
  /** Ends the connection. */
  close: () => Promise<void>
}

/** Where a worker can be stopped in a refresh: it has the lock, and has not asked WeChat yet; or it has WeChat's answer, and has not looked at the store again. */
export type StopPoint = 'asking' | 'answered'

/** The settings of a worker, from its environment. */
export interface WorkerSettings {
  /** Name of a module in `stores`. */
  store: string
  /** What that module's `open` is given. */
  address: string
  /** Options of the client; without them the worker has the store only. */
  client?: { appId: string; appSecret: string; endpoints: string; timeout: number }
}

/** What a worker can be asked to do, and what it answers. */
export interface Commands {
  /** Calls `getUser` so many times at once. */
  getUsers: (openid: string, times: number) => GetUsersResult
  login: (code: string) => string
  /** Calls `jsSDKSign` so many times at once. */
  sign: (page: string, times: number) => JsSDKSignature[]
  /** The next refresh stops at this point until `goOn`. */
  stopAt: (point: StopPoint) => void
  goOn: () => void
  /** Takes a lock of the store for `ttl` milliseconds, and keeps it. */
  takeLock: (key: string, ttl: number) => void
}

export interface GetUsersResult {
  /** How many calls got the user. */
  users: number
  /** What the others said. */
  errors: string[]
}

export interface Call {
  id: number
  command: keyof Commands
  args: unknown[]
}

export type Message =
  | { type: 'ready' }
  | { type: 'stopped'; at: StopPoint }
  | { type: 'answer'; id: number; value?: unknown; error?: string }

export const settingsVariable = 'WECHAT_AUTH_CLUSTER_WORKER'
