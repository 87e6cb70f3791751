import type { SessionStoreHarness } from '@wechat-auth/store-conformance'
import { StoreError, type SessionStore, type StoredSession } from '@wechat-auth/wechat-oauth'
import { attempt, corruptRecord } from '@wechat-auth/wechat-oauth/store-kit'
import { DriverError } from './reference-store.js'
import { ReferenceSessionStore, makeSessionHarness, type SessionBackend } from './reference-session-store.js'

export interface BrokenSessionStore {
  name: string
  /** The case that must fail on it. */
  caughtBy: string
  harness: SessionStoreHarness
}

type Change = (right: ReferenceSessionStore, backend: SessionBackend) => Partial<SessionStore>

/** A store that is right but for what `change` makes of it. */
function broken(
  name: string,
  caughtBy: string,
  change: Change,
  harness: Partial<SessionStoreHarness> = {},
): BrokenSessionStore {
  const make = (backend: SessionBackend): SessionStore => {
    const right = new ReferenceSessionStore(backend)
    return {
      create: (hash, session, ttl) => right.create(hash, session, ttl),
      get: (hash) => right.get(hash),
      rotate: (oldHash, newHash, session, ttl) => right.rotate(oldHash, newHash, session, ttl),
      delete: (hash) => right.delete(hash),
      deleteByUser: (userId) => right.deleteByUser(userId),
      listByUser: (userId) => right.listByUser(userId),
      ...change(right, backend),
    }
  }
  return { name, caughtBy, harness: { ...makeSessionHarness(make), ...harness } }
}

/** … that changes sessions on their way in. */
const writes = (
  name: string,
  caughtBy: string,
  change: (session: StoredSession) => StoredSession,
): BrokenSessionStore =>
  broken(name, caughtBy, (right) => ({
    create: (hash, session, ttl) => right.create(hash, change(structuredClone(session)), ttl),
    rotate: (oldHash, newHash, session, ttl) =>
      right.rotate(oldHash, newHash, change(structuredClone(session)), ttl),
  }))

/** … that takes different hashes for the same. */
const hashes = (name: string, change: (hash: string) => string): BrokenSessionStore => {
  const changed = (hash: string): string => (typeof hash === 'string' && hash !== '' ? change(hash) : hash)
  return broken(name, cases.hashes, (right) => ({
    create: (hash, session, ttl) => right.create(changed(hash), session, ttl),
    get: (hash) => right.get(changed(hash)),
    delete: (hash) => right.delete(changed(hash)),
  }))
}

/** … that takes different users for the same, or the user for a pattern. */
const users = (name: string, isMeant: (userId: string, asked: string) => boolean): BrokenSessionStore =>
  broken(name, cases.users, (right, backend) => {
    const meant = async (asked: string): Promise<StoredSession[]> => {
      const owners = [
        ...new Set(
          [...backend.records.entries()]
            .filter(([key]) => key.startsWith('user of '))
            .map(([, { text }]) => text),
        ),
      ]
      return (
        await Promise.all(
          owners.filter((userId) => isMeant(userId, asked)).map((userId) => right.listByUser(userId)),
        )
      ).flat()
    }
    return {
      listByUser: meant,
      deleteByUser: async (userId) => {
        for (const { id } of await meant(userId)) await right.delete(id ?? '')
      },
    }
  })

const cases = {
  harness: 'covers every optional part of the contract, or the harness gives a reason',
  unknown: 'returns no session for an unknown hash, and an empty list for an unknown user',
  fields: 'returns every field of a session as it was saved',
  copies: 'does not share objects with its callers',
  shared: 'lets other stores on the same data read, rotate and end its sessions',
  rotated: 'ends a session when it is rotated, and keeps its successor',
  nothing: 'writes nothing when the session to rotate does not exist',
  itself: 'replaces a session when it is rotated to its own hash',
  deleted: 'ends only the session that is deleted',
  users: 'lists and ends the sessions of one user only',
  hashes: 'takes hashes literally',
  over: 'does not find, list or rotate a session after its lifetime has ended',
  rotation: 'counts the lifetime from the rotation, not from the session before it',
  reading: 'does not extend a session when it is read or listed',
  winner: 'lets exactly one of 20 parallel rotations win',
  parallel: 'lists all 20 sessions that one user starts in parallel',
  rotatedMeanwhile: 'ends a session that is rotated while deleteByUser runs',
  createdMeanwhile: 'lists every session that was created while deleteByUser ran and is still alive',
  broughtBack: 'does not bring back a session that is deleted while it is extended',
  truth: 'reports the true result of a rotation while the session is deleted',
  wrong: 'rejects names that are not non-empty strings and lifetimes that are not positive with a TypeError',
  down: 'rejects while its backend is down, and works again afterwards',
  wrongFirst: 'rejects invalid arguments without calling the backend',
  corrupt: 'rejects when a session is corrupt, and can still end it',
}

const whenDown = (
  name: string,
  then: (error: unknown) => Promise<StoredSession | undefined>,
): BrokenSessionStore => broken(name, cases.down, (right) => ({ get: (hash) => right.get(hash).catch(then) }))

const failed = (): Promise<never> => Promise.reject(new StoreError('The store failed to read'))

/** Does in several steps what must be one. */
const stepByStep = (name: string, caughtBy: string): BrokenSessionStore =>
  broken(name, caughtBy, (right, backend) => ({
    rotate: async (oldHash, newHash, session, ttl) => {
      if (!(await right.get(oldHash))) return false
      await backend.visit()
      await right.delete(oldHash)
      await right.create(newHash, session, ttl)
      return true
    },
  }))

export const brokenSessionStores: readonly BrokenSessionStore[] = [
  broken('cannot be corrupted, and nobody says why', cases.harness, () => ({}), {
    corrupt: undefined,
  } as unknown as Partial<SessionStoreHarness>),
  broken('can fail, though its harness says that it cannot', cases.harness, () => ({}), {
    without: { outages: 'it never fails' },
  }),

  broken('answers an empty session for an unknown hash', cases.unknown, (right) => ({
    get: async (hash) => (await right.get(hash)) ?? ({} as StoredSession),
  })),
  broken('answers null for the sessions of an unknown user', cases.unknown, (right) => ({
    listByUser: async (userId) => {
      const found = await right.listByUser(userId)
      return found.length > 0 ? found : (null as unknown as StoredSession[])
    },
  })),
  writes('keeps times as text', cases.fields, (session) => ({
    ...session,
    createdAt: String(session.createdAt) as unknown as number,
  })),
  writes(
    'drops fields that it does not know',
    cases.fields,
    ({ userId, openid, unionid, sku, device, createdAt, expiresAt, id }) =>
      JSON.parse(
        JSON.stringify({ userId, openid, unionid, sku, device, createdAt, expiresAt, id }),
      ) as StoredSession,
  ),
  writes(
    'answers null for absent fields',
    cases.fields,
    (session) => ({ unionid: null, ...session }) as unknown as StoredSession,
  ),
  writes('ends texts at a NUL', cases.fields, (session) => ({
    ...session,
    ...(session.device !== undefined && { device: session.device.split('\0')[0]! }),
  })),
  broken('keeps the fields of the first session when it is rotated', cases.fields, (right) => ({
    rotate: async (oldHash, newHash, session, ttl) =>
      right.rotate(oldHash, newHash, (await right.get(oldHash)) ?? session, ttl),
  })),
  broken('reads the object after it returned', cases.copies, (right) => ({
    create: async (hash, session, ttl) => {
      await Promise.resolve()
      await right.create(hash, session, ttl)
    },
  })),
  broken('hands out the same object again', cases.copies, (right) => {
    const seen = new Map<string, StoredSession | undefined>()
    return {
      get: async (hash) => {
        if (!seen.has(hash)) seen.set(hash, await right.get(hash))
        return seen.get(hash)
      },
    }
  }),
  broken('keeps what it created to itself', cases.shared, (right) => {
    const own = new Set<string>()
    return {
      create: async (hash, session, ttl) => {
        own.add(hash)
        await right.create(hash, session, ttl)
      },
      get: async (hash) => (own.has(hash) ? right.get(hash) : undefined),
    }
  }),

  broken('lets the old session live', cases.rotated, (right) => ({
    rotate: async (oldHash, newHash, session, ttl) => {
      if (!(await right.get(oldHash))) return false
      await right.create(newHash, session, ttl)
      return true
    },
  })),
  broken('keeps the old session for a while', cases.rotated, (right) => ({
    rotate: async (oldHash, newHash, session, ttl) => {
      const old = await right.get(oldHash)
      const won = await right.rotate(oldHash, newHash, session, ttl)
      if (old && won && oldHash !== newHash) await right.create(oldHash, old, 30)
      return won
    },
  })),
  broken('forgets whose the successor is', cases.rotated, (right, backend) => ({
    rotate: async (oldHash, newHash, session, ttl) => {
      const won = await right.rotate(oldHash, newHash, session, ttl)
      backend.records.delete(`user of ${newHash}`)
      return won
    },
  })),
  broken('rotates what is not there', cases.nothing, (right) => ({
    rotate: async (oldHash, newHash, session, ttl) => {
      await right.delete(oldHash)
      await right.create(newHash, session, ttl)
      return true
    },
  })),
  broken('writes first, and then looks', cases.nothing, (right) => ({
    rotate: async (oldHash, newHash, session, ttl) => {
      const old = await right.get(oldHash)
      await right.create(newHash, session, ttl)
      await right.delete(oldHash)
      return old !== undefined
    },
  })),
  broken('deletes the old session after it wrote the new one', cases.itself, (right) => ({
    rotate: async (oldHash, newHash, session, ttl) => {
      if (oldHash !== newHash) return right.rotate(oldHash, newHash, session, ttl)
      const won = await right.rotate(oldHash, newHash, session, ttl)
      await right.delete(oldHash)
      return won
    },
  })),
  broken('does not rotate a session to its own hash', cases.itself, (right) => ({
    rotate: async (oldHash, newHash, session, ttl) =>
      oldHash !== newHash && right.rotate(oldHash, newHash, session, ttl),
  })),
  broken('deletes nothing', cases.deleted, () => ({ delete: async () => {} })),
  broken('deletes all sessions of the user', cases.deleted, (right) => ({
    delete: async (hash) => {
      const session = await right.get(hash)
      if (session) await right.deleteByUser(session.userId)
    },
  })),
  broken('rejects where there is nothing to delete', cases.deleted, (right) => ({
    delete: async (hash) => {
      if (!(await right.get(hash))) throw new StoreError('There is none.')
      await right.delete(hash)
    },
  })),
  users('takes users for patterns', (userId, asked) =>
    new RegExp(
      `^${asked
        .replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
        .replaceAll('%', '.*')
        .replaceAll('_', '.')}$`,
      's',
    ).test(userId),
  ),
  users('takes a star for everybody', (userId, asked) => userId === asked || asked === '*'),
  users('matches the beginning of a user id', (userId, asked) => userId.startsWith(asked)),
  users('ignores case in users', (userId, asked) => userId.toLowerCase() === asked.toLowerCase()),
  users('composes characters of users', (userId, asked) => userId.normalize() === asked.normalize()),
  users('ignores blanks at the end of users', (userId, asked) => userId.trim() === asked.trim()),
  hashes('ignores case in hashes', (hash) => hash.toLowerCase()),
  hashes('cuts hashes', (hash) => hash.slice(0, 16)),
  hashes('ignores blanks in hashes', (hash) => hash.replaceAll(' ', '')),

  broken('never ends a session', cases.over, (right) => ({
    create: (hash, session, ttl) => right.create(hash, session, ttl * 1000),
  })),
  broken('lists sessions that are over', cases.over, (right, backend) => ({
    listByUser: async (userId) => {
      const { ahead } = backend
      backend.ahead = 0
      const found = await right.listByUser(userId)
      backend.ahead = ahead
      return found
    },
  })),
  broken('rotates sessions that are over', cases.over, (right, backend) => ({
    rotate: async (oldHash, newHash, session, ttl) => {
      const record = backend.records.get(oldHash)
      if (record) record.expiresAt = Infinity
      return right.rotate(oldHash, newHash, session, ttl)
    },
  })),
  broken('gives a successor what is left of the lifetime', cases.rotation, (right, backend) => ({
    rotate: async (oldHash, newHash, session, ttl) => {
      const left = (backend.records.get(oldHash)?.expiresAt ?? 0) - backend.now()
      return right.rotate(oldHash, newHash, session, left > 0 ? left / 1000 : ttl)
    },
  })),
  broken('prolongs a session by reading it', cases.reading, (right) => ({
    get: async (hash) => {
      const session = await right.get(hash)
      if (session) await right.create(hash, session, 1)
      return session
    },
  })),
  broken('prolongs sessions by listing them', cases.reading, (right) => ({
    listByUser: async (userId) => {
      const found = await right.listByUser(userId)
      for (const session of found) await right.create(session.id ?? '', session, 1).catch(() => undefined)
      return found
    },
    create: (hash, session, ttl) => right.create(hash, { ...session, id: hash }, ttl),
  })),

  stepByStep('looks first, and then rotates', cases.winner),
  broken('keeps a list of sessions that it reads, changes and writes', cases.parallel, (right, backend) => {
    const key = (userId: string): string => `list of ${userId}`
    return {
      create: async (hash, session, ttl) => {
        await right.create(hash, session, ttl)
        const before = backend.records.get(key(session.userId))?.text ?? ''
        await backend.visit()
        backend.records.set(key(session.userId), { text: `${before} ${hash}`, expiresAt: Infinity })
      },
      listByUser: async (userId) => {
        const known = backend.records.get(key(userId))?.text ?? ''
        return (await right.listByUser(userId)).filter(({ id }) => known.includes(id ?? ''))
      },
    }
  }),
  stepByStep('rotates in several steps', cases.rotatedMeanwhile),
  broken('reads whose sessions are whose before it ends them', cases.rotatedMeanwhile, (right) => ({
    deleteByUser: async (userId) => {
      for (const { id } of await right.listByUser(userId)) await right.delete(id ?? '')
    },
    create: (hash, session, ttl) => right.create(hash, { ...session, id: hash }, ttl),
    rotate: (oldHash, newHash, session, ttl) =>
      right.rotate(oldHash, newHash, { ...session, id: newHash }, ttl),
  })),
  broken('writes a session, and then whose it is', cases.createdMeanwhile, (right, backend) => ({
    create: async (hash, session, ttl) => {
      await right.create(hash, session, ttl)
      const index = backend.records.get(`user of ${hash}`)
      backend.records.delete(`user of ${hash}`)
      await backend.visit()
      if (index && !ended.has(session.userId)) backend.records.set(`user of ${hash}`, index)
    },
    deleteByUser: async (userId) => {
      ended.add(userId)
      await right.deleteByUser(userId)
    },
  })),
  stepByStep('prolongs in several steps', cases.broughtBack),
  broken('says of each rotation that it lost', cases.truth, (right) => ({
    rotate: async (oldHash, newHash, session, ttl) => {
      await right.rotate(oldHash, newHash, session, ttl)
      return false
    },
  })),

  broken('makes hashes of everything', cases.wrong, (right) => ({
    get: async (hash: unknown) => right.get(`session:${String(hash)}`),
  })),
  broken('lists without looking at the user', cases.wrong, () => ({ listByUser: async () => [] })),
  broken('looks at the old hash only', cases.wrong, (right) => ({
    rotate: async (oldHash, newHash, session, ttl) =>
      right.rotate(oldHash, typeof newHash === 'string' && newHash !== '' ? newHash : 'none', session, ttl),
  })),
  broken('takes any lifetime', cases.wrong, (right) => ({
    create: (hash, session, ttl) => right.create(hash, session, ttl > 0 && ttl < Infinity ? ttl : 60),
  })),
  broken('throws a TypeError instead of rejecting', cases.wrong, (right) => ({
    delete: (hash) => {
      if (typeof hash !== 'string' || hash === '') throw new TypeError('This is not a hash.')
      return right.delete(hash)
    },
  })),

  whenDown('finds no session while its backend is down', () => Promise.resolve(undefined)),
  whenDown('waits until its backend is up', () => new Promise(() => {})),
  whenDown('passes on what the driver throws', () => Promise.reject(new DriverError('oSECRET-openid'))),
  whenDown('passes on what the driver throws as the cause', (error) =>
    Promise.reject(Object.assign(error as Error, { cause: new DriverError('oSECRET-openid') })),
  ),
  broken('has no sessions to list while its backend is down', cases.down, (right) => ({
    listByUser: (userId) =>
      right
        .listByUser(userId)
        .catch((error: unknown) => (error instanceof TypeError ? Promise.reject(error) : [])),
  })),
  broken('loses a rotation while its backend is down', cases.down, (right) => ({
    rotate: (...parameters) =>
      right
        .rotate(...parameters)
        .catch((error: unknown) => (error instanceof TypeError ? Promise.reject(error) : false)),
  })),
  broken('shows the session in its error', cases.down, (right) => ({
    create: (hash, session, ttl) =>
      right.create(hash, session, ttl).catch((error: unknown) => {
        throw error instanceof TypeError
          ? error
          : new StoreError(`Could not write ${JSON.stringify(session)}`)
      }),
  })),
  broken('asks its backend before it looks at the hash', cases.wrongFirst, (right, backend) => ({
    get: async (hash) => {
      await attempt('read', () => backend.visit())
      return right.get(hash)
    },
  })),
  broken('finds no session where it is corrupt', cases.corrupt, (right) => ({
    get: (hash) => right.get(hash).catch(() => undefined),
  })),
  broken('says of a corrupt session that its backend failed', cases.corrupt, (right) => ({
    get: (hash) => right.get(hash).catch(failed),
  })),
  broken('says of a list with a corrupt session that its backend failed', cases.corrupt, (right) => ({
    listByUser: (userId) => right.listByUser(userId).catch(failed),
  })),
  whenDown('says that the session is corrupt while its backend is down', () =>
    Promise.reject(corruptRecord()),
  ),
  broken('reads a session before it deletes it', cases.corrupt, (right) => ({
    delete: async (hash) => {
      await right.get(hash)
      await right.delete(hash)
    },
  })),
  broken('reads sessions before it ends those of a user', cases.corrupt, (right) => ({
    deleteByUser: async (userId) => {
      await right.listByUser(userId)
      await right.deleteByUser(userId)
    },
  })),
]

/** Of the store that writes in two steps. */
const ended = new Set<string>()
