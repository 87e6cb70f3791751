import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, type KeyObject } from 'node:crypto'
import { WechatDecryptError } from '../errors.js'
import { checkWellFormedKey } from '../lib/arguments.js'
import { plainToken } from './token.js'
import type { LockOptions, TokenStore, WechatToken } from '../types.js'
import { isWellFormed } from '../lib/well-formed.js'
import { refuseWrongNames } from '../lib/wrong-names.js'

export interface EncryptionKey {
  /** Is stored with every value that this key encrypts: 1 to 32 characters of `A-Z a-z 0-9 _ -`. */
  id: string
  /** 32 random bytes. Do not keep them in the same database. */
  key: Uint8Array
}

export interface EncryptedTokenStoreOptions {
  /** The first key encrypts. All keys decrypt. */
  keys: readonly EncryptionKey[]
  /** Also read values that are not encrypted, until all existing records are. Default `false`. */
  acceptPlaintext?: boolean
}

const version = 'v1'
const prefix = 'enc:'
const form = /^enc:v1:([\w-]{1,32}):([\w-]+)$/
const secretFields = ['access_token', 'refresh_token', 'session_key'] as const

const algorithm = 'aes-256-gcm'
const keyLength = 32
const ivLength = 12
const tagLength = 16

/**
 * Wraps a token store so that access_token, refresh_token and session_key are encrypted (AES-256-GCM). Other fields stay as they
 * are. A value can be decrypted only in its own field of its own record, and not after it was copied to another user.
 *
 * The result has `deleteToken` and `withLock` if `store` has them. `getToken` rejects with a `WechatDecryptError`, `reason`
 * `stored`, if a value cannot be decrypted, or is plain text without `acceptPlaintext`. A login replaces such a record.
 *
 * @throws TypeError that names the wrong option
 */
export function encryptedTokenStore(store: TokenStore, options: EncryptedTokenStoreOptions): TokenStore {
  checkStore(store)
  refuseWrongNames('encryptedTokenStore', options, {
    'keys: [{ id, key }]': ['key', 'secret', 'secrets'],
    acceptPlaintext: ['acceptPlainText'],
  })
  const { keys, acceptPlaintext = false } = options
  if (typeof acceptPlaintext !== 'boolean') throw new TypeError('acceptPlaintext must be true or false')
  const { all, first } = readKeys(keys)
  const { deleteToken, withLock } = store as OptionalMethods

  return {
    getToken: async (openid) => {
      checkWellFormedKey(openid)
      const record: unknown = await store.getToken(openid)
      if (record === null || record === undefined) return record
      return changeSecrets(plainToken(record), (value, field) => {
        if (typeof value === 'string' && !value.startsWith(prefix) && acceptPlaintext) return value
        return decrypt(value, field, openid, all)
      })
    },
    saveToken: async (openid, token) => {
      checkWellFormedKey(openid)
      await store.saveToken(
        openid,
        changeSecrets(token, (value, field) => encrypt(value, field, openid, first)),
      )
    },
    ...(deleteToken && { deleteToken: (openid) => deleteToken.call(store, openid) }),
    ...(withLock && {
      withLock: (key, task, lockOptions) =>
        withLock.call(store, key, task, lockOptions) as ReturnType<typeof task>,
    }),
  }
}

interface OptionalMethods {
  deleteToken?: (this: TokenStore, openid: string) => Promise<void>
  withLock?: (
    this: TokenStore,
    key: string,
    task: (signal: AbortSignal) => Promise<unknown>,
    options?: LockOptions,
  ) => Promise<unknown>
}

function checkStore(store: unknown): void {
  const { getToken, saveToken } = (store ?? {}) as Record<string, unknown>
  if (typeof getToken !== 'function' || typeof saveToken !== 'function')
    throw new TypeError('store must have the methods getToken and saveToken')
}

interface SecretKey {
  id: string
  key: KeyObject
}

function readKeys(keys: unknown): { all: Map<string, KeyObject>; first: SecretKey } {
  const all = new Map<string, KeyObject>()
  let first: SecretKey | undefined
  for (const { id, key } of Array.isArray(keys) ? keys.map(readKey) : []) {
    if (all.has(id)) throw new TypeError('keys must have different ids')
    all.set(id, key)
    first ??= { id, key }
  }
  if (!first) throw new TypeError('keys must be an array of at least one { id, key }')
  return { all, first }
}

function readKey(entry: unknown): SecretKey {
  const { id, key } = (entry ?? {}) as Record<string, unknown>
  if (typeof id !== 'string' || !/^[\w-]{1,32}$/.test(id))
    throw new TypeError('The id of a key must be 1 to 32 characters of A-Z a-z 0-9 _ -')
  if (!(key instanceof Uint8Array) || key.length !== keyLength)
    throw new TypeError(`A key must be a Buffer or Uint8Array of exactly ${keyLength} bytes`)
  return { id, key: createSecretKey(key) }
}

/** Copies a token and passes its secret fields through `change`. */
function changeSecrets(token: WechatToken, change: (value: unknown, field: string) => string): WechatToken {
  const copy = { ...token }
  for (const field of secretFields) {
    const value: unknown = copy[field]
    if (value !== undefined && value !== null && value !== '') copy[field] = change(value, field)
  }
  return copy
}

function encrypt(value: unknown, field: string, openid: string, { id, key }: SecretKey): string {
  // Text that UTF-8 cannot encode would be decrypted to another text.
  if (typeof value !== 'string' || !isWellFormed(value))
    throw new TypeError(`${field} must be a well-formed string`)
  const iv = randomBytes(ivLength)
  const cipher = createCipheriv(algorithm, key, iv, { authTagLength: tagLength })
  cipher.setAAD(context(id, field, openid))
  const bytes = Buffer.concat([iv, cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return `${prefix}${version}:${id}:${bytes.toString('base64url')}`
}

function decrypt(value: unknown, field: string, openid: string, keys: Map<string, KeyObject>): string {
  if (typeof value !== 'string' || !value.startsWith(prefix)) throw failure(field, 'is not encrypted')
  const [, id = '', text = ''] = form.exec(value) ?? []
  const key = keys.get(id)
  if (!key) throw failure(field, 'is damaged, or encrypted with a key that is not in keys')
  const bytes = Buffer.from(text, 'base64url')
  // Several base64 texts decode to the same bytes, but only one of them was written.
  if (bytes.length < ivLength + tagLength || bytes.toString('base64url') !== text)
    throw failure(field, 'is damaged')
  try {
    const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, ivLength), {
      authTagLength: tagLength,
    })
    decipher.setAAD(context(id, field, openid))
    decipher.setAuthTag(bytes.subarray(-tagLength))
    return Buffer.concat([decipher.update(bytes.subarray(ivLength, -tagLength)), decipher.final()]).toString(
      'utf8',
    )
  } catch {
    throw failure(
      field,
      'cannot be decrypted: it was encrypted with another key, belongs to another record, or is damaged',
    )
  }
}

/** The context that a value is bound to. Each part has its length, so that no two contexts have the same bytes. */
function context(id: string, field: string, openid: string): Buffer {
  return Buffer.concat(
    [version, id, field, openid].flatMap((part) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(Buffer.byteLength(part))
      return [length, Buffer.from(part)]
    }),
  )
}

function failure(field: string, problem: string): WechatDecryptError {
  return new WechatDecryptError(`The ${field} in the token store ${problem}`, 'stored')
}
