import {
  StoreError,
  type SessionStore,
  type StoredSession,
  type WechatSession,
} from '@wechat-auth/wechat-oauth'
import {
  attemptBefore,
  isRecord,
  isUnusableRecord,
  plainRecord,
  toTime,
} from '@wechat-auth/wechat-oauth/store-kit'

/** The sessions of a user, the newest first, and the unusable records that the store returned with them. */
export interface Listing {
  sessions: StoredSession[]
  unusable: { id: string | undefined }[]
}

/** Wraps a session store: checks what it returns, removes values from its errors, and limits the time of each call. */
export class SessionsAtStore {
  readonly #store: SessionStore
  readonly #timeout: number
  readonly #now: () => number

  constructor(store: SessionStore, timeout: number, now: () => number) {
    this.#store = store
    this.#timeout = timeout
    this.#now = now
  }

  create(hash: string, session: StoredSession, ttl: number): Promise<void> {
    return this.#visit('create a session', (store) => store.create(hash, session, ttl))
  }

  async get(hash: string): Promise<StoredSession | null> {
    const session = parseSession(await this.#visit('read a session', (store) => store.get(hash)))
    return session && this.#isLive(session) ? session : null
  }

  async rotate(oldHash: string, newHash: string, session: StoredSession, ttl: number): Promise<boolean> {
    // A store may return what its database returns: the number of rows.
    const rotated: unknown = await this.#visit('rotate a session', (store) =>
      store.rotate(oldHash, newHash, session, ttl),
    )
    return Boolean(rotated)
  }

  delete(hash: string): Promise<void> {
    return this.#visit('delete a session', (store) => store.delete(hash))
  }

  deleteByUser(userId: string): Promise<void> {
    return this.#visit('delete the sessions of a user', (store) => store.deleteByUser(userId))
  }

  /** The newest first. @throws StoreError with `reason` `record` if one of them cannot be used */
  async listByUser(userId: string): Promise<StoredSession[]> {
    const { sessions, unusable } = await this.listUsable(userId)
    if (unusable.length > 0) throw noSession()
    return sessions
  }

  /** As `listByUser`, but returns unusable records instead of throwing. */
  async listUsable(userId: string): Promise<Listing> {
    const stored: unknown = await this.#visit('list the sessions of a user', (store) =>
      store.listByUser(userId),
    )
    if (!Array.isArray(stored)) throw noSession()
    const sessions: StoredSession[] = []
    const unusable: Listing['unusable'] = []
    for (const value of stored) {
      try {
        const session = parseSession(value)
        if (session && this.#isLive(session)) sessions.push(session)
      } catch (error) {
        if (!isUnusableRecord(error)) throw error
        unusable.push({ id: readId(value) })
      }
    }
    return { sessions: sessions.sort(newestFirst), unusable }
  }

  #visit<T>(what: string, command: (store: SessionStore) => Promise<T>): Promise<T> {
    return attemptBefore(this.#timeout, what, () => command(this.#store))
  }

  // The store should check this already. This is the second line of defence.
  #isLive({ expiresAt }: StoredSession): boolean {
    return expiresAt > this.#now()
  }
}

/** The fields of a session that applications may see. */
export function pickPublicFields({
  userId,
  openid,
  unionid,
  sku,
  device,
  createdAt,
  expiresAt,
}: WechatSession): WechatSession {
  return {
    userId,
    openid,
    ...(unionid !== undefined && { unionid }),
    sku,
    ...(device !== undefined && { device }),
    createdAt,
    expiresAt,
  }
}

function newestFirst(one: StoredSession, other: StoredSession): number {
  return other.createdAt - one.createdAt || ((other.id ?? '') > (one.id ?? '') ? 1 : -1)
}

const sessionFields = ['userId', 'openid', 'unionid', 'sku', 'device', 'createdAt', 'expiresAt']

function parseSession(value: unknown): StoredSession | null {
  if (value === null || value === undefined) return null
  if (!isRecord(value)) throw noSession()
  const { unionid, device, ...session } = plainRecord(value, sessionFields) as StoredSession
  const [createdAt, expiresAt] = [toTime(session.createdAt), toTime(session.expiresAt)]
  const texts: unknown[] = [session.userId, session.openid, session.sku]
  if (
    createdAt === undefined ||
    expiresAt === undefined ||
    !texts.every((text) => typeof text === 'string' && text !== '')
  )
    throw noSession()
  // A column of a table is null or empty, not absent.
  return {
    ...session,
    createdAt,
    expiresAt,
    ...(isText(unionid) && { unionid }),
    ...(isText(device) && { device }),
  }
}

function readId(value: unknown): string | undefined {
  try {
    const id: unknown = isRecord(value) ? plainRecord(value, ['id'])['id'] : undefined
    return isText(id) ? id : undefined
  } catch {
    return undefined
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function noSession(): StoreError {
  return new StoreError('The session store returned a value that is not a session', { reason: 'record' })
}
