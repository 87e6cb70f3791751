import { StoreError } from '@wechat-auth/wechat-oauth'
import { attemptBefore, type Deadline } from '@wechat-auth/wechat-oauth/store-kit'
import type {
  MongoCollection,
  MongoDatabase,
  MongooseConnection,
  MongoSession,
} from './mongoose-connection.js'

/** What bounds a command that changes something. */
export interface WriteOptions {
  /** Milliseconds that the server may work on it. */
  readonly maxTimeMS: number
  readonly session: MongoSession
}

export interface Collections {
  readonly database: MongoDatabase
  readonly tokens: MongoCollection
  readonly locks: MongoCollection
}

/** Whatever the connection prefers: what was written a moment ago is read, and comes as JavaScript's own types. */
const collectionOptions = {
  readPreference: 'primary',
  promoteLongs: true,
  promoteValues: true,
  promoteBuffers: true,
  useBigInt64: false,
  raw: false,
}

/**
 * The collections of a store, by the driver that is under mongoose: a command that waits in mongoose's own buffer cannot be
 * taken back, hooks and plugins of the application would get to see tokens, and mongoose's debug mode prints them.
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

  /** Runs a command that changes nothing, for at most `timeout` milliseconds. `what` completes "failed to …". */
  read<T>(timeout: number, what: string, command: (collections: Collections) => Promise<T>): Promise<T> {
    return attemptBefore(timeout, what, async (deadline) =>
      command(this.#opened() ?? (await this.#open(deadline))),
    )
  }

  /**
   * Runs commands that change what is kept under `key`. Afterwards their session ends, with which the driver sends nothing
   * any more: else a command that was given up, and waits for a server or a connection, would be carried out later, though
   * the caller was told that it failed. What the server has got already ends there, when it takes too long.
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
   * Commands that were given up, but may have been sent: a server that was only held up carries them out. On another
   * connection the next command could come before them, and what it saved would be lost.
   */
  #remember(key: string, running: Promise<unknown>): void {
    const settled = Promise.allSettled([this.#late.get(key), running]).then(() => {
      if (this.#late.get(key) === settled) this.#late.delete(key)
    })
    this.#late.set(key, settled)
  }

  /** The collections of the database that is open now: a connection can be closed and opened again, for another one. */
  #opened(): Collections | undefined {
    const { db } = this.#connection
    if (db && this.#collections?.database !== db) this.#collections = getCollections(db, this.#name)
    return db && this.#collections
  }

  async #open(deadline: Deadline): Promise<Collections> {
    await this.#connection.asPromise()
    refuseAfter(deadline)
    const collections = this.#opened()
    if (!collections) throw new StoreError('The connection to MongoDB was not opened.')
    return collections
  }
}

function getCollections(database: MongoDatabase, name: string): Collections {
  const options = {
    ...collectionOptions,
    // A connection that does not wait for its writes learns of no failure, and one that reads what a majority has may miss the latest.
    ...(database.writeConcern?.w === 0 && { writeConcern: { w: 'majority' } }),
    ...(database.readConcern && { readConcern: { level: 'local' } }),
  }
  return {
    database,
    tokens: database.collection(name, options),
    locks: database.collection(`${name}_locks`, options),
  }
}

/** Nobody gets to see it: whoever asked was told already. */
function refuseAfter(deadline: Deadline): void {
  if (deadline.isOver) throw new StoreError('The operation was given up.')
}
