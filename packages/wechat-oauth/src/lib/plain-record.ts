import { types } from 'node:util'
import { StoreError } from '../errors.js'

type Fields = Record<string, unknown>

/** Whether a store may have meant this as a record. Dates and bytes have a `toJSON` as records of ORMs do. */
export function isRecord(value: unknown): value is Fields {
  const isObject = typeof value === 'object' && value !== null
  return isObject && !Array.isArray(value) && !types.isDate(value) && !ArrayBuffer.isView(value)
}

/**
 * A copy of a record, as a plain object. An ORM hands out objects whose fields are getters of a class, which
 * a copy loses: such an object is asked for a plain one, and then for the fields that this still lacks.
 *
 * @param names - the fields that count
 * @throws StoreError where the object cannot be read
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
    throw new StoreError('The store answered a record that cannot be read.', { error, reason: 'record' })
  }
}

/** What a copy would have. */
function readOwnField(record: Fields, name: string): unknown {
  return Object.prototype.propertyIsEnumerable.call(record, name) ? record[name] : undefined
}

function isField(value: unknown): boolean {
  return value !== undefined && typeof value !== 'function'
}

// Of mongoose, of most others, and of Sequelize.
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
