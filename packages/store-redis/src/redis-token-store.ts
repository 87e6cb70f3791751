import type { LockOptions, TokenStore, WechatToken } from '@wechat-auth/wechat-oauth'
import { checkKey, decodeRecord, encodeRecord, runLocked } from '@wechat-auth/wechat-oauth/store-kit'
import { toLifetime } from './lifetime.js'
import { Locks } from './locks.js'
import { Operations, readText } from './operations.js'
import { checkPrefix, type RedisConnection } from './redis-connection.js'
import { refuseOtherNames } from './wrong-names.js'

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

/**
 * Keeps tokens in Redis, each as JSON under a key of its own, `prefix` + openid, which Redis forgets by itself when the
 * record is of no use any more. One command on one key per operation, so it works on Redis Cluster.
 *
 * The client must be connected, and have a listener for its `error` event: without one, node-redis ends the process when
 * a connection is lost.
 */
export class RedisTokenStore implements TokenStore {
  readonly #operations: Operations
  readonly #locks: Locks
  readonly #prefix: string
  readonly #ttl: number | undefined

  /** @throws TypeError that names the option which is wrong */
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

  /** @throws StoreError when Redis fails, does not answer within `timeout`, or holds something that is not a record; TypeError */
  async getToken(openid: string): Promise<WechatToken | null> {
    checkKey(openid)
    const reply = await this.#operations.execute('read', (redis) => redis().get(this.#prefix + openid))
    return reply === null ? null : decodeRecord(readText(reply))
  }

  /**
   * Replaces the record, and sets when it expires by the same command.
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
   * Runs `task` while nobody else holds the lock, in this process or another. No connection is held meanwhile.
   *
   * @throws StoreError `ERR_WECHAT_LOCK` when the lock is not had within `wait`; TypeError
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
