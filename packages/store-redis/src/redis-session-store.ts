import type { SessionStore, StoredSession } from '@wechat-auth/wechat-oauth'
import {
  checkLifetime,
  checkWellFormedName,
  decodeSession,
  encodeRecord,
} from '@wechat-auth/wechat-oauth/store-kit'
import { Operations, readText, type Redis } from './operations.js'
import { checkPrefix, type RedisConnection } from './redis-connection.js'
import { UserIndex } from './user-index.js'
import { refuseOtherNames } from './wrong-names.js'

export interface RedisSessionStoreOptions {
  /** A client from `createClient`, `createClientPool`, `createCluster` or `createSentinel` of node-redis 5 or 6. The store never closes it. */
  client: RedisConnection
  /** The prefix of all keys; may be `''`. Default `wechat:session:`. */
  prefix?: string
  /** Milliseconds after which an unfinished operation rejects. Default 5000, at most a day. */
  timeout?: number
}

/** A session in the form in which it is written. */
interface Draft {
  userId: string
  record: string
  /** Milliseconds. */
  lifetime: number
}

/** In milliseconds: longer than any session lasts, and still accepted by Redis. */
const longest = (2 ** 31 - 1) * 1000

/** Deletes the key and returns its text, or false if it holds another type. */
const take = `
local record = redis.pcall('get', KEYS[1])
redis.call('del', KEYS[1])
return type(record) == 'string' and record`

/**
 * Keeps sessions in Redis. Each session is JSON under its own key, `prefix` + `hash:` + hash, which Redis removes when the
 * session expires. Each user has an index of the hashes of their sessions, `prefix` + `user:` + userId.
 *
 * Every command uses one key, so it works on Redis Cluster. Nothing is searched: to check a session takes one `GET`, and the
 * cost of the other operations depends on the number of sessions of the user, not of all users.
 *
 * The process may die after any step of a write. So the index gets the hash before the session exists and again afterwards,
 * and `deleteByUser` always finds the session. Of several rotations of one session, the one that deletes it wins.
 *
 * The client must be connected and must have a listener for its `error` event. Without one, node-redis ends the process
 * when a connection is lost.
 */
export class RedisSessionStore implements SessionStore {
  readonly #operations: Operations
  readonly #prefix: string
  readonly #slack: number

  /** @throws TypeError that names the invalid option */
  constructor(options: RedisSessionStoreOptions) {
    refuseOtherNames('RedisSessionStore', options)
    const { client, prefix = 'wechat:session:', timeout = 5000 } = options
    this.#operations = new Operations(client, timeout)
    checkPrefix(prefix)
    this.#prefix = prefix
    // An operation stops after `timeout`, but its last command may still be in flight.
    this.#slack = timeout + 60_000
  }

  /**
   * @param ttl - seconds from now
   * @throws StoreError if Redis fails or does not finish within `timeout`; TypeError
   */
  async create(hash: string, session: StoredSession, ttl: number): Promise<void> {
    checkWellFormedName('hash', hash)
    const what = 'create a session'
    const draft = toDraft(session, ttl, what)
    await this.#operations.execute(what, (redis) => this.#begin(redis, hash, draft))
  }

  /**
   * Sends one command.
   *
   * @returns the session, or `null` if there is none or it has expired
   * @throws StoreError if Redis fails, does not answer within `timeout`, or holds something that is not a session; TypeError
   */
  async get(hash: string): Promise<StoredSession | null> {
    checkWellFormedName('hash', hash)
    return readSession(
      await this.#operations.execute('read a session', (redis) => redis().get(this.#toKey(hash))),
    )
  }

  /**
   * If several calls rotate one session at once, exactly one wins.
   *
   * @param ttl - seconds from now
   * @returns whether this call won; also `false` if there is no session `oldHash`
   * @throws StoreError; TypeError
   */
  async rotate(oldHash: string, newHash: string, session: StoredSession, ttl: number): Promise<boolean> {
    checkWellFormedName('oldHash', oldHash)
    checkWellFormedName('newHash', newHash)
    const what = 'rotate a session'
    const draft = toDraft(session, ttl, what)
    return this.#operations.execute(what, async (redis) => {
      if ((await redis().get(this.#toKey(oldHash))) === null) return false
      if (oldHash === newHash) return this.#prolong(redis, oldHash, draft)
      await this.#begin(redis, newHash, draft)
      const hasWon = await this.#end(redis, oldHash)
      const index = this.#openIndex(redis, draft.userId)
      // The new hash has not been returned to anyone.
      if (!hasWon) await this.#end(redis, newHash)
      await index.remove(hasWon ? oldHash : newHash)
      return hasWon
    })
  }

  /** @throws StoreError; TypeError */
  async delete(hash: string): Promise<void> {
    checkWellFormedName('hash', hash)
    await this.#operations.execute('end a session', async (redis) => {
      const reply = await redis().eval(take, { keys: [this.#toKey(hash)], arguments: [] })
      const userId = readUserId(reply)
      if (userId !== undefined) await this.#openIndex(redis, userId).remove(hash)
    })
  }

  /**
   * Takes three round trips, or more if a session is rotated at the same time.
   *
   * @throws StoreError if some sessions may not have ended: call it again; TypeError
   */
  async deleteByUser(userId: string): Promise<void> {
    checkWellFormedName('userId', userId)
    await this.#operations.execute('end the sessions of a user', async (redis) => {
      const index = this.#openIndex(redis, userId)
      const settled = new Set<string>()
      for (;;) {
        const entries = (await index.read()).filter(({ hash, end }) => !settled.has(`${end} ${hash}`))
        const ended = await Promise.all(entries.map(({ hash }) => this.#end(redis, hash)))
        const [here, gone] = [
          entries.filter((_, place) => ended[place]),
          entries.filter((_, place) => !ended[place]),
        ]
        if (here.length > 0) await index.remove(...here.map(({ hash }) => hash))
        // A missing session may have been rotated: then its successor is in the index by now. Or it may only be announced: then its entry stays, and changes when it is confirmed.
        if (gone.length === 0) return
        for (const { hash, end } of gone) settled.add(`${end} ${hash}`)
      }
    })
  }

  /** @throws StoreError; TypeError */
  async listByUser(userId: string): Promise<StoredSession[]> {
    checkWellFormedName('userId', userId)
    const replies = await this.#operations.execute('list the sessions of a user', async (redis) => {
      const entries = await this.#openIndex(redis, userId).read()
      return Promise.all(entries.map(({ hash }) => redis().get(this.#toKey(hash))))
    })
    return replies.map(readSession).filter((session) => session !== null)
  }

  async #begin(redis: Redis, hash: string, { userId, record, lifetime }: Draft): Promise<void> {
    const index = this.#openIndex(redis, userId)
    await index.announce(hash, lifetime)
    await redis().set(this.#toKey(hash), record, { expiration: { type: 'PX', value: lifetime } })
    await index.confirm(hash, lifetime)
  }

  async #prolong(redis: Redis, hash: string, { userId, record, lifetime }: Draft): Promise<boolean> {
    const index = this.#openIndex(redis, userId)
    await index.announce(hash, lifetime)
    const reply = await redis().set(this.#toKey(hash), record, {
      expiration: { type: 'PX', value: lifetime },
      condition: 'XX',
    })
    if (reply !== null) return true
    await index.remove(hash)
    return false
  }

  /** @returns whether the session existed */
  async #end(redis: Redis, hash: string): Promise<boolean> {
    return Number(await redis().del(this.#toKey(hash))) > 0
  }

  #toKey(hash: string): string {
    return `${this.#prefix}hash:${hash}`
  }

  #openIndex(redis: Redis, userId: string): UserIndex {
    return new UserIndex(redis, `${this.#prefix}user:${userId}`, this.#slack)
  }
}

function toDraft(session: StoredSession, ttl: number, what: string): Draft {
  checkLifetime(ttl)
  const { userId } = session
  checkWellFormedName('userId', userId)
  // Redis refuses fractions and very large numbers.
  return {
    userId,
    record: encodeRecord(session, what),
    lifetime: Math.min(Math.ceil(ttl * 1000), longest),
  }
}

function readSession(reply: unknown): StoredSession | null {
  return reply === null ? null : decodeSession(readText(reply))
}

/** Returns `undefined` if the reply is not a session. */
function readUserId(reply: unknown): string | undefined {
  try {
    return readSession(reply)?.userId
  } catch {
    return undefined
  }
}
