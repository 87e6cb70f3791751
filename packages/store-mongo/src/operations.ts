import { StoreError } from '@wechat-auth/wechat-oauth'
import { attemptBefore, type Deadline } from '@wechat-auth/wechat-oauth/store-kit'
import type {
  MongoCollection,
  MongoDatabase,
  MongooseConnection,
  MongoSession,
} from './mongoose-connection.js'

/** The options that limit a command that writes. */
export interface WriteOptions {
  /** Milliseconds for which the server may work on the command. */
  readonly maxTimeMS: number
  readonly session: MongoSession
}

export interface Collections {
  readonly database: MongoDatabase
  readonly tokens: MongoCollection
  readonly locks: MongoCollection
}

/** Overrides the connection's options, so that reads see the latest write and return JavaScript's own types. */
const collectionOptions = {
  readPreference: 'primary',
  promoteLongs: true,
  promoteValues: true,
  promoteBuffers: true,
  useBigInt64: false,
  raw: false,
}

/**
 * Runs the operations of a store on the driver under mongoose. A command in mongoose's own buffer cannot be cancelled, hooks
 * and plugins of the application would see tokens, and mongoose's debug mode would print them.
 */
export class Operations {
  readonly #connection: MongooseConnection
  readonly #name: string
  #collections: Collections | undefined
  readonly #late = new Map<string, Promise<void>>()

  constructor(connection: MongooseConnection, name: string) {
    this.#connection = connection
    this.#name = name
  }

  /** Runs a command that only reads, for at most `timeout` milliseconds. `what` completes "failed to …". */
  read<T>(timeout: number, what: string, command: (collections: Collections) => Promise<T>): Promise<T> {
    return attemptBefore(timeout, what, async (deadline) =>
      command(this.#opened() ?? (await this.#open(deadline))),
    )
  }

  /**
   * Runs commands that write to `key`, and ends their session afterwards. The driver sends nothing with an ended session.
   * Otherwise a command that timed out while it waited for a server or a connection would run later, although the caller
   * was told that it failed. A command that the server has received ends there after `timeout`.
   */
  async write<T>(
    timeout: number,
    what: string,
    key: string,
    commands: (collections: Collections, options: WriteOptions) => Promise<T>,
  ): Promise<T> {
    let session: MongoSession | undefined
    let running: Promise<T> | undefined
    try {
      return await attemptBefore(timeout, what, async (deadline) => {
        const collections = this.#opened() ?? (await this.#open(deadline))
        const late = this.#late.get(key)
        if (late) {
          await late
          refuseAfter(deadline)
        }
        session = this.#connection.getClient().startSession({ causalConsistency: false })
        running = commands(collections, { maxTimeMS: Math.ceil(timeout), session })
        return running
      })
    } catch (error) {
      if (running) this.#remember(key, running)
      throw error
    } finally {
      await session?.endSession()
    }
  }

  /**
   * Remembers commands that timed out but may have been sent, because a slow server still runs them. The next command could
   * overtake them on another connection, and its data would be lost.
   */
  #remember(key: string, running: Promise<unknown>): void {
    const settled = Promise.allSettled([this.#late.get(key), running]).then(() => {
      if (this.#late.get(key) === settled) this.#late.delete(key)
    })
    this.#late.set(key, settled)
  }

  /** The collections of the open database; a connection can be closed and opened again for another database. */
  #opened(): Collections | undefined {
    const { db } = this.#connection
    if (db && this.#collections?.database !== db) this.#collections = getCollections(db, this.#name)
    return db && this.#collections
  }

  async #open(deadline: Deadline): Promise<Collections> {
    await this.#connection.asPromise()
    refuseAfter(deadline)
    const collections = this.#opened()
    if (!collections) throw new StoreError('The connection to MongoDB is not open')
    return collections
  }
}

function getCollections(database: MongoDatabase, name: string): Collections {
  const options = {
    ...collectionOptions,
    // With `w: 0` no failure is reported, and a read concern of a majority may miss the latest write.
    ...(database.writeConcern?.w === 0 && { writeConcern: { w: 'majority' } }),
    ...(database.readConcern && { readConcern: { level: 'local' } }),
  }
  return {
    database,
    tokens: database.collection(name, options),
    locks: database.collection(`${name}_locks`, options),
  }
}

/** The caller never sees this error, because the timeout has rejected already. */
function refuseAfter(deadline: Deadline): void {
  if (deadline.isOver) throw new StoreError('The operation timed out')
}
