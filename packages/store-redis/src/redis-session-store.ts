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
  /** What `createClient`, `createClientPool`, `createCluster` or `createSentinel` of node-redis 5 or 6 made. It is never closed. */
  client: RedisConnection
  /** What all keys begin with; `''` is allowed. Default `wechat:session:`. */
  prefix?: string
  /** Milliseconds after which an operation rejects that is not done. Default 5000, at most a day. */
  timeout?: number
}

/** A session as it is to be written. */
interface Draft {
  userId: string
  record: string
  /** Milliseconds. */
  lifetime: number
}

/** Longer than anybody is logged in, and less than what Redis refuses. In milliseconds. */
const longest = (2 ** 31 - 1) * 1000

/** Whatever type it is of. */
const take = `
local record = redis.pcall('get', KEYS[1])
redis.call('del', KEYS[1])
return type(record) == 'string' and record`

/**
 * Keeps sessions in Redis, each as JSON under a key of its own, `prefix` + `hash:` + hash, which Redis forgets by itself when
 * the session is over; and for each user an index, `prefix` + `user:` + userId, of the hashes of their sessions.
 *
 * Every command is on one key, so it works on Redis Cluster. Nothing is ever searched: checking a session is one `GET`, and
 * what the other operations cost depends on how many sessions the user has, not on how many there are.
 *
 * What a session is written by comes in an order of which each step may be the last: the index is told before there is a
 * session and again when there is, so that whoever ends all sessions of a user finds it; of several rotations of one
 * session, that wins which has ended it.
 *
 * The client must be connected, and have a listener for its `error` event: without one, node-redis ends the process when
 * a connection is lost.
 */
export class RedisSessionStore implements SessionStore {
  readonly #operations: Operations
  readonly #prefix: string
  readonly #slack: number

  /** @throws TypeError that names the option which is wrong */
  constructor(options: RedisSessionStoreOptions) {
    refuseOtherNames('RedisSessionStore', options)
    const { client, prefix = 'wechat:session:', timeout = 5000 } = options
    this.#operations = new Operations(client, timeout)
    checkPrefix(prefix)
    this.#prefix = prefix
    // An operation is given up after `timeout`; what it sent last may still be under way.
    this.#slack = timeout + 60_000
  }

  /**
   * @param ttl - seconds from now
   * @throws StoreError when Redis fails or it is not done within `timeout`; TypeError
   */
  async create(hash: string, session: StoredSession, ttl: number): Promise<void> {
    checkWellFormedName('hash', hash)
    const what = 'create a session'
    const draft = toDraft(session, ttl, what)
    await this.#operations.execute(what, (redis) => this.#begin(redis, hash, draft))
  }

  /**
   * One command.
   *
   * @returns the session, or `null` where there is none or its lifetime is over
   * @throws StoreError when Redis fails, does not answer within `timeout`, or holds something that is no session; TypeError
   */
  async get(hash: string): Promise<StoredSession | null> {
    checkWellFormedName('hash', hash)
    return readSession(
      await this.#operations.execute('read a session', (redis) => redis().get(this.#toKey(hash))),
    )
  }

  /**
   * Of several at once for one session exactly one wins.
   *
   * @param ttl - seconds from now
   * @returns whether this one did; `false` too where there is no session `oldHash`
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
      // Nobody has been told of the new one.
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
   * Three round trips, unless a session is rotated at the same time.
   *
   * @throws StoreError: then some may be ended and others not, and it can be called again; TypeError
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
        // What was not there may have been rotated: the successor is in the index by now. Or it was only announced: its entry stays, and is another when it is confirmed.
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

  /** @returns whether it was there */
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
  // Redis refuses fractions, and what is too much.
  return {
    userId,
    record: encodeRecord(session, what),
    lifetime: Math.min(Math.ceil(ttl * 1000), longest),
  }
}

function readSession(reply: unknown): StoredSession | null {
  return reply === null ? null : decodeSession(readText(reply))
}

/** Of what may be no session. */
function readUserId(reply: unknown): string | undefined {
  try {
    return readSession(reply)?.userId
  } catch {
    return undefined
  }
}
