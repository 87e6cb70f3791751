import type { Parameter, Statement } from './database.js'
import { readColumns, type Cells } from './record.js'
import type { Column, Table } from './table.js'

/** The three statements on the records of a table. */
export interface Statements {
  read(key: string): Statement
  save(cells: Cells): Statement
  delete(key: string): Statement
}

export function statementsFor(table: Table): Statements {
  const { name, key } = table
  const where = `FROM ${name} WHERE ${key.condition}`
  const keyParameters = (value: string): string[] => Array.from(key.condition.matchAll(/\?/g), () => value)
  const read = `SELECT ${readColumns(table).map((column) => column.type.select(column.name)).join(', ') || '1'} ${where}`
  const remove = `DELETE ${where}`
  return {
    read: (value) => ({ sql: read, values: keyParameters(value) }),
    save: table.isOursAlone ? replaceInto(table) : insertOrUpdate(table),
    delete: (value) => ({ sql: remove, values: keyParameters(value) }),
  }
}

function replaceInto({ name, key, known, extra }: Table): Statements['save'] {
  const columns = [key, ...known, ...(extra ? [extra] : [])]
  const sql = `REPLACE INTO ${name} (${namesOf(columns)}) VALUES (${columns.map(({ type }) => type.placeholder).join(', ')})`
  return (cells) => ({ sql, values: [cells.key, ...cells.known, ...(extra ? [cells.extra] : [])] })
}

/** Where the application has columns of its own: REPLACE would reset those that the record has no field for, or that are not for records. */
function insertOrUpdate({ name, key, known, own, extra }: Table): Statements['save'] {
  const ours = [key, ...known, ...(extra ? [extra] : [])]
  const values = [
    ...ours.map(({ type }) => type.placeholder),
    ...own.map(({ type, initial }) => (initial === 'NULL' ? type.placeholder : `IF(?, ${type.placeholder}, ${initial})`)),
  ]
  const updates = [
    ...ours.map((column) => `${column.name} = VALUES(${column.name})`),
    ...own.map((column) => `${column.name} = IF(?, VALUES(${column.name}), ${column.name})`),
  ]
  const sql = `INSERT INTO ${name} (${namesOf([...ours, ...own])}) VALUES (${values.join(', ')}) ON DUPLICATE KEY UPDATE ${updates.join(', ')}`
  return (cells) => {
    const flags = cells.own.map((value) => (value === undefined ? '0' : '1'))
    const ownValues = own.flatMap(({ initial }, index): Parameter[] => {
      const value = cells.own[index] ?? null
      return initial === 'NULL' ? [value] : [flags[index] ?? '0', value]
    })
    return { sql, values: [cells.key, ...cells.known, ...(extra ? [cells.extra] : []), ...ownValues, ...flags] }
  }
}

function namesOf(columns: readonly Column[]): string {
  return columns.map(({ name }) => name).join(', ')
}
