import { StoreError, type WechatToken } from '@wechat-auth/wechat-oauth'
import { decodeRecord, isWellFormed } from '@wechat-auth/wechat-oauth/store-kit'
import { parseColumnType } from './column-type.js'
import { type Field, type FieldValue, toJsonObject } from './fields.js'
import { isDispensable, warnOfLeftOut } from './left-out.js'
import { columnDefinition, definedType, extraField } from './schema.js'
import type { Row } from './statement-runner.js'
import type { Column, Table } from './table.js'

/** The text of a column, or NULL. */
export type Cell = string | null

/** A record in the form of a row. */
export interface Cells {
  readonly key: string
  /** The cells of the table's columns; `undefined` for a column that must not change. */
  readonly columns: readonly (Cell | undefined)[]
  readonly extra: Cell
}

/**
 * Converts a record to a row. If the table has no place for a unionid or the mark of a snapshot user, they are left out
 * with a warning.
 *
 * @throws StoreError that names the fields and the remedy if the table has no place for another field
 */
export function toCells(table: Table, key: string, fields: readonly Field[]): Cells {
  const keyText = toKeyCell(table, key)
  if (keyText === undefined) throw noRoomForKey(table, key)
  const columns: (Cell | undefined)[] = table.columns.map(absent)
  const rest: Field[] = []
  for (const field of fields) {
    const [name, value] = field
    const index = table.indexes.get(name)
    const column = index === undefined ? undefined : table.columns[index]
    const encoded = column?.type.encode(value)
    if (column && index !== undefined && encoded !== undefined && !isBlank(column, encoded))
      columns[index] = encoded
    else if (name !== 'openid' || value !== key) {
      rest.push(field)
      if (column?.isNullable && index !== undefined) columns[index] = null
    }
  }
  return { key: keyText, columns, extra: toExtraCell(table, rest) }
}

/** Returns `undefined` for a key that does not fit into the column, so it cannot have a record. */
export function toKeyCell(table: Table, key: string): string | undefined {
  return isWellFormed(key) ? table.key.type.encode(key) : undefined
}

/** The cell for a field that the record does not have. */
function absent({ isOurs, isNullable, type }: Column): Cell | undefined {
  if (!isOurs) return undefined
  return isNullable ? null : type.blank
}

/** Whether the text stands for an absent field in a column of ours that cannot be NULL. */
function isBlank({ isOurs, isNullable, type }: Column, text: string): boolean {
  return isOurs && !isNullable && text === type.blank
}

function toExtraCell(table: Table, rest: readonly Field[]): Cell {
  const { extra } = table
  if (!extra) {
    // Fields with these values need no column, because an absent field is equivalent.
    const lost = rest.filter(([, value]) => value !== null && value !== '')
    if (lost.some(([name]) => !isDispensable(table, name))) throw noRoom(table, lost)
    if (lost.length > 0) warnOfLeftOut(table)
    return null
  }
  if (rest.length === 0) return extra.isNullable ? null : extra.type.blank
  const encoded = extra.type.encode(toJsonObject(rest))
  if (encoded === undefined) throw noRoom(table, rest)
  return encoded
}

/** @param row - the table's columns, followed by `extra` if the table has it. @throws StoreError if it is not a record */
export function toRecord({ columns, extra }: Table, key: string, row: Row): WechatToken {
  const record: Record<string, unknown> = { openid: key }
  for (let index = 0; index < columns.length; index += 1) {
    const bytes = row[index]
    const column = columns[index]
    if (!bytes || !column) continue
    const text = bytes.toString()
    if (isBlank(column, text)) continue
    const value = column.type.decode(text)
    if (value !== undefined) record[column.field] = value
  }
  const others = extra && row[columns.length]?.toString()
  return (others ? joined(record, decodeRecord(others)) : record) as WechatToken
}

function joined(record: Record<string, unknown>, others: Record<string, unknown>): Record<string, unknown> {
  // Only spreading treats __proto__ as an ordinary field, but it takes six times as long.
  return Object.hasOwn(others, '__proto__') ? { ...record, ...others } : Object.assign(record, others)
}

function noRoomForKey(table: Table, key: string): StoreError {
  if (!isWellFormed(key) || !isRoomy('openid', key))
    return new StoreError('The key is too long for a table, or is not well-formed Unicode')
  return new StoreError(
    `The column openid is too short for the key. Run ALTER TABLE ${table.name} MODIFY COLUMN ${columnDefinition('openid')};`,
  )
}

const longestName = 64
const mostNames = 10

function noRoom(table: Table, fields: readonly Field[]): StoreError {
  const names = fields.slice(0, mostNames).map(([name]) => JSON.stringify(name.slice(0, longestName)))
  return new StoreError(
    `The table has no room for ${names.join(', ')}. Run ALTER TABLE ${table.name} ${suggestChanges(table, fields).join(', ')};`,
  )
}

/** Returns the changes that make room: our own column for each field that fits into it, otherwise the column for all other fields. */
function suggestChanges({ key, indexes, extra }: Table, fields: readonly Field[]): string[] {
  const isPresent = (field: string): boolean =>
    indexes.has(field) || (field === extraField && extra !== undefined)
  const hasOwn = ([name, value]: Field): boolean => !extra && name !== key.field && isRoomy(name, value)
  const wanted = fields.map((field) => (hasOwn(field) ? field[0] : extraField))
  return [...new Set(wanted)].map(
    (field) => `${isPresent(field) ? 'MODIFY' : 'ADD'} COLUMN ${columnDefinition(field)}`,
  )
}

function isRoomy(field: string, value: FieldValue): boolean {
  const type = definedType(field)
  return type !== undefined && parseColumnType(type, 'utf8mb4_bin')?.encode(value) !== undefined
}
