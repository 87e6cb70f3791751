import { TokenStoreError, type WechatToken } from '@wechat-auth/wechat-oauth'
import { decodeRecord, isWellFormed } from '@wechat-auth/wechat-oauth/store-kit'
import { columnTypeOf } from './column-type.js'
import type { Parameter } from './database.js'
import { jsonOfAll, type Fields, type FieldValue } from './fields.js'
import { columnDefinition, definedType, extraField } from './schema.js'
import type { Column, OwnColumn, Table } from './table.js'

/** What a record is in a table. */
export interface Cells {
  readonly key: Parameter
  readonly known: readonly Parameter[]
  readonly extra: Parameter
  /** `undefined` where the record has no such field, so that the column stays as it is. */
  readonly own: readonly (Parameter | undefined)[]
}

/** @throws TokenStoreError when the table has no place for a field: it names the fields, and what to do */
export function cellsOf(table: Table, key: string, fields: Fields): Cells {
  const encodedKey = keyCell(table, key)
  if (encodedKey === undefined) throw noRoomForKey(table, key)
  const rest = new Map(fields)
  if (rest.get('openid') === key) rest.delete('openid')
  const known = table.known.map((column) => knownCell(column, rest))
  const own = table.own.map((column) => ownCell(column, rest))
  return { key: encodedKey, known, extra: extraCell(table, rest), own }
}

/** `undefined` for a key that has no room in the column, so that there is no record of it. */
export function keyCell(table: Table, key: string): string | undefined {
  return isWellFormed(key) ? table.key.type.encode(key) : undefined
}

function knownCell(column: Column, rest: Map<string, FieldValue>): Parameter {
  const { field, type, isNullable } = column
  const value = rest.get(field)
  const encoded = value === undefined ? undefined : type.encode(value)
  // Where a column cannot be NULL, its blank stands for that.
  if (encoded === undefined || (!isNullable && encoded === type.blank)) return isNullable ? null : type.blank
  rest.delete(field)
  return encoded
}

function ownCell({ field, type, isNullable }: OwnColumn, rest: Map<string, FieldValue>): Parameter | undefined {
  const value = rest.get(field)
  if (value === undefined) return undefined
  const encoded = type.encode(value)
  if (encoded !== undefined) {
    rest.delete(field)
    return encoded
  }
  return isNullable ? null : undefined
}

function extraCell(table: Table, rest: Map<string, FieldValue>): Parameter {
  const { extra } = table
  if (!extra) {
    // A table without room for others has room for these: they are what an absent field is read as.
    const lost = new Map([...rest].filter(([, value]) => value !== null && value !== ''))
    if (lost.size > 0) throw noRoom(table, lost)
    return null
  }
  if (rest.size === 0) return extra.isNullable ? null : extra.type.blank
  const encoded = extra.type.encode(jsonOfAll(rest))
  if (encoded === undefined) throw noRoom(table, rest)
  return encoded
}

/** @param row - of the columns that `readColumns` lists. @throws TokenStoreError when what is there is no record */
export function recordOf(table: Table, key: string, row: readonly (Buffer | null)[]): WechatToken {
  const record: Record<string, unknown> = { openid: key }
  let others: object = {}
  for (const [index, column] of readColumns(table).entries()) {
    const text = row[index]?.toString()
    if (text === undefined || isBlank(table, column, text)) continue
    if (column === table.extra) {
      others = decodeRecord(text)
      continue
    }
    const value = column.type.decode(text)
    if (value !== undefined) record[column.field] = value
  }
  return { ...record, ...others } as WechatToken
}

/** What is asked for. */
export function readColumns({ known, own, extra }: Table): Column[] {
  return [...known, ...own, ...(extra ? [extra] : [])]
}

/** Stands for nothing, where the column cannot be NULL. */
function isBlank(table: Table, column: Column, text: string): boolean {
  return column === table.extra ? text === '' : !column.isNullable && text === column.type.blank && table.known.includes(column)
}

function noRoomForKey(table: Table, key: string): TokenStoreError {
  if (!isWellFormed(key) || !isRoomy('openid', key)) return new TokenStoreError('The key is too long for a table, or no Unicode text.')
  return new TokenStoreError(`The column openid has no room for the key. ALTER TABLE ${table.name} MODIFY COLUMN ${columnDefinition('openid')};`)
}

const longestName = 64
const mostNames = 10

function noRoom(table: Table, fields: Fields): TokenStoreError {
  const names = [...fields.keys()].slice(0, mostNames).map((name) => JSON.stringify(name.slice(0, longestName)))
  return new TokenStoreError(`The table has no room for ${names.join(', ')}. ALTER TABLE ${table.name} ${changesFor(table, fields).join(', ')};`)
}

/** What makes room: a column of our own make for each field that fits into it, else the one that everything fits into. */
function changesFor({ key, known, extra }: Table, fields: Fields): string[] {
  const present = new Set([key, ...known, ...(extra ? [extra] : [])].map(({ field }) => field))
  const wanted = [...fields].map(([field, value]) => (!extra && isRoomy(field, value) ? field : extraField))
  return [...new Set(wanted)].map((field) => `${present.has(field) ? 'MODIFY' : 'ADD'} COLUMN ${columnDefinition(field)}`)
}

function isRoomy(field: string, value: FieldValue): boolean {
  const type = definedType(field)
  return type !== undefined && columnTypeOf(type, 'utf8mb4_bin')?.encode(value) !== undefined
}
