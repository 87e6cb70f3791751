import type { LockBackend } from '@wechat-auth/wechat-oauth/store-kit'
import type { Operations } from './operations.js'

const deleteIfOwned = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0`

/** Locks as keys that hold the owner and expire, so the lock of a process that died does too. */
export class Locks {
  readonly #operations: Operations
  readonly #prefix: string

  constructor(operations: Operations, prefix: string) {
    this.#operations = operations
    this.#prefix = prefix
  }

  lock(key: string): LockBackend {
    const name = `${this.#prefix}lock:${key}`
    return {
      acquire: async (owner, ttl) => {
        const expiration = { type: 'PX', value: Math.max(Math.ceil(ttl), 1) } as const
        const reply = await this.#operations.execute('lock', (redis) =>
          redis().set(name, owner, { condition: 'NX', expiration }),
        )
        return reply !== null
      },
      release: async (owner) => {
        await this.#operations.execute('unlock', (redis) =>
          redis().eval(deleteIfOwned, { keys: [name], arguments: [owner] }),
        )
      },
    }
  }
}
