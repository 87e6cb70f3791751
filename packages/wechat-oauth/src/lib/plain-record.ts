import { types } from 'node:util'
import { StoreError } from '../errors.js'

type Fields = Record<string, unknown>

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}

/** Whether a value can be a record. Dates and bytes cannot, although they have a `toJSON` like records of ORMs. */
export function isRecord(value: unknown): value is Fields {
  return isObject(value) && !Array.isArray(value) && !types.isDate(value) && !ArrayBuffer.isView(value)
}

/**
 * Copies a record to a plain object. The fields of an ORM's object are getters of its class, which a copy loses. So it is asked
 * for a plain object, and then for the fields that are missing from it.
 *
 * @param names - the fields that the caller needs
 * @throws StoreError if the object cannot be read
 */
export function plainRecord(record: Fields, names: readonly string[]): Fields {
  try {
    const isPlain = names.some((name) => isField(readOwnField(record, name)))
    const plain = { ...(isPlain ? record : convert(record)) }
    for (const name of names) {
      const value = isField(plain[name]) ? undefined : record[name]
      if (isField(value)) plain[name] = value
    }
    return plain
  } catch (error) {
    throw new StoreError('The store returned a record that cannot be read', { error, reason: 'record' })
  }
}

/** Reads a field that a copy of the object would have. */
function readOwnField(record: Fields, name: string): unknown {
  return Object.prototype.propertyIsEnumerable.call(record, name) ? record[name] : undefined
}

function isField(value: unknown): boolean {
  return value !== undefined && typeof value !== 'function'
}

// The methods of mongoose, of most other ORMs, and of Sequelize.
const conversions: readonly (readonly [method: string, ...parameters: unknown[]])[] = [
  ['toObject'],
  ['toJSON'],
  ['get', { plain: true }],
]

function convert(record: Fields): Fields {
  for (const [name, ...parameters] of conversions) {
    const method = record[name]
    if (typeof method !== 'function') continue
    const result: unknown = Reflect.apply(method, record, parameters)
    if (isRecord(result)) return result
  }
  return record
}
