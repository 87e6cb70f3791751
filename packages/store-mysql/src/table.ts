import { StoreError } from '@wechat-auth/wechat-oauth'
import { toNumber, toTime } from '@wechat-auth/wechat-oauth/store-kit'
import { type ColumnType, fieldsAsJson, numberAsText, parseColumnType } from './column-type.js'
import { columnDefinition, extraField, knownFields } from './schema.js'
import { autocommitOff, type StatementRunner, type TextRow } from './statement-runner.js'
import { quoteName } from './table-name.js'

export interface Column {
  readonly field: string
  /** Quoted. */
  readonly name: string
  readonly type: ColumnType
  readonly isNullable: boolean
  /** Whether it belongs to a field of ours; otherwise the application has added it. */
  readonly isOurs: boolean
  /** The SQL for its value in a new row if the record has no such field. */
  readonly initial: string
}

export interface KeyColumn extends Column {
  /** Finds the row by the index. Each parameter is the key. */
  readonly condition: string
}

/** An existing table of any layout. */
export interface Table {
  /** Quoted. */
  readonly name: string
  readonly key: KeyColumn
  /** The columns for fields of a record, except `openid` and `extra`. */
  readonly columns: readonly Column[]
  /** The index in `columns` for each field. */
  readonly indexes: ReadonlyMap<string, number>
  readonly extra: Column | undefined
  /** Whether all columns are ours. */
  readonly isOursAlone: boolean
}

/** A row of `SHOW FULL COLUMNS`. */
interface ColumnFacts {
  name: string
  definition: string
  collation: string | null
  isNullable: boolean
  defaultValue: string | null
  remarks: string
}

/** Reads the columns and keys of a table. @throws StoreError with the remedy if the table cannot keep records */
export async function findTable(statements: StatementRunner, name: string): Promise<Table> {
  const columns = (await statements.query(`SHOW FULL COLUMNS FROM ${name}`)).map(parseColumn)
  const table = toTable(name, columns)
  checkKeys(name, columns, readUniqueKeys(await statements.query(`SHOW INDEX FROM ${name}`)))
  const [settings] = await statements.query('SELECT @@autocommit')
  if (settings?.[0] !== '1') throw autocommitOff()
  return table
}

function parseColumn(row: TextRow): ColumnFacts {
  const [name, definition, collation, nullable, , defaultValue, remarks] = row
  return {
    name: name ?? '',
    definition: definition ?? '',
    collation: collation ?? null,
    isNullable: nullable === 'YES',
    defaultValue: defaultValue ?? null,
    remarks: remarks ?? '',
  }
}

function toTable(name: string, facts: readonly ColumnFacts[]): Table {
  const columns: Column[] = []
  let key: KeyColumn | undefined
  let extra: Column | undefined
  for (const found of facts) {
    // The server ignores the case of column names.
    const field = found.name.toLowerCase()
    if (field === 'openid') key = toKeyColumn(toOurColumn(name, found), found.collation)
    else if (field === extraField) extra = toOurColumn(name, found)
    else {
      const column = isKnown(field) ? toOurColumn(name, found) : toOwnColumn(found)
      if (column) columns.push(column)
    }
  }
  if (!key) throw unfit('has no column openid', name, `ADD COLUMN ${columnDefinition('openid')} PRIMARY KEY`)
  return {
    name,
    key,
    columns,
    indexes: new Map(columns.map(({ field }, index) => [field, index])),
    extra,
    isOursAlone: facts.every((found) => isOurName(found.name.toLowerCase())),
  }
}

function isOurName(field: string): boolean {
  return isKnown(field) || field === extraField
}

function isKnown(field: string): boolean {
  return Object.hasOwn(knownFields, field)
}

function toOurColumn(table: string, facts: ColumnFacts): Column {
  const field = facts.name.toLowerCase()
  const found = isFilledByServer(facts) ? undefined : parseColumnType(facts.definition, facts.collation)
  const type = found && chooseType(field, found)
  if (!type) throw unfit(`has a column ${field} of the wrong type`, table, suggestChange(table, field, facts))
  return { field, name: quoteName(facts.name), type, isNullable: facts.isNullable, isOurs: true, initial: '' }
}

/** Returns the change, after `ALTER TABLE … `, for a column of ours that has another type. */
function suggestChange(table: string, field: string, { name, definition }: ColumnFacts): string {
  const [dates] = /^(?:datetime|timestamp|date)\b(?:\(\d\))?/i.exec(definition) ?? []
  if (dates === undefined || field !== 'create_at') return `MODIFY COLUMN ${columnDefinition(field)}`
  // MODIFY turns the digits of a date into one number, which is a time in the far future.
  const kept = quoteName(`${name}_date`)
  const change = `CHANGE COLUMN ${quoteName(name)} ${kept} ${dates} NULL, ADD COLUMN ${columnDefinition(field)}`
  return `${change}; UPDATE ${table} SET ${quoteName(field)} = UNIX_TIMESTAMP(${kept}) * 1000`
}

function chooseType(field: string, type: ColumnType): ColumnType | undefined {
  const isText = type.family === 'text' || type.family === 'bytes'
  if (field === extraField) return isText || type.family === 'json' ? fieldsAsJson(type) : undefined
  if (knownFields[field] === 'text') return isText ? type : undefined
  if (isText) return numberAsText(type, field === 'create_at' ? toTime : toNumber)
  return type.family === 'number' ? type : undefined
}

/** Returns `undefined` for a column that the store must not write: the server fills it, or its values could be damaged. */
function toOwnColumn(facts: ColumnFacts): Column | undefined {
  const type = isFilledByServer(facts) ? undefined : parseColumnType(facts.definition, facts.collation)
  if (!type?.isUnicode || type.family === 'bytes') return undefined
  const { isNullable, defaultValue } = facts
  const name = quoteName(facts.name)
  const column = { field: facts.name, name, type, isNullable, isOurs: false }
  if (defaultValue !== null)
    return hasComputedDefault(facts) ? undefined : { ...column, initial: `DEFAULT(${name})` }
  if (isNullable) return { ...column, initial: 'NULL' }
  return type.family === 'json' ? undefined : { ...column, initial: type.family === 'number' ? '0' : `''` }
}

function isFilledByServer({ remarks }: ColumnFacts): boolean {
  return /auto_increment|on update|\bgenerated\b|persistent/i.test(remarks)
}

// MySQL's DEFAULT() supports only constant defaults.
function hasComputedDefault({ remarks }: ColumnFacts): boolean {
  return /default_generated/i.test(remarks)
}

/**
 * Compares by the column's own collation, so that its index is used, and byte by byte, because collations ignore
 * differences in case, accents or trailing blanks.
 */
function toKeyColumn(column: Column, collation: string | null): KeyColumn {
  const { name, type } = column
  if (collation === null) return { ...column, condition: `${name} = ${type.placeholder}` }
  const [charset = ''] = collation.split('_')
  const key = `CONVERT(${type.placeholder} USING ${charset}) COLLATE ${collation}`
  return { ...column, condition: `${name} = ${key} AND ${type.select(name)} = CAST(? AS BINARY)` }
}

interface UniqueKey {
  name: string
  parts: { column: string; isWhole: boolean }[]
}

function readUniqueKeys(rows: readonly TextRow[]): UniqueKey[] {
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
  const isOpenid = ({ column, isWhole }: UniqueKey['parts'][number]): boolean =>
    column === 'openid' && isWhole
  if (!keys.some(({ parts }) => parts.length === 1 && parts.every(isOpenid))) {
    throw unfit(
      'has no unique key on openid alone, so that saving would add rows instead of replacing them',
      table,
      'ADD UNIQUE KEY (`openid`)',
    )
  }
  const counted = new Set(
    columns.filter(({ remarks }) => /auto_increment/i.test(remarks)).map(({ name }) => name.toLowerCase()),
  )
  for (const { name, parts } of keys) {
    if (parts.some((part) => isOpenid(part) || counted.has(part.column))) continue
    throw unfit(
      'has a second unique key, so that saving the token of one user could replace that of another',
      table,
      `DROP INDEX ${quoteName(name)}`,
    )
  }
}

function unfit(what: string, table: string, change: string): StoreError {
  return new StoreError(`The table ${what}. Run ALTER TABLE ${table} ${change};`)
}
