import { setMaxListeners } from 'node:events'
import { StoreError } from '@wechat-auth/wechat-oauth'
import { attemptBefore, checkTimeout, corruptRecord } from '@wechat-auth/wechat-oauth/store-kit'
import { checkClient, type RedisCommands, type RedisConnection } from './redis-connection.js'

/** So that what was set on the caller's client does not reach the store. */
const plainTypes = Object.freeze({})

/** What an operation sends its commands by: asked for anew for each of them. */
export type Redis = () => RedisCommands

/** Operations as stores promise them: given up after a while, failing with a `StoreError`. */
export class Operations {
  readonly #client: RedisConnection
  readonly #timeout: number

  /**
   * @param timeout - milliseconds after which an operation rejects
   * @throws TypeError that names the option which is wrong
   */
  constructor(client: RedisConnection, timeout: number) {
    checkClient(client)
    checkTimeout(timeout)
    this.#client = client
    this.#timeout = timeout
  }

  /**
   * An operation that was given up sends no more, and its command leaves the driver's queue, in which it waits for a
   * connection: else it would be carried out when the server is back, though the caller was told that it failed.
   *
   * @param what - completes "failed to …"
   */
  run<T>(what: string, operation: (redis: Redis) => Promise<T>): Promise<T> {
    return attemptBefore(this.#timeout, what, async ({ signal: abortSignal }) => {
      // The driver listens once for each command that is under way.
      setMaxListeners(0, abortSignal)
      try {
        return await operation(() => {
          abortSignal.throwIfAborted()
          // The driver writes into the options, so each command has its own. A limit of the driver
          // (node-redis 6) would only come in the way of ours.
          return this.#client.withCommandOptions({ abortSignal, typeMapping: plainTypes, timeout: 0 })
        })
      } catch (error) {
        if (!isWrongType(error)) throw error
        throw new StoreError(`The store failed to ${what}.`, { error, reason: 'record' })
      }
    })
  }
}

/** Redis works, but has something else under this key, e.g. a list. */
function isWrongType(error: unknown): boolean {
  // Of a script, the word comes later in the message.
  return error instanceof Error && /\bWRONGTYPE\b/.test(error.message)
}

/** The sentinel of node-redis 5 does not heed options of single commands: there, the caller's type mapping may make it a buffer. */
export function textOf(reply: unknown): string {
  if (typeof reply === 'string') return reply
  if (reply instanceof Uint8Array) return Buffer.from(reply).toString()
  throw corruptRecord()
}
