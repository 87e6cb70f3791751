import { setImmediate as turn } from 'node:timers/promises'
import type { TokenStoreHarness } from '@wechat-auth/store-conformance'
import type { LockOptions, TokenStore, WechatToken } from '@wechat-auth/wechat-oauth'
import { attempt, checkKey, decodeRecord, runLocked } from '@wechat-auth/wechat-oauth/store-kit'

/** What a driver throws: everything that must not be seen. */
export class DriverError extends Error {
  override name = 'DriverError'
  readonly code = 'ECONNREFUSED'
  readonly sql: string

  constructor(values: unknown) {
    super('connect ECONNREFUSED')
    this.sql = `REPLACE INTO token VALUES (${JSON.stringify(values)})`
  }
}

/** A database in memory: keeps texts, can be down, and knows of locks. */
export class Backend {
  readonly records = new Map<string, { text: string; expiresAt: number }>()
  readonly locks = new Map<string, { owner: string; until: number }>()
  isDown = false
  #isClosed = false

  /** Every command is asynchronous, and fails while the backend is down. */
  async visit(values?: unknown): Promise<void> {
    await turn()
    if (this.isDown || this.#isClosed) throw new DriverError(values)
  }

  async read(key: string): Promise<string | undefined> {
    await this.visit()
    const record = this.records.get(key)
    return record && record.expiresAt > performance.now() ? record.text : undefined
  }

  async write(key: string, text: string, ttl = Infinity): Promise<void> {
    await this.visit(text)
    this.records.set(key, { text, expiresAt: performance.now() + ttl * 1000 })
  }

  async delete(key: string): Promise<void> {
    await this.visit()
    this.records.delete(key)
  }

  lock(key: string): {
    acquire: (owner: string, ttl: number) => Promise<boolean>
    release: (owner: string) => Promise<void>
  } {
    return {
      acquire: async (owner, ttl) =>
        attempt('lock', async () => {
          await this.visit()
          const held = this.locks.get(key)
          if (held && held.until > performance.now()) return false
          this.locks.set(key, { owner, until: performance.now() + ttl })
          return true
        }),
      release: async (owner) => {
        await this.visit()
        if (this.locks.get(key)?.owner === owner) this.locks.delete(key)
      },
    }
  }

  /** Ends whatever still waits for something. */
  close(): void {
    this.#isClosed = true
  }
}

/** A store that does everything right. */
export class ReferenceStore implements TokenStore {
  readonly #backend: Backend
  readonly #ttl: number | undefined

  constructor(backend: Backend, ttl?: number) {
    this.#backend = backend
    this.#ttl = ttl
  }

  async getToken(openid: string): Promise<WechatToken | undefined> {
    checkKey(openid)
    const text = await attempt('read', () => this.#backend.read(openid))
    return text === undefined ? undefined : decodeRecord(text)
  }

  async saveToken(openid: string, token: WechatToken): Promise<void> {
    checkKey(openid)
    const text = JSON.stringify(token)
    await attempt('save', () => this.#backend.write(openid, text, this.#ttl))
  }

  async deleteToken(openid: string): Promise<void> {
    checkKey(openid)
    await attempt('delete', () => this.#backend.delete(openid))
  }

  async withLock<T>(
    key: string,
    task: (signal: AbortSignal) => Promise<T>,
    options?: LockOptions,
  ): Promise<T> {
    checkKey(key)
    return runLocked(this.#backend.lock(key), task, options)
  }
}

/** The harness of a store on such a backend, one for each case. */
export function makeHarness(make: (backend: Backend, ttl?: number) => TokenStore): TokenStoreHarness {
  const backends = new WeakMap<object, Backend>()
  const current = new Set<Backend>()
  const on = (backend: Backend, ttl?: number): TokenStore => {
    const store = make(backend, ttl)
    backends.set(store, backend)
    current.add(backend)
    return store
  }
  const getBackend = (store: object): Backend => backends.get(store)!
  return {
    create: () => on(new Backend()),
    second: (store) => on(getBackend(store)),
    destroy: (store) => {
      getBackend(store).close()
      current.delete(getBackend(store))
    },
    corrupt: (key, store) => {
      getBackend(store).records.set(key, { text: '{"access_token":"SECRET-acc', expiresAt: Infinity })
    },
    outages: [
      {
        name: 'connection refused',
        begin: () => {
          for (const backend of current) backend.isDown = true
        },
        end: () => {
          for (const backend of current) backend.isDown = false
        },
      },
    ],
    outageBound: 500,
    expiry: { create: (ttl) => on(new Backend(), ttl) },
    abandonLock: async (key, ttl, store) => {
      await getBackend(store).lock(key).acquire('the dead', ttl)
    },
  }
}
