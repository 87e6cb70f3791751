import { StoreError, type LockOptions, type TokenStore, type WechatToken } from '@wechat-auth/wechat-oauth'
import { checkTimeout, checkWellFormedKey, runLocked } from '@wechat-auth/wechat-oauth/store-kit'
import { checkCollection } from './collection-name.js'
import { duplicateKey, isDuplicateKey, readCode } from './driver-error.js'
import { Locks } from './locks.js'
import { checkConnection, type MongooseConnection } from './mongoose-connection.js'
import { Operations } from './operations.js'
import { fromDocument, toDocument } from './record.js'
import { refuseOtherNames } from './wrong-names.js'

export interface MongoTokenStoreOptions {
  /** A connection of mongoose 8 or 9: from `mongoose.createConnection`, or `mongoose.connection`. The caller opens and closes it. */
  connection: MongooseConnection
  /** The name of the collection. Default `tokens`. Locks are kept in `<collection>_locks`. */
  collection?: string
  /** Milliseconds after which an operation without an answer rejects. Default 5000, at most a day. */
  timeout?: number
}

/** Seconds for which an abandoned lock is kept after its lifetime. */
const abandonedFor = 3600

/** The number of attempts to save a record that others create at the same time. */
const saveAttempts = 3

/**
 * Keeps tokens in MongoDB, one document per openid, through the driver of a mongoose connection. Call `init()` once before
 * the first use.
 */
export class MongoTokenStore implements TokenStore {
  readonly #operations: Operations
  readonly #locks: Locks
  readonly #timeout: number

  /** @throws TypeError that names the invalid option */
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
   * Builds the unique index on openid and the index that lets MongoDB remove abandoned locks. Without the first, two parallel
   * logins can leave two records. Resolves when both indexes exist; may be called at every start.
   *
   * @param options.timeout - in milliseconds. Default: the store's. Use more for a collection with millions of documents
   * @throws StoreError; TypeError
   */
  async init({ timeout = this.#timeout }: { timeout?: number } = {}): Promise<void> {
    checkTimeout(timeout)
    await this.#operations.write(timeout, 'build its indexes', '', async ({ tokens, locks }, options) => {
      await explainIndexErrors(() => tokens.createIndex({ openid: 1 }, { unique: true, ...options }))
      await locks.createIndex({ expires_at: 1 }, { expireAfterSeconds: abandonedFor, ...options })
    })
  }

  /** @throws StoreError if MongoDB fails, does not answer within `timeout`, or holds something that is not a token; TypeError */
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
   * @throws StoreError; TypeError, also for a field that cannot be kept: `__proto__`, a bigint, a function or a symbol
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
          // Another process created the record between this command's search and its insertion. Now it can be replaced.
          if (!isDuplicateKey(error) || attempt === saveAttempts) throw error
        }
      }
    })
  }

  /** @throws StoreError; TypeError */
  async deleteToken(openid: string): Promise<void> {
    checkWellFormedKey(openid)
    // deleteMany, because there may be several documents if the unique index was never built.
    await this.#operations.write(this.#timeout, 'delete', openid, ({ tokens }, options) =>
      tokens.deleteMany({ openid }, options),
    )
  }

  /**
   * Runs `task` while it holds the lock, which excludes every other holder in any process. It holds no connection meanwhile.
   *
   * @throws StoreError `ERR_WECHAT_LOCK` if the lock is not acquired within `wait`; TypeError
   */
  async withLock<T>(key: string, task: (signal: AbortSignal) => Promise<T>, times?: LockOptions): Promise<T> {
    checkWellFormedKey(key)
    return runLocked(this.#locks.lock(key), task, times)
  }
}

const indexErrors = new Map<unknown, string>([
  [
    duplicateKey,
    'Several documents have the same openid. For each openid, remove all but the newest, then call init() again',
  ],
  [85, 'The existing index on openid is not unique. Drop it, then call init() again'],
  [86, 'The existing index on openid is not unique. Drop it, then call init() again'],
])

async function explainIndexErrors(build: () => Promise<unknown>): Promise<void> {
  try {
    await build()
  } catch (error) {
    const explanation = indexErrors.get(readCode(error))
    throw explanation === undefined ? error : new StoreError(explanation, { error })
  }
}
