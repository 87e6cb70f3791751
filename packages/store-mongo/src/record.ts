import { types } from 'node:util'
import type { WechatToken } from '@wechat-auth/wechat-oauth'
import { corruptRecord, toNumber, toTime } from '@wechat-auth/wechat-oauth/store-kit'
import { escapeName, unescapeName } from './field-names.js'

/** MongoDB's own limit. */
const deepest = 100

const texts = ['access_token', 'refresh_token', 'scope', 'unionid', 'session_key'] as const
const numbers = ['expires_in', 'create_at'] as const

/** The fields that MongoDB and mongoose add to a document. A token's own fields with these names are escaped. */
const ownNames = new Set(['_id', '__v'])

/**
 * Copies a token into a document, with names that MongoDB accepts.
 *
 * @throws TypeError if the token contains something that cannot be kept
 */
export function toDocument(openid: string, token: WechatToken): object {
  if (!isRecord(token)) throw new TypeError('A token must be an object')
  const misfit = findMisfit(token)
  if (misfit !== undefined) throw new TypeError(`The field ${misfit} of a token has the wrong type`)
  const document = fieldsToBson(token, 1)
  document.openid = openid
  return document
}

/**
 * Reads the token of a document. The document may come from the schema in the README of the package wechat-oauth, which keeps
 * create_at as text, or from a schema that keeps it as a date.
 *
 * @throws StoreError if the document is not a token of this openid
 */
export function fromDocument(openid: string, document: object): WechatToken {
  const token = fieldsFromBson(document, ownNames)
  const [expiresIn, createAt] = [toNumber(token.expires_in), toTime(token.create_at)]
  if (expiresIn !== undefined) token.expires_in = expiresIn
  if (createAt !== undefined) token.create_at = createAt
  // A query for a text also matches lists that contain it and, if the collection has a collation, similar texts.
  if (token.openid !== openid || findMisfit(token) !== undefined) throw corruptRecord()
  return token as WechatToken
}

/** Returns the name of a field whose type differs from WeChat's, if any. */
function findMisfit(token: Record<string, unknown>): string | undefined {
  return (
    texts.find((name) => !isAbsent(token[name]) && typeof token[name] !== 'string') ??
    numbers.find((name) => !isAbsent(token[name]) && toNumber(token[name]) === undefined)
  )
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function fieldsToBson(fields: object, depth: number): Record<string, unknown> {
  if (depth > deepest) throw new TypeError(`A token must not be nested deeper than ${deepest} levels`)
  const document: Record<string, unknown> = {}
  for (const name of Object.keys(fields)) {
    if (name === '__proto__') throw new TypeError('A token must not have a field __proto__')
    const value = (fields as Record<string, unknown>)[name]
    if (value !== undefined) document[escapeName(name)] = toBson(value, depth)
  }
  return document
}

function toBson(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint' || typeof value === 'function' || typeof value === 'symbol') {
    throw new TypeError(`A token must not hold a ${typeof value}`)
  }
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value))
    return value.map((item: unknown) => (item === undefined ? null : toBson(item, depth + 1)))
  if (types.isDate(value)) return new Date(value)
  if (types.isUint8Array(value)) return Buffer.from(value)
  if (isBsonValue(value)) return value
  const { toJSON } = value as { toJSON?: unknown }
  if (typeof toJSON === 'function') return toBson(Reflect.apply(toJSON, value, []), depth + 1)
  return fieldsToBson(value, depth + 1)
}

function fieldsFromBson(fields: object, omitted?: ReadonlySet<string>): Record<string, unknown> {
  const token: Record<string, unknown> = {}
  for (const key of Object.keys(fields)) {
    if (omitted?.has(key)) continue
    const name = unescapeName(key)
    if (name === '__proto__') throw corruptRecord()
    token[name] = fromBson((fields as Record<string, unknown>)[key])
  }
  return token
}

function fromBson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(fromBson)
  if (isBsonValue(value)) return numeric.has(value._bsontype) ? Number(value) : value
  return isPlain(value) ? fieldsFromBson(value) : value
}

/** The driver's number types. */
const numeric = new Set(['Long', 'Int32', 'Double', 'Decimal128'])

/** Whether this is an object of the driver's classes, and not parsed data that only looks like one. */
function isBsonValue(value: object): value is { _bsontype: string } {
  return '_bsontype' in value && !Object.hasOwn(value, '_bsontype')
}

// Also true for an object of another realm, as test runners create them.
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
