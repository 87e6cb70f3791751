import type {
  MongoClient,
  MongoCollection,
  MongoDatabase,
  MongooseConnection,
  MongoSession,
} from '@wechat-auth/store-mongo'

/** What a collection was asked to do. */
export interface Call {
  collection: string
  method: keyof MongoCollection
  args: unknown[]
}

/** What a command answers, by its method; a function may throw what a server would. */
export type Answers = {
  [M in keyof MongoCollection]?: (...args: Parameters<MongoCollection[M]>) => unknown
} & { command?: () => object }

export class FakeDatabase implements MongoDatabase {
  readonly calls: Call[] = []
  /** The options that each collection was asked for with. */
  readonly options: Record<string, object> = {}
  readonly answers: Answers = {}
  writeConcern: { w?: unknown } | undefined
  readConcern: object | undefined

  collection(name: string, options: object): MongoCollection {
    this.options[name] = options
    const method =
      <M extends keyof MongoCollection>(method: M) =>
      async (...args: Parameters<MongoCollection[M]>): Promise<unknown> => {
        this.calls.push({ collection: name, method, args })
        const answer = this.answers[method] as ((...args: unknown[]) => unknown) | undefined
        return answer?.(...args) ?? null
      }
    return {
      findOne: method('findOne') as MongoCollection['findOne'],
      replaceOne: method('replaceOne'),
      updateOne: method('updateOne'),
      deleteOne: method('deleteOne'),
      deleteMany: method('deleteMany'),
      createIndex: method('createIndex'),
    }
  }

  async command(): Promise<object> {
    return this.answers.command?.() ?? {}
  }
}

/** A connection of mongoose that is open, to a database that remembers what it was asked. */
export class FakeConnection implements MongooseConnection {
  db: FakeDatabase | undefined = new FakeDatabase()
  /** What `asPromise` waits for. */
  opening: Promise<void> = Promise.resolve()
  readonly sessions: { options: object; hasEnded: boolean }[] = []

  get calls(): readonly Call[] {
    return this.db?.calls ?? []
  }

  async asPromise(): Promise<unknown> {
    await this.opening
    return this
  }

  getClient(): MongoClient {
    return {
      startSession: (options): MongoSession => {
        const session = {
          options,
          hasEnded: false,
          endSession: async () => {
            session.hasEnded = true
          },
        }
        this.sessions.push(session)
        return session
      },
    }
  }
}

/** What the driver throws when a server reports an error. */
export function serverError(code: number, text = 'SECRET of the statement'): Error {
  return Object.assign(new Error(text), { name: 'MongoServerError', code, keyValue: { openid: text } })
}
