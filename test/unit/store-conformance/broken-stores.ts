import { setTimeout as sleep } from 'node:timers/promises'
import type { TokenStoreHarness } from '@wechat-auth/store-conformance'
import { StoreError, type LockOptions, type TokenStore, type WechatToken } from '@wechat-auth/wechat-oauth'
import {
  attempt,
  checkKey,
  corruptRecord,
  decodeRecord,
  lockError,
  runLocked,
} from '@wechat-auth/wechat-oauth/store-kit'
import { Backend, ReferenceStore, makeHarness } from './reference-store.js'

export interface BrokenStore {
  name: string
  /** The case that must fail on it. */
  caughtBy: string
  harness: TokenStoreHarness
}

type Task<T> = (signal: AbortSignal) => Promise<T>
type Store = Required<TokenStore>
type Change = (right: Store, backend: Backend, ttl: number | undefined) => Partial<TokenStore>

/** A store that is right but for what `change` makes of it. */
function broken(
  name: string,
  caughtBy: string,
  change: Change,
  harness: Partial<TokenStoreHarness> = {},
): BrokenStore {
  const make = (backend: Backend, ttl?: number): TokenStore => {
    const right = new ReferenceStore(backend, ttl)
    return {
      getToken: (openid) => right.getToken(openid),
      saveToken: (openid, token) => right.saveToken(openid, token),
      deleteToken: (openid) => right.deleteToken(openid),
      withLock: (key, task, options) => right.withLock(key, task, options),
      ...change(right, backend, ttl),
    }
  }
  return { name, caughtBy, harness: { ...makeHarness(make), ...harness } }
}

/** … that changes records on their way out. */
const reads = (name: string, caughtBy: string, change: (token: WechatToken) => unknown): BrokenStore =>
  broken(name, caughtBy, (right) => ({
    getToken: async (openid) => {
      const token = await right.getToken(openid)
      return token && (change(token) as WechatToken)
    },
  }))

/** … that changes records on their way in. */
const writes = (name: string, caughtBy: string, change: (token: WechatToken) => unknown): BrokenStore =>
  broken(name, caughtBy, (right) => ({
    saveToken: (openid, token) => right.saveToken(openid, change(structuredClone(token)) as WechatToken),
  }))

/** … that takes different keys for the same. */
const keys = (name: string, caughtBy: string, change: (key: string) => string): BrokenStore => {
  const changed = (key: string): string => (typeof key === 'string' && key !== '' ? change(key) : key)
  return broken(name, caughtBy, (right) => ({
    getToken: (openid) => right.getToken(changed(openid)),
    saveToken: (openid, token) => right.saveToken(changed(openid), token),
    deleteToken: (openid) => right.deleteToken(changed(openid)),
  }))
}

/** … whose locks are broken. */
const locks = (
  name: string,
  caughtBy: string,
  withLock: (right: Store, backend: Backend) => Store['withLock'],
  harness: Partial<TokenStoreHarness> = {},
): BrokenStore =>
  broken(name, caughtBy, (right, backend) => ({ withLock: withLock(right, backend) }), harness)

const mapStrings = (value: unknown, change: (text: string) => unknown): unknown => {
  if (typeof value === 'string') return change(value)
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapStrings(item, change)]))
}

const onlyFields = (token: WechatToken, keep: (name: string, value: unknown) => boolean): unknown =>
  Object.fromEntries(Object.entries(token).filter(([name, value]) => keep(name, value)))

const known = [
  'openid',
  'access_token',
  'expires_in',
  'refresh_token',
  'scope',
  'create_at',
  'unionid',
  'session_key',
  'is_snapshotuser',
]

const inRecords = {
  unknown: 'returns null or undefined for a key that was never saved',
  types: 'returns every value with the type that was saved',
  absent: 'keeps absent fields absent',
  undefined: 'treats an undefined field as absent',
  fields: 'keeps fields that the application adds',
  names: 'keeps fields with names that are special to a database or to JavaScript',
  texts: 'keeps text in every language, including emoji',
  long: 'keeps tokens of 4 KiB',
  overwrite: 'replaces the record instead of merging',
  copyIn: 'saves a copy, so later changes to the object have no effect',
  copyOut: 'returns a copy, so changes to it have no effect',
  unchanged: 'does not change the object that it saves',
  saved: 'resolves saveToken only once the record can be read',
  shared: 'shares its records with other stores on the same data',
  deleted: 'deletes only the given record',
  nothingToDelete: 'resolves deleteToken when there is no record',
}

const recordFaults: BrokenStore[] = [
  broken('answers an empty record for an unknown key', inRecords.unknown, (right) => ({
    getToken: async (openid) => (await right.getToken(openid)) ?? ({} as WechatToken),
  })),
  broken('rejects for an unknown key', inRecords.unknown, (right) => ({
    getToken: async (openid) => {
      const token = await right.getToken(openid)
      if (!token) throw new StoreError('There is none.')
      return token
    },
  })),
  reads('keeps create_at as a text', inRecords.types, (token) => ({
    ...token,
    create_at: String(token.create_at),
  })),
  reads('keeps expires_in as a text', inRecords.types, (token) => ({
    ...token,
    expires_in: token.expires_in === undefined ? undefined : String(token.expires_in),
  })),
  reads('turns small numbers into booleans', inRecords.types, (token) => ({
    ...token,
    ...(token.is_snapshotuser && { is_snapshotuser: true }),
  })),
  reads('turns booleans into numbers', inRecords.types, (token) =>
    Object.fromEntries(
      Object.entries(token).map(([name, value]) => [
        name,
        typeof value === 'boolean' ? Number(value) : value,
      ]),
    ),
  ),
  reads('turns digits into numbers', inRecords.types, (token) =>
    mapStrings(token, (text) => (/^\d+$/.test(text) ? Number(text) : text)),
  ),
  reads('turns texts into what they spell', inRecords.types, (token) =>
    mapStrings(token, (text) => (text.startsWith('{') ? (JSON.parse(text) as unknown) : text)),
  ),
  reads('turns dates into objects', inRecords.types, (token) =>
    mapStrings(token, (text) => (/^\d{4}-.*Z$/.test(text) ? new Date(text) : text)),
  ),
  writes('trims texts', inRecords.types, (token) => mapStrings(token, (text) => text.trim())),
  reads('returns objects of its own class', inRecords.types, (token) =>
    Object.assign(Object.create({ save: () => {} }) as object, token),
  ),
  reads('adds its own fields', inRecords.types, (token) => ({ ...token, _id: '65f0', __v: 0 })),
  reads('answers null for absent fields', inRecords.absent, (token) => ({
    ...Object.fromEntries(known.map((name) => [name, null])),
    ...token,
  })),
  writes('saves undefined as null', inRecords.undefined, (token) =>
    Object.fromEntries(Object.entries(token).map(([name, value]) => [name, value ?? null])),
  ),
  broken('cannot save undefined', inRecords.undefined, (right) => ({
    saveToken: async (openid, token) => {
      if (Object.values(token).includes(undefined))
        throw new StoreError('Bind parameters must not contain undefined.')
      await right.saveToken(openid, token)
    },
  })),
  writes('drops unknown fields', inRecords.fields, (token) =>
    onlyFields(token, (name) => known.includes(name)),
  ),
  writes('drops empty values', inRecords.fields, (token) =>
    onlyFields(token, (_name, value) => value !== null && value !== ''),
  ),
  writes('drops empty objects inside', inRecords.fields, (token) =>
    onlyFields(
      { ...token, nested: { ...(token.nested as object | undefined), object: undefined } },
      () => true,
    ),
  ),
  writes('has no booleans and numbers in lists', inRecords.fields, (token) => ({
    ...token,
    ...(Array.isArray(token.list) && { list: token.list.map(String) }),
  })),
  writes('treats a dot as a path', inRecords.names, (token) =>
    'a.b' in token ? { ...token, 'a.b': undefined, a: { b: token['a.b'] } } : token,
  ),
  writes('drops fields with a dollar sign, inside', inRecords.names, (token) =>
    token.nested
      ? { ...token, nested: onlyFields(token.nested as WechatToken, (name) => !name.includes('$')) }
      : token,
  ),
  reads('treats a field as an escaped one', inRecords.names, (token) =>
    Object.fromEntries(Object.entries(token).map(([name, value]) => [name.replace('%2E', '.'), value])),
  ),
  writes('treats a field as the column of the same name', inRecords.names, (token) =>
    onlyFields(token, (name) => name !== 'extra'),
  ),
  writes('has columns whose names differ not by case', inRecords.names, (token) =>
    onlyFields(token, (name) => name === name.toLowerCase() || !known.includes(name.toLowerCase())),
  ),
  writes('drops fields that every object has', inRecords.names, (token) =>
    onlyFields(token, (name) => !(name in {})),
  ),
  writes('has only three bytes for a character', inRecords.texts, (token) =>
    mapStrings(token, (text) => text.replace(/[\u{10000}-\u{10ffff}]/gu, '?')),
  ),
  writes('composes characters', inRecords.texts, (token) =>
    mapStrings(token, (text) => text.normalize('NFC')),
  ),
  writes('ends texts at a NUL', inRecords.texts, (token) => mapStrings(token, (text) => text.split('\0')[0])),
  writes('unescapes what nobody escaped', inRecords.texts, (token) =>
    mapStrings(token, (text) => text.replaceAll('\\', '')),
  ),
  writes('cuts texts at 512 characters', inRecords.long, (token) =>
    mapStrings(token, (text) => text.slice(0, 512)),
  ),
  broken('merges', inRecords.overwrite, (right) => ({
    saveToken: async (openid, token) =>
      right.saveToken(openid, { ...(await right.getToken(openid)), ...token }),
  })),
  broken('merges what is inside', inRecords.overwrite, (right) => ({
    saveToken: async (openid, token) => {
      const old = await right.getToken(openid)
      await right.saveToken(
        openid,
        token.extra ? { ...token, extra: { ...(old?.extra as object | undefined), ...token.extra } } : token,
      )
    },
  })),
  broken('keeps the object that it was given', inRecords.copyIn, () => {
    const tokens = new Map<string, WechatToken>()
    return {
      getToken: async (openid) => tokens.get(openid),
      saveToken: async (openid, token) => {
        tokens.set(openid, token)
      },
    }
  }),
  broken('keeps a shallow copy', inRecords.copyIn, () => {
    const tokens = new Map<string, WechatToken>()
    return {
      getToken: async (openid) => structuredClone(tokens.get(openid)),
      saveToken: async (openid, token) => {
        tokens.set(openid, { ...token })
      },
    }
  }),
  broken('reads the object after it returned', inRecords.copyIn, (right) => ({
    saveToken: async (openid, token) => {
      await sleep(1)
      await right.saveToken(openid, token)
    },
  })),
  broken('hands out the same object again', inRecords.copyOut, (right) => {
    const seen = new Map<string, WechatToken>()
    return {
      getToken: async (openid) => {
        const token = seen.get(openid) ?? (await right.getToken(openid))
        if (token) seen.set(openid, token)
        return token
      },
    }
  }),
  broken('hands out a shallow copy of the same object', inRecords.copyOut, () => {
    const tokens = new Map<string, WechatToken>()
    return {
      getToken: async (openid) => (tokens.has(openid) ? { ...tokens.get(openid)! } : undefined),
      saveToken: async (openid, token) => {
        tokens.set(openid, structuredClone(token))
      },
    }
  }),
  broken('writes on the object that it was given', inRecords.unchanged, (right) => ({
    saveToken: async (openid, token) => {
      token.id = openid
      await right.saveToken(openid, token)
    },
  })),
  broken('resolves before the record is saved', inRecords.saved, (right) => ({
    saveToken: async (openid, token) => {
      setTimeout(() => {
        right.saveToken(openid, token).catch(() => {})
      }, 20)
    },
  })),
  broken('keeps what it read, whatever others save', inRecords.shared, (right) => {
    const seen = new Map<string, string>()
    return {
      getToken: async (openid) => {
        const text = seen.get(openid) ?? JSON.stringify(await right.getToken(openid))
        seen.set(openid, text)
        return JSON.parse(text) as WechatToken
      },
      saveToken: async (openid, token) => {
        seen.set(openid, JSON.stringify(token))
        await right.saveToken(openid, token)
      },
    }
  }),
  broken('deletes nothing', inRecords.deleted, () => ({ deleteToken: async () => {} })),
  broken('deletes everything that begins so', inRecords.deleted, (_right, { records }) => ({
    deleteToken: async (openid) => {
      for (const key of records.keys()) if (key.startsWith(openid)) records.delete(key)
    },
  })),
  broken('keeps an empty record instead of a deleted one', inRecords.deleted, (right) => ({
    deleteToken: async (openid) => right.saveToken(openid, {} as WechatToken),
  })),
  broken('rejects where there is nothing to delete', inRecords.nothingToDelete, (right) => ({
    deleteToken: async (openid) => {
      if (!(await right.getToken(openid))) throw new StoreError('There is none.')
      await right.deleteToken(openid)
    },
  })),
]

const inKeys = {
  case: 'distinguishes keys by case',
  accents: 'distinguishes keys by accents, composed or decomposed',
  blanks: 'distinguishes keys by leading and trailing white space',
  signs: 'takes characters that are special to a database literally',
  long: 'accepts keys of 128 characters',
  prototype: 'accepts the names of properties that every JavaScript object has',
  app: 'accepts the keys of app-level credentials',
  wrong: 'rejects a key that is not a non-empty string with a TypeError',
}

const unchecked =
  (change: (key: string) => string): Change =>
  (right) => ({
    getToken: (openid) => right.getToken(change(openid)),
    saveToken: (openid, token) => right.saveToken(change(openid), token),
  })

const keyFaults: BrokenStore[] = [
  keys('ignores case', inKeys.case, (key) => key.toLowerCase()),
  keys('folds accents', inKeys.accents, (key) => key.normalize('NFD').replace(/\p{M}/gu, '')),
  keys('composes characters of keys', inKeys.accents, (key) => key.normalize('NFC')),
  keys('ignores blanks at the end', inKeys.blanks, (key) => key.replace(/ +$/, '')),
  keys('ignores white space', inKeys.blanks, (key) => key.trim()),
  broken('takes keys for patterns', inKeys.signs, (right, { records }) => ({
    getToken: async (openid) => {
      checkKey(openid)
      const pattern = new RegExp(
        `^${openid.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`.replaceAll('%', '.*').replaceAll('_', '.'),
        's',
      )
      const match = [...records.keys()].find((key) => pattern.test(key))
      return right.getToken(match ?? openid)
    },
  })),
  keys('treats a dot as a path', inKeys.signs, (key) => key.replaceAll('.', '_')),
  keys('unescapes keys', inKeys.signs, (key) => key.replaceAll('%25', '%')),
  keys('ends keys at a quote', inKeys.signs, (key) => key.split(/['"]/)[0]!),
  keys('cuts keys at 127 characters', inKeys.long, (key) => key.slice(0, 127)),
  broken('keeps records in a plain object', inKeys.prototype, () => {
    const tokens: Record<string, WechatToken> = {}
    return {
      getToken: async (openid) => tokens[openid] && { ...tokens[openid] },
      saveToken: async (openid, token) => {
        tokens[openid] = structuredClone(token)
      },
    }
  }),
  broken('copies its plain object', inKeys.prototype, () => {
    let tokens: Record<string, WechatToken> = {}
    return {
      getToken: async (openid) =>
        Object.hasOwn(tokens, openid) ? structuredClone(tokens[openid]) : undefined,
      saveToken: async (openid, token) => {
        tokens = { ...tokens }
        tokens[openid] = token
      },
    }
  }),
  keys('treats the part after a colon as the openid', inKeys.app, (key) => key.split(':').at(-1)!),
  broken('refuses keys that no openid can be', inKeys.app, (right) => ({
    saveToken: async (openid, token) => {
      if (openid.includes(':')) throw new TypeError('This is not an openid')
      await right.saveToken(openid, token)
    },
  })),
  broken(
    'makes keys of everything',
    inKeys.wrong,
    unchecked((key: unknown) => `token:${String(key)}`),
  ),
  broken(
    'takes an empty key',
    inKeys.wrong,
    unchecked((key) => (key === '' ? 'none' : key)),
  ),
  broken(
    'accepts an object as a key',
    inKeys.wrong,
    unchecked((key) => (typeof key === 'object' ? 'any' : key)),
  ),
  broken('saves without looking at the key', inKeys.wrong, () => ({ saveToken: async () => {} })),
  broken('deletes without looking at the key', inKeys.wrong, () => ({ deleteToken: async () => {} })),
  broken('locks without looking at the key', inKeys.wrong, (right) => ({
    withLock: (key: unknown, task, options) => right.withLock(String(key), task, options),
  })),
  broken('throws a TypeError instead of rejecting', inKeys.wrong, (right) => ({
    getToken: (openid) => {
      checkKey(openid)
      return right.getToken(openid)
    },
  })),
  broken('refuses a wrong key with an error of another kind', inKeys.wrong, (right) => ({
    getToken: async (openid) => {
      if (typeof openid !== 'string') throw new StoreError('This is not a key.')
      return right.getToken(openid)
    },
  })),
]

const inParallel = {
  oneKey: 'always returns one complete record, during and after 50 parallel writes to one key',
  manyKeys: 'does not mix up 50 records that are written and read in parallel',
}

const parallelFaults: BrokenStore[] = [
  broken('writes field by field', inParallel.oneKey, (_right, { records }) => ({
    saveToken: async (openid, token) => {
      const text = records.get(openid)?.text
      const record = text ? decodeRecord(text) : ({ openid } as WechatToken)
      for (const name of Object.keys(record)) if (!(name in token)) Reflect.deleteProperty(record, name)
      for (const [name, value] of Object.entries(token)) {
        record[name] = value
        await sleep(0)
        records.set(openid, { text: JSON.stringify(record), expiresAt: Infinity })
      }
    },
  })),
  broken('deletes, and then inserts', inParallel.oneKey, (right) => ({
    saveToken: async (openid, token) => {
      await sleep(Math.random() * 20)
      await right.deleteToken(openid)
      await sleep(5)
      await right.saveToken(openid, token)
    },
  })),
  broken('keeps the key of a call where the next call finds it', inParallel.manyKeys, (right) => {
    let current = ''
    return {
      saveToken: async (openid, token) => {
        current = openid
        await sleep(0)
        await right.saveToken(current, token)
      },
    }
  }),
  broken('shares its connection without telling the answers apart', inParallel.manyKeys, (right) => {
    const waiting: ((token: WechatToken | null | undefined) => void)[] = []
    return {
      getToken: (openid) =>
        new Promise((resolve, reject) => {
          waiting.push(resolve)
          sleep(Math.random() * 3)
            .then(() => right.getToken(openid))
            .then((token) => waiting.shift()!(token), reject)
        }),
    }
  }),
]

const inFailures = {
  down: 'rejects while its backend is down, and works again afterwards',
  keyFirst: 'rejects an invalid key without calling the backend',
  corrupt: 'rejects when the record is corrupt',
  corruptSaved: 'replaces a corrupt record on save',
  corruptDeleted: 'deletes a corrupt record',
}

const whenDown = (
  name: string,
  change: (error: StoreError, token: WechatToken, backend: Backend) => unknown,
): BrokenStore =>
  broken(name, inFailures.down, (right, backend) => ({
    saveToken: (openid, token) =>
      right
        .saveToken(openid, token)
        .catch((error: unknown) => change(error as StoreError, token, backend) as undefined),
  }))

const failureFaults: BrokenStore[] = [
  broken('finds no token while its backend is down', inFailures.down, (right) => ({
    getToken: (openid) => right.getToken(openid).catch(() => undefined),
  })),
  broken('finds nothing to delete while its backend is down', inFailures.down, (right) => ({
    deleteToken: (openid) => right.deleteToken(openid).catch(() => undefined),
  })),
  broken('runs the task of a lock while its backend is down', inFailures.down, (right, backend) => ({
    withLock: async <T>(key: string, task: Task<T>, options?: LockOptions) => {
      if (!backend.isDown) return right.withLock(key, task, options)
      await task(new AbortController().signal)
      throw lockError('The backend is down.')
    },
  })),
  whenDown('saves nothing and says nothing', () => undefined),
  whenDown('waits until its backend is up', () => new Promise(() => {})),
  whenDown('passes on what the driver throws', (_error, token) => Promise.reject(new DriverFailure(token))),
  whenDown('passes on what the driver throws as the cause', (error, token) =>
    Promise.reject(Object.assign(error, { cause: new DriverFailure(token) })),
  ),
  whenDown('has the values in its message', (_error, token) =>
    Promise.reject(new StoreError(`Could not save ${JSON.stringify(token)}`)),
  ),
  whenDown('has the values where only an inspection finds them', (error, token) =>
    Promise.reject(Object.defineProperty(error, 'record', { value: { token } })),
  ),
  whenDown('rejects with something that is not an error', () => Promise.reject({ code: 'ERR_WECHAT_STORE' })),
  broken('does not come back', inFailures.down, (right) => {
    let isBroken = false
    return {
      saveToken: async (openid, token) => {
        if (isBroken) throw new StoreError('The connection is closed.')
        await right.saveToken(openid, token).catch((error: unknown) => {
          isBroken = true
          throw error
        })
      },
    }
  }),
  broken('asks its backend before it looks at the key', inFailures.keyFirst, (right, backend) => ({
    getToken: async (openid) => {
      await attempt('read', () => backend.visit())
      return right.getToken(openid)
    },
  })),
  broken('finds no token where the record is corrupt', inFailures.corrupt, (right) => ({
    getToken: (openid) => right.getToken(openid).catch(() => undefined),
  })),
  broken('passes on what the parser throws', inFailures.corrupt, (_right, backend) => ({
    getToken: async (openid) => {
      const text = await backend.read(openid)
      return text === undefined ? undefined : (JSON.parse(text) as WechatToken)
    },
  })),
  broken('shows the corrupt record', inFailures.corrupt, (_right, backend) => ({
    getToken: async (openid) => {
      const text = await backend.read(openid)
      try {
        return text === undefined ? undefined : (JSON.parse(text) as WechatToken)
      } catch {
        throw new StoreError(`Not a record: ${text ?? ''}ess-token`)
      }
    },
  })),
  broken('says of a corrupt record that its backend failed', inFailures.corrupt, (right) => ({
    getToken: (openid) =>
      right.getToken(openid).catch(() => {
        throw new StoreError('The store failed to read')
      }),
  })),
  whenDown('says that the record is corrupt while its backend is down', () =>
    Promise.reject(corruptRecord()),
  ),
  broken('reads a record before it replaces it', inFailures.corruptSaved, (right) => ({
    saveToken: async (openid, token) => {
      await right.getToken(openid)
      await right.saveToken(openid, token)
    },
  })),
  broken('reads a record before it deletes it', inFailures.corruptDeleted, (right) => ({
    deleteToken: async (openid) => {
      await right.getToken(openid)
      await right.deleteToken(openid)
    },
  })),
]

class DriverFailure extends Error {
  readonly values: unknown

  constructor(values: unknown) {
    super('ER_DUP_ENTRY')
    this.values = values
  }
}

const inExpiry = {
  forgets: 'forgets a record when its lifetime has ended',
  counts: 'counts the lifetime from the last save',
}

const expiryFaults: BrokenStore[] = [
  broken('never forgets', inExpiry.forgets, (_right, backend) => ({
    ...bindMethods(new ReferenceStore(backend)),
  })),
  broken('takes seconds for milliseconds', inExpiry.counts, (_right, backend, ttl = Infinity) => ({
    ...bindMethods(new ReferenceStore(backend, ttl / 1000)),
  })),
  broken('counts from the first time that the record was saved', inExpiry.counts, (right, { records }) => ({
    saveToken: async (openid, token) => {
      const first = records.get(openid)?.expiresAt
      await right.saveToken(openid, token)
      if (first !== undefined) records.get(openid)!.expiresAt = first
    },
  })),
]

function bindMethods(store: TokenStore): Partial<TokenStore> {
  return {
    getToken: (openid) => store.getToken(openid),
    saveToken: (openid, token) => store.saveToken(openid, token),
  }
}

const inLocks = {
  value: 'runs the task and returns its value',
  exclusive: 'runs one task at a time across all stores on the same data',
  acrossStores: 'does not give a held lock to another store on the same data',
  wait: 'rejects with ERR_WECHAT_LOCK when the wait times out, and never runs the task',
  noWait: 'acquires a free lock even with a wait of 0',
  handedOn: 'hands over a lock as soon as it is released, before its lifetime ends',
  throws: 'releases the lock when the task rejects or throws, and rejects with the same error',
  lifetime: 'aborts the signal and lets the next holder in when the lifetime of the lock ends',
  late: 'does not release the lock of the next holder when an earlier holder finishes late',
  dead: 'frees the lock of a process that died when the lifetime of the lock ends',
  names: 'holds locks with different names at the same time',
  sameName: 'keeps a lock and a record with the same name separate',
  worksOn: 'keeps working while locks are held',
}

const lockFaults: BrokenStore[] = [
  locks(
    'forgets the value of the task',
    inLocks.value,
    (right) =>
      async <T>(key: string, task: Task<T>, options?: LockOptions) => {
        await right.withLock(key, task, options)
        return undefined as T
      },
  ),
  locks(
    'gives the task no signal',
    inLocks.value,
    (right) => (key, task, options) =>
      right.withLock(key, () => task(undefined as unknown as AbortSignal), options),
  ),
  locks('locks nothing', inLocks.exclusive, () => async (_key, task) => task(new AbortController().signal)),
  locks('asks, and then takes', inLocks.exclusive, (_right, backend) => async (key, task, options) => {
    const lock = backend.lock(key)
    return runLocked(
      {
        acquire: async (owner, ttl) => {
          if (backend.locks.has(key)) return false
          await sleep(1)
          backend.locks.delete(key)
          return lock.acquire(owner, ttl)
        },
        release: (owner) => lock.release(owner),
      },
      task,
      options,
    )
  }),
  locks('locks only itself', inLocks.acrossStores, () => {
    const own = new ReferenceStore(new Backend())
    return (key, task, options) => own.withLock(key, task, options)
  }),
  locks(
    'waits for ever',
    inLocks.wait,
    (_right, backend) => (key, task, options) =>
      runLocked(backend.lock(key), task, { ...options, wait: 1e9 }),
  ),
  locks(
    'waits as long as it wants when asked not to wait',
    inLocks.wait,
    (right) =>
      (key, task, { ttl, wait } = {}) =>
        right.withLock(key, task, { ttl: ttl!, wait: wait || 15_000 }),
  ),
  locks(
    'does not wait',
    inLocks.wait,
    (right) => (key, task, options) => right.withLock(key, task, { ...options, wait: 0 }),
  ),
  locks(
    'still runs the task when the wait times out',
    inLocks.wait,
    (right) => (key, task, options) =>
      right
        .withLock(key, task, options)
        .catch((error: unknown) =>
          error instanceof StoreError ? task(new AbortController().signal) : Promise.reject(error as Error),
        ),
  ),
  locks(
    'rejects with a plain error when the wait times out',
    inLocks.wait,
    (right) => (key, task, options) =>
      right.withLock(key, task, options).catch(() => Promise.reject(new Error('no lock'))),
  ),
  locks(
    'runs the task after the wait has timed out',
    inLocks.wait,
    (right) => (key, task, options) =>
      right.withLock(key, task, options).catch(async (error: unknown) => {
        void right.withLock(key, task, { ttl: 1000, wait: 15_000 }).catch(() => {})
        throw error
      }),
  ),
  locks(
    'looks at the clock before it asks for the lock',
    inLocks.noWait,
    (right) => async (key, task, options) => {
      if (options?.wait === 0) throw lockError('The wait has timed out.')
      return right.withLock(key, task, options)
    },
  ),
  locks(
    'never releases',
    inLocks.handedOn,
    (_right, backend) => (key, task, options) =>
      runLocked(
        { acquire: (owner, ttl) => backend.lock(key).acquire(owner, ttl), release: async () => {} },
        task,
        options,
      ),
  ),
  locks(
    'does not release when the task fails',
    inLocks.throws,
    (_right, backend) => async (key, task, options) => {
      let failed = false
      const watched: typeof task = async (signal) => {
        try {
          return await task(signal)
        } catch (error) {
          failed = true
          throw error
        }
      }
      const { acquire, release } = backend.lock(key)
      return runLocked(
        {
          acquire,
          release: async (owner) => {
            if (!failed) await release(owner)
          },
        },
        watched,
        options,
      )
    },
  ),
  locks(
    'does not release when the task throws',
    inLocks.throws,
    (_right, backend) => (key, task, options) => {
      const { acquire, release } = backend.lock(key)
      let threw = false
      return runLocked(
        {
          acquire,
          release: async (owner) => {
            if (!threw) await release(owner)
          },
        },
        (signal) => {
          threw = true
          const running = task(signal)
          threw = false
          return running
        },
        options,
      )
    },
  ),
  locks(
    'wraps what the task throws',
    inLocks.throws,
    (right) => (key, task, options) =>
      right
        .withLock(key, task, options)
        .catch((error: unknown) => Promise.reject(new StoreError('The task failed.', { error }))),
  ),
  locks(
    'holds a lock for as long as the task takes',
    inLocks.lifetime,
    (_right, backend) => (key, task, options) =>
      runLocked(
        { acquire: (owner) => backend.lock(key).acquire(owner, 1e9), release: backend.lock(key).release },
        task,
        options,
      ),
  ),
  locks(
    'fires no signal',
    inLocks.lifetime,
    (right) => (key, task, options) => right.withLock(key, () => task(new AbortController().signal), options),
  ),
  locks(
    'takes milliseconds for seconds',
    inLocks.lifetime,
    (right) =>
      (key, task, { ttl = 10_000, wait = 15_000 } = {}) =>
        right.withLock(key, task, { ttl: ttl / 1000, wait }),
  ),
  locks(
    'releases the lock of any holder',
    inLocks.late,
    (_right, backend) => (key, task, options) =>
      runLocked(
        {
          acquire: backend.lock(key).acquire,
          release: async () => {
            backend.locks.delete(key)
          },
        },
        task,
        options,
      ),
  ),
  locks(
    'counts on the holder to end the lifetime',
    inLocks.dead,
    (_right, backend) => async (key, task, options) =>
      runLocked(
        {
          acquire: async (owner, ttl) => {
            if (backend.locks.has(key)) return false
            setTimeout(() => backend.locks.delete(key), ttl).unref()
            return backend.lock(key).acquire(owner, ttl)
          },
          release: backend.lock(key).release,
        },
        task,
        options,
      ),
  ),
  locks(
    'has one lock for all names',
    inLocks.names,
    (right) => (_key, task, options) => right.withLock('the lock', task, options),
  ),
  locks(
    'ignores case in the names of locks',
    inLocks.names,
    (right) => (key, task, options) => right.withLock(key.toLowerCase(), task, options),
  ),
  locks(
    'cuts the names of locks at 64 characters',
    inLocks.names,
    (right) => (key, task, options) => right.withLock(key.slice(0, 64), task, options),
  ),
  locks(
    'keeps locks among the records',
    inLocks.sameName,
    (_right, backend) => (key, task, options) =>
      runLocked(
        {
          acquire: async (owner) => {
            if (await backend.read(key)) return false
            await backend.write(key, JSON.stringify({ openid: key, owner }))
            return true
          },
          release: async () => {
            await backend.delete(key)
          },
        },
        task,
        options,
      ),
  ),
  broken('deletes the lock with the record', inLocks.sameName, (right, backend) => ({
    deleteToken: async (openid) => {
      backend.locks.delete(openid)
      await right.deleteToken(openid)
    },
  })),
  broken('holds a connection of its pool while the task runs', inLocks.worksOn, (right, backend) => {
    const pool = makePool(backend, 10)
    return {
      getToken: (openid) => pool(() => right.getToken(openid)),
      withLock: (key, task, options) => pool(() => right.withLock(key, task, options)),
    }
  }),
]

const pools = new WeakMap<Backend, { free: number; waiting: (() => void)[] }>()

/** Runs calls on one of `size` connections; the others wait. */
function makePool(backend: Backend, size: number): <T>(call: () => Promise<T>) => Promise<T> {
  const pool = pools.get(backend) ?? { free: size, waiting: [] }
  pools.set(backend, pool)
  return async (call) => {
    if (pool.free > 0) pool.free -= 1
    else await new Promise<void>((resolve) => pool.waiting.push(resolve))
    try {
      return await call()
    } finally {
      const next = pool.waiting.shift()
      if (next) next()
      else pool.free += 1
    }
  }
}

export const brokenStores: readonly BrokenStore[] = [
  broken(
    'has no locks, and nobody says why',
    'covers every optional part of the contract, or its harness gives a reason',
    () => ({ withLock: undefined }) as unknown as Partial<TokenStore>,
  ),
  broken(
    'has locks, though its harness says that it has none',
    'covers every optional part of the contract, or its harness gives a reason',
    () => ({}),
    { without: { withLock: 'one process only' } },
  ),
  ...recordFaults,
  ...keyFaults,
  ...parallelFaults,
  ...failureFaults,
  ...expiryFaults,
  ...lockFaults,
]
