import type { LockOptions, TokenStore, WechatToken } from '@wechat-auth/wechat-oauth'
import { attemptWithin, checkKey, checkTimeout, corruptRecord, decodeRecord, runLocked } from '@wechat-auth/wechat-oauth/store-kit'
import { lifetimeOf } from './lifetime.js'
import type { RedisCommands, RedisConnection } from './redis-connection.js'

export interface RedisTokenStoreOptions {
  /** What `createClient`, `createClientPool`, `createCluster` or `createSentinel` of node-redis 5 or 6 made. It is never closed. */
  client: RedisConnection
  /** What all keys begin with; `''` is allowed. Default `wechat:token:`. */
  prefix?: string
  /**
   * Seconds that the record of a user is kept after it was saved; `Infinity` for ever. Default: 30 days with a
   * refresh_token, for ever without. App-level credentials are kept for their `expires_in` in any case.
   */
  ttl?: number
  /** Milliseconds after which an operation rejects whose answer did not come. Default 5000, at most a day. */
  timeout?: number
}

/** So that what was set on the caller's client does not reach the store. */
const plainTypes = Object.freeze({})

const compareAndDelete = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0`

/**
 * Keeps tokens in Redis, each as JSON under a key of its own, `prefix` + openid, which Redis forgets by itself when the
 * record is of no use any more. One command on one key per operation, so it works on Redis Cluster.
 *
 * The client must be connected, and have a listener for its `error` event: without one, node-redis ends the process when
 * a connection is lost.
 */
export class RedisTokenStore implements TokenStore {
  readonly #client: RedisConnection
  readonly #prefix: string
  readonly #ttl: number | undefined
  readonly #timeout: number

  /** @throws TypeError that names the option which is wrong */
  constructor({ client, prefix = 'wechat:token:', ttl, timeout = 5000 }: RedisTokenStoreOptions) {
    checkClient(client)
    if (typeof prefix !== 'string') throw new TypeError('prefix must be a string')
    if (ttl !== undefined && !(typeof ttl === 'number' && ttl > 0)) throw new TypeError('ttl must be a positive number of seconds')
    checkTimeout(timeout)
    this.#client = client
    this.#prefix = prefix
    this.#ttl = ttl
    this.#timeout = timeout
  }

  /** @throws TokenStoreError when Redis fails, does not answer within `timeout`, or holds something that is not a record; TypeError */
  async getToken(openid: string): Promise<WechatToken | null> {
    checkKey(openid)
    const reply = await this.#send('read', (redis) => redis.get(this.#prefix + openid))
    return reply === null ? null : decodeRecord(textOf(reply))
  }

  /**
   * Replaces the record, and sets when it expires by the same command.
   *
   * @throws TokenStoreError; TypeError
   */
  async saveToken(openid: string, token: WechatToken): Promise<void> {
    checkKey(openid)
    const lifetime = lifetimeOf(openid, token, this.#ttl)
    const options = lifetime === undefined ? {} : { expiration: { type: 'EX', value: lifetime } as const }
    await this.#send('save', (redis) => redis.set(this.#prefix + openid, JSON.stringify(token), options))
  }

  /** @throws TokenStoreError; TypeError */
  async deleteToken(openid: string): Promise<void> {
    checkKey(openid)
    await this.#send('delete', (redis) => redis.del(this.#prefix + openid))
  }

  /**
   * Runs `task` while nobody else holds the lock, in this process or another. No connection is held meanwhile.
   *
   * @throws TokenStoreError `ERR_WECHAT_LOCK` when the lock is not had within `wait`; TypeError
   */
  async withLock<T>(key: string, task: (signal: AbortSignal) => Promise<T>, options?: LockOptions): Promise<T> {
    checkKey(key)
    const lock = `${this.#prefix}lock:${key}`
    return runLocked({
      acquire: async (owner, ttl) => {
        const expiration = { type: 'PX', value: Math.max(Math.ceil(ttl), 1) } as const
        return await this.#send('lock', (redis) => redis.set(lock, owner, { condition: 'NX', expiration })) !== null
      },
      release: async (owner) => {
        await this.#send('unlock', (redis) => redis.eval(compareAndDelete, { keys: [lock], arguments: [owner] }))
      },
    }, task, options)
  }

  /**
   * A command that was given up leaves the driver's queue, in which it waits for a connection: else it would be carried
   * out when the server is back, though the caller was told that it failed.
   */
  #send<T>(what: string, command: (redis: RedisCommands) => Promise<T>): Promise<T> {
    // The driver writes into the options, so they are made anew. A limit of its own (node-redis 6) would only come in the way of ours.
    return attemptWithin(this.#timeout, what, (abortSignal) => command(this.#client.withCommandOptions({ abortSignal, typeMapping: plainTypes, timeout: 0 })))
  }
}

function checkClient(client: unknown): void {
  const { withCommandOptions } = (client ?? {}) as Partial<RedisConnection>
  if (typeof withCommandOptions !== 'function') throw new TypeError('client must be a client, pool, cluster or sentinel of node-redis 5 or 6')
}

/** The sentinel of node-redis 5 does not heed options of single commands: there, the caller's type mapping may make it a buffer. */
function textOf(reply: unknown): string {
  if (typeof reply === 'string') return reply
  if (reply instanceof Uint8Array) return Buffer.from(reply).toString()
  throw corruptRecord()
}
