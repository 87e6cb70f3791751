import {
  StoreError,
  type LockOptions,
  type TokenStore,
  type WechatToken,
} from '@wechat-auth/wechat-oauth'
import { checkTimeout, checkWellFormedKey, runLocked } from '@wechat-auth/wechat-oauth/store-kit'
import { checkCollection } from './collection-name.js'
import { duplicateKey, isDuplicateKey, readCode } from './driver-error.js'
import { Locks } from './locks.js'
import { checkConnection, type MongooseConnection } from './mongoose-connection.js'
import { Operations } from './operations.js'
import { fromDocument, toDocument } from './record.js'
import { refuseOtherNames } from './wrong-names.js'

export interface MongoTokenStoreOptions {
  /** What `mongoose.createConnection` returns, or `mongoose.connection`, of mongoose 8 or 9. The caller opens and closes it. */
  connection: MongooseConnection
  /** Name of the collection. Default `tokens`. Locks are kept in `<collection>_locks`. */
  collection?: string
  /** Milliseconds after which an operation rejects whose answer did not come. Default 5000, at most a day. */
  timeout?: number
}

/** Seconds that an abandoned lock is kept after its lifetime. */
const abandonedFor = 3600

/** How often a save is tried in all while others create the same record. */
const saveAttempts = 3

/**
 * Keeps tokens in MongoDB, one document per openid, by the driver of a mongoose connection. Call `init()` once before
 * the first use.
 */
export class MongoTokenStore implements TokenStore {
  readonly #operations: Operations
  readonly #locks: Locks
  readonly #timeout: number

  /** @throws TypeError that names the option which is wrong */
  constructor(options: MongoTokenStoreOptions) {
    refuseOtherNames('MongoTokenStore', options)
    const { connection, collection = 'tokens', timeout = 5000 } = options
    checkConnection(connection)
    checkCollection(collection)
    checkTimeout(timeout)
    this.#operations = new Operations(connection, collection)
    this.#locks = new Locks(this.#operations, timeout)
    this.#timeout = timeout
  }

  /**
   * Builds the unique index on openid, without which two logins at the same time can leave two records, and the index by
   * which MongoDB removes abandoned locks. Resolves when they are there; may be called at every start.
   *
   * @param options.timeout - milliseconds; default the store's. More for a collection with millions of documents
   * @throws StoreError; TypeError
   */
  async init({ timeout = this.#timeout }: { timeout?: number } = {}): Promise<void> {
    checkTimeout(timeout)
    await this.#operations.write(timeout, 'build its indexes', '', async ({ tokens, locks }, options) => {
      await explainIndexErrors(() => tokens.createIndex({ openid: 1 }, { unique: true, ...options }))
      await locks.createIndex({ expires_at: 1 }, { expireAfterSeconds: abandonedFor, ...options })
    })
  }

  /** @throws StoreError when MongoDB fails, does not answer within `timeout`, or holds something that is not a token; TypeError */
  async getToken(openid: string): Promise<WechatToken | null> {
    checkWellFormedKey(openid)
    const document = await this.#operations.read(this.#timeout, 'read', ({ tokens }) =>
      tokens.findOne({ openid }, {}),
    )
    return document && fromDocument(openid, document)
  }

  /**
   * Replaces the record.
   *
   * @throws StoreError; TypeError, also for a field that cannot be kept: `__proto__`, a bigint, a function, a symbol
   */
  async saveToken(openid: string, token: WechatToken): Promise<void> {
    checkWellFormedKey(openid)
    const document = toDocument(openid, token)
    await this.#operations.write(this.#timeout, 'save', openid, async ({ tokens }, options) => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          await tokens.replaceOne({ openid }, document, { upsert: true, ...options })
          return
        } catch (error) {
          // Somebody else created the record between this command's search and its insertion: now it can be replaced.
          if (!isDuplicateKey(error) || attempt === saveAttempts) throw error
        }
      }
    })
  }

  /** @throws StoreError; TypeError */
  async deleteToken(openid: string): Promise<void> {
    checkWellFormedKey(openid)
    // Many: where the unique index was never built there may be several, and none of them must come back.
    await this.#operations.write(this.#timeout, 'delete', openid, ({ tokens }, options) =>
      tokens.deleteMany({ openid }, options),
    )
  }

  /**
   * Runs `task` while nobody else holds the lock, in this process or another. No connection is held meanwhile.
   *
   * @throws StoreError `ERR_WECHAT_LOCK` when the lock is not had within `wait`; TypeError
   */
  async withLock<T>(key: string, task: (signal: AbortSignal) => Promise<T>, times?: LockOptions): Promise<T> {
    checkWellFormedKey(key)
    return runLocked(this.#locks.lock(key), task, times)
  }
}

const indexErrors = new Map<unknown, string>([
  [
    duplicateKey,
    'Several documents have the same openid: remove all but the newest of each, then call init() again.',
  ],
  [85, 'There is an index on openid already that is not unique: drop it, then call init() again.'],
  [86, 'There is an index on openid already that is not unique: drop it, then call init() again.'],
])

async function explainIndexErrors(build: () => Promise<unknown>): Promise<void> {
  try {
    await build()
  } catch (error) {
    const explanation = indexErrors.get(readCode(error))
    throw explanation === undefined ? error : new StoreError(explanation, { error })
  }
}
