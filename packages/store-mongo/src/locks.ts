import type { LockBackend } from '@wechat-auth/wechat-oauth/store-kit'
import { isDuplicateKey } from './driver-error.js'
import type { Collections, Operations, WriteOptions } from './operations.js'
import { serverTime, type ServerTime } from './server-clock.js'

/** Locks as documents with an owner and an end, so the lock of a process that died expires. */
export class Locks {
  readonly #operations: Operations
  readonly #timeout: number

  /** @param timeout - milliseconds after which a command rejects */
  constructor(operations: Operations, timeout: number) {
    this.#operations = operations
    this.#timeout = timeout
  }

  lock(key: string): LockBackend {
    const name = `lock:${key}`
    let time: ServerTime | undefined
    return {
      acquire: async (owner, ttl) => {
        time ??= await this.#operations.read(this.#timeout, 'lock', ({ database }) => serverTime(database))
        const request = {
          key,
          owner,
          freeSince: new Date(time.atLeast()),
          expiresAt: new Date(time.atMost() + ttl),
        }
        return this.#operations.write(this.#timeout, 'lock', name, (collections, options) =>
          takeLock(collections, options, request),
        )
      },
      release: (owner) =>
        this.#operations.write(this.#timeout, 'unlock', name, async ({ locks }, options) => {
          await locks.deleteOne({ _id: key, owner }, options)
        }),
    }
  }
}

interface LockRequest {
  key: string
  owner: string
  /** A lock is free if it expired by this time. */
  freeSince: Date
  expiresAt: Date
}

/** Sends one command. It does not match a lock that is held, and cannot create that lock a second time. */
async function takeLock(
  { locks }: Collections,
  options: WriteOptions,
  { key, owner, freeSince, expiresAt }: LockRequest,
): Promise<boolean> {
  try {
    await locks.updateOne(
      { _id: key, expires_at: { $lte: freeSince } },
      { $set: { owner, expires_at: expiresAt } },
      { upsert: true, ...options },
    )
    return true
  } catch (error) {
    if (isDuplicateKey(error)) return false
    throw error
  }
}
