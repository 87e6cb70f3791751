import type { LockOptions, TokenStore, WechatToken } from '@wechat-auth/wechat-oauth'
import { checkKey, decodeRecord, encodeRecord, runLocked } from '@wechat-auth/wechat-oauth/store-kit'
import { toLifetime } from './lifetime.js'
import { Locks } from './locks.js'
import { Operations, readText } from './operations.js'
import { checkPrefix, type RedisConnection } from './redis-connection.js'
import { refuseOtherNames } from './wrong-names.js'

export interface RedisTokenStoreOptions {
  /** A client from `createClient`, `createClientPool`, `createCluster` or `createSentinel` of node-redis 5 or 6. The store never closes it. */
  client: RedisConnection
  /** The prefix of all keys; may be `''`. Default `wechat:token:`. */
  prefix?: string
  /**
   * Seconds for which a user's record is kept after it is saved; `Infinity` to keep it for ever. Default: 30 days with a
   * refresh_token, for ever without one. App-level credentials are always kept for their `expires_in`.
   */
  ttl?: number
  /** Milliseconds after which an operation without an answer rejects. Default 5000, at most a day. */
  timeout?: number
}

/**
 * Keeps tokens in Redis. Each record is JSON under its own key, `prefix` + openid, which Redis removes when the record is no
 * longer of use. Each operation is one command on one key, so it works on Redis Cluster.
 *
 * The client must be connected and must have a listener for its `error` event. Without one, node-redis ends the process
 * when a connection is lost.
 */
export class RedisTokenStore implements TokenStore {
  readonly #operations: Operations
  readonly #locks: Locks
  readonly #prefix: string
  readonly #ttl: number | undefined

  /** @throws TypeError that names the invalid option */
  constructor(options: RedisTokenStoreOptions) {
    refuseOtherNames('RedisTokenStore', options)
    const { client, prefix = 'wechat:token:', ttl, timeout = 5000 } = options
    this.#operations = new Operations(client, timeout)
    checkPrefix(prefix)
    if (ttl !== undefined && !(typeof ttl === 'number' && ttl > 0))
      throw new TypeError('ttl must be a positive number of seconds')
    this.#locks = new Locks(this.#operations, prefix)
    this.#prefix = prefix
    this.#ttl = ttl
  }

  /** @throws StoreError if Redis fails, does not answer within `timeout`, or holds something that is not a record; TypeError */
  async getToken(openid: string): Promise<WechatToken | null> {
    checkKey(openid)
    const reply = await this.#operations.execute('read', (redis) => redis().get(this.#prefix + openid))
    return reply === null ? null : decodeRecord(readText(reply))
  }

  /**
   * Replaces the record and sets its expiry in one command.
   *
   * @throws StoreError; TypeError
   */
  async saveToken(openid: string, token: WechatToken): Promise<void> {
    checkKey(openid)
    const record = encodeRecord(token, 'save')
    const lifetime = toLifetime(openid, token, this.#ttl)
    const options = lifetime === undefined ? {} : { expiration: { type: 'EX', value: lifetime } as const }
    await this.#operations.execute('save', (redis) => redis().set(this.#prefix + openid, record, options))
  }

  /** @throws StoreError; TypeError */
  async deleteToken(openid: string): Promise<void> {
    checkKey(openid)
    await this.#operations.execute('delete', (redis) => redis().del(this.#prefix + openid))
  }

  /**
   * Runs `task` while it holds the lock, which excludes every other holder in any process. It holds no connection meanwhile.
   *
   * @throws StoreError `ERR_WECHAT_LOCK` if the lock is not acquired within `wait`; TypeError
   */
  async withLock<T>(
    key: string,
    task: (signal: AbortSignal) => Promise<T>,
    options?: LockOptions,
  ): Promise<T> {
    checkKey(key)
    return runLocked(this.#locks.lock(key), task, options)
  }
}
