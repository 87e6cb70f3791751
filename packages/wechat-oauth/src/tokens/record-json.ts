import { StoreError } from '../errors.js'
import { isRecord } from '../lib/plain-record.js'
import type { StoredSession } from '../session-contracts.js'
import type { WechatToken } from '../types.js'
import { asStoreError } from './store-failures.js'

/**
 * The JSON of a record or session.
 *
 * @param what - what the store does with it: completes "failed to …"
 * @throws StoreError if the record cannot be serialized, e.g. because it is circular
 */
export function encodeRecord(record: object, what: string): string {
  try {
    return JSON.stringify(record)
  } catch (error) {
    throw asStoreError(error, what)
  }
}

/**
 * Parses the JSON of a record.
 *
 * @param text - what the backend returned
 * @throws StoreError with the `reason` `record` if it is not the JSON of an object
 */
export function decodeRecord(text: unknown): WechatToken {
  if (typeof text !== 'string') throw corruptRecord()
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw corruptRecord()
  }
  if (!isRecord(value)) throw corruptRecord()
  return value as WechatToken
}

/**
 * Parses the JSON of a session.
 *
 * @param text - what the backend returned
 * @throws StoreError with the `reason` `record` if it is not the JSON of an object with a `userId`
 */
export function decodeSession(text: unknown): StoredSession {
  const session: unknown = decodeRecord(text)
  if (typeof (session as StoredSession).userId !== 'string') throw corruptRecord()
  return session as StoredSession
}

/**
 * The error for a key that holds something other than a record. Its `reason` is `record`: a login replaces what the key
 * holds. Throw it only after the backend has answered.
 */
export function corruptRecord(): StoreError {
  return new StoreError('The store holds something that is not a record', { reason: 'record' })
}
