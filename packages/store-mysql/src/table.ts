import { TokenStoreError } from '@wechat-auth/wechat-oauth'
import { columnTypeOf, fieldsAsJson, numberAsText, type ColumnType } from './column-type.js'
import { autocommitOff, type Database } from './database.js'
import { columnDefinition, extraField, knownFields } from './schema.js'
import { quote } from './table-name.js'

export interface Column {
  readonly field: string
  /** Quoted. */
  readonly name: string
  readonly type: ColumnType
  readonly isNullable: boolean
}

export interface KeyColumn extends Column {
  /** Finds the row, by the index. Each of its parameters is the key. */
  readonly condition: string
}

/** A column that the application added. */
export interface OwnColumn extends Column {
  /** What it has in a new row where the record has no such field. */
  readonly initial: string
}

/** A table as it is found, of whatever make. */
export interface Table {
  /** Quoted. */
  readonly name: string
  readonly key: KeyColumn
  /** Known columns other than the key. */
  readonly known: readonly Column[]
  readonly extra: Column | undefined
  /** The application's columns that can be part of a record. */
  readonly own: readonly OwnColumn[]
  /** There are no columns but the key, the known ones and `extra`. */
  readonly isOursAlone: boolean
}

/** A line of `SHOW FULL COLUMNS`. */
interface ColumnFacts {
  name: string
  definition: string
  collation: string | null
  isNullable: boolean
  defaultValue: string | null
  remarks: string
}

/** Finds out what columns and keys a table has. @throws TokenStoreError when it cannot keep records, with what to do about it */
export async function findTable(database: Database, name: string, signal: AbortSignal): Promise<Table> {
  const columns = (await database.query(`SHOW FULL COLUMNS FROM ${name}`, signal)).map(columnFacts)
  checkKeys(name, columns, uniqueKeys(await database.query(`SHOW INDEX FROM ${name}`, signal)))
  const [settings] = await database.query('SELECT @@autocommit', signal)
  if (settings?.[0] !== '1') throw autocommitOff()
  return tableOf(name, columns)
}

function columnFacts(row: (string | null)[]): ColumnFacts {
  const [name, definition, collation, nullable, , defaultValue, remarks] = row
  return {
    name: name ?? '', definition: definition ?? '', collation: collation ?? null, isNullable: nullable === 'YES', defaultValue: defaultValue ?? null, remarks: remarks ?? '',
  }
}

function tableOf(name: string, columns: readonly ColumnFacts[]): Table {
  const known: Column[] = []
  const own: OwnColumn[] = []
  let key: KeyColumn | undefined
  let extra: Column | undefined
  for (const facts of columns) {
    // To the server, names that differ in case are the same.
    const field = facts.name.toLowerCase()
    if (field === 'openid') key = keyColumn(knownColumn(name, facts), facts.collation)
    else if (field === extraField) extra = knownColumn(name, facts)
    else if (isKnown(field)) known.push(knownColumn(name, facts))
    else {
      const column = ownColumn(facts)
      if (column) own.push(column)
    }
  }
  if (!key) throw unfit('has no column openid', name, `ADD COLUMN ${columnDefinition('openid')} PRIMARY KEY`)
  return { name, key, known, extra, own, isOursAlone: columns.length === 1 + known.length + (extra ? 1 : 0) }
}

function isKnown(field: string): boolean {
  return Object.hasOwn(knownFields, field)
}

function knownColumn(table: string, facts: ColumnFacts): Column {
  const field = facts.name.toLowerCase()
  const found = isFilledByServer(facts) ? undefined : columnTypeOf(facts.definition, facts.collation)
  const type = found && typeFor(field, found)
  if (!type) throw unfit(`has a column ${field} of another type`, table, `MODIFY COLUMN ${columnDefinition(field)}`)
  return { field, name: quote(facts.name), type, isNullable: facts.isNullable }
}

function typeFor(field: string, type: ColumnType): ColumnType | undefined {
  const isText = type.family === 'text' || type.family === 'bytes'
  if (field === extraField) return isText || type.family === 'json' ? fieldsAsJson(type) : undefined
  if (knownFields[field] === 'text') return isText ? type : undefined
  if (isText) return numberAsText(type)
  return type.family === 'number' ? type : undefined
}

/** `undefined` for a column that is left as it is: the server fills it, or what is in it could come to harm on the way. */
function ownColumn(facts: ColumnFacts): OwnColumn | undefined {
  const type = isFilledByServer(facts) ? undefined : columnTypeOf(facts.definition, facts.collation)
  if (!type?.isUnicode || type.family === 'bytes') return undefined
  const { isNullable, defaultValue } = facts
  const name = quote(facts.name)
  const column = { field: facts.name, name, type, isNullable }
  if (defaultValue !== null) return hasComputedDefault(facts) ? undefined : { ...column, initial: `DEFAULT(${name})` }
  if (isNullable) return { ...column, initial: 'NULL' }
  return type.family === 'json' ? undefined : { ...column, initial: type.family === 'number' ? '0' : `''` }
}

function isFilledByServer({ remarks }: ColumnFacts): boolean {
  return /auto_increment|on update|\bgenerated\b|persistent/i.test(remarks)
}

// MySQL's DEFAULT() knows only of values.
function hasComputedDefault({ remarks }: ColumnFacts): boolean {
  return /default_generated/i.test(remarks)
}

/**
 * Compared by the column's own collation, so that its index is used; and byte by byte as well, since collations take texts
 * for the same that differ in case, in accents, or in blanks at the end.
 */
function keyColumn(column: Column, collation: string | null): KeyColumn {
  const { name, type } = column
  if (collation === null) return { ...column, condition: `${name} = ${type.placeholder}` }
  const [charset = ''] = collation.split('_')
  const key = `CONVERT(${type.placeholder} USING ${charset}) COLLATE ${collation}`
  return { ...column, condition: `${name} = ${key} AND ${type.select(name)} = UNHEX(?)` }
}

interface UniqueKey {
  name: string
  parts: { column: string, isWhole: boolean }[]
}

function uniqueKeys(rows: (string | null)[][]): UniqueKey[] {
  const keys = new Map<string, UniqueKey>()
  for (const [, nonUnique, name, , column, , , prefix] of rows) {
    if (nonUnique !== '0' || name == null) continue
    const key = keys.get(name) ?? { name, parts: [] }
    key.parts.push({ column: (column ?? '').toLowerCase(), isWhole: prefix == null })
    keys.set(name, key)
  }
  return [...keys.values()]
}

function checkKeys(table: string, columns: readonly ColumnFacts[], keys: readonly UniqueKey[]): void {
  const isOpenid = ({ column, isWhole }: UniqueKey['parts'][number]): boolean => column === 'openid' && isWhole
  if (!keys.some(({ parts }) => parts.length === 1 && parts.every(isOpenid))) {
    throw unfit('has no unique key on openid alone, so that saving would add rows instead of replacing them', table, 'ADD UNIQUE KEY (`openid`)')
  }
  const counted = new Set(columns.filter(({ remarks }) => /auto_increment/i.test(remarks)).map(({ name }) => name.toLowerCase()))
  for (const { name, parts } of keys) {
    if (parts.some((part) => isOpenid(part) || counted.has(part.column))) continue
    throw unfit('has a second unique key, so that saving the token of one user could replace that of another', table, `DROP INDEX ${quote(name)}`)
  }
}

function unfit(what: string, table: string, change: string): TokenStoreError {
  return new TokenStoreError(`The table ${what}. ALTER TABLE ${table} ${change};`)
}
