import { setMaxListeners } from 'node:events'
import { StoreError } from '@wechat-auth/wechat-oauth'
import { attemptBefore, checkTimeout, corruptRecord } from '@wechat-auth/wechat-oauth/store-kit'
import { isWrongType } from './driver-error.js'
import { checkClient, type RedisCommands, type RedisConnection } from './redis-connection.js'

/** Keeps a type mapping of the caller's client away from the store. */
const plainTypes = Object.freeze({})

/** Returns the commands of the client. An operation calls it for each command, so that it stops after the timeout. */
export type Redis = () => RedisCommands

/** Runs the operations of a store: each stops after the timeout and rejects with a `StoreError`. */
export class Operations {
  readonly #client: RedisConnection
  readonly #timeout: number

  /**
   * @param timeout - milliseconds after which an operation rejects
   * @throws TypeError that names the invalid option
   */
  constructor(client: RedisConnection, timeout: number) {
    checkClient(client)
    checkTimeout(timeout)
    this.#client = client
    this.#timeout = timeout
  }

  /**
   * After the timeout, the operation sends no more commands, and one that waits for a connection leaves the driver's queue.
   * Otherwise it would run when the server is back, although the caller was told that it failed.
   *
   * @param what - the purpose of the operation, which completes "failed to …"
   */
  execute<T>(what: string, operation: (redis: Redis) => Promise<T>): Promise<T> {
    return attemptBefore(this.#timeout, what, async ({ signal: abortSignal }) => {
      // The driver adds one listener for each command in flight.
      setMaxListeners(0, abortSignal)
      try {
        return await operation(() => {
          abortSignal.throwIfAborted()
          // The driver changes the options, so each command gets its own object. A timeout of the driver
          // (node-redis 6) would interfere with ours.
          return this.#client.withCommandOptions({ abortSignal, typeMapping: plainTypes, timeout: 0 })
        })
      } catch (error) {
        if (!isWrongType(error)) throw error
        throw new StoreError(`The store failed to ${what}`, { error, reason: 'record' })
      }
    })
  }
}

/** A sentinel of node-redis 5 ignores the options of single commands, so the caller's type mapping may turn a reply into a buffer. */
export function readText(reply: unknown): string {
  if (typeof reply === 'string') return reply
  if (reply instanceof Uint8Array) return Buffer.from(reply).toString()
  throw corruptRecord()
}
