import type { Parameter } from './mysql-pool.js'
import type { Cell, Cells } from './record.js'
import type { Statement } from './statement-runner.js'
import type { Column, Table } from './table.js'

/** The three statements on the records of a table. */
export interface Statements {
  read(key: string): Statement
  save(cells: Cells): Statement
  delete(key: string): Statement
}

export function createStatements(table: Table): Statements {
  const { name, key, columns, extra } = table
  const where = `FROM ${name} WHERE ${key.condition}`
  const isTwice = key.condition.split('?').length > 2
  const keyParameters = (text: string): Parameter[] => {
    const parameter = toParameter(key, text)
    return isTwice ? [parameter, parameter] : [parameter]
  }
  // Short aliases: otherwise the server would send each expression as a column name, and the driver would parse it.
  const selected = [...columns, ...(extra ? [extra] : [])].map(
    (column, index) => `${column.type.select(column.name)} AS c${index}`,
  )
  const read = `SELECT ${selected.join(', ') || '1'} ${where}`
  const remove = `DELETE ${where}`
  return {
    read: (text) => ({ sql: read, values: keyParameters(text) }),
    save: table.isOursAlone ? replaceInto(table) : insertOrUpdate(table),
    delete: (text) => ({ sql: remove, values: keyParameters(text) }),
  }
}

function replaceInto({ name, key, columns, extra }: Table): Statements['save'] {
  const written = [key, ...columns, ...(extra ? [extra] : [])]
  const sql = `REPLACE INTO ${name} (${joinNames(written)}) VALUES (${written.map(({ type }) => type.placeholder).join(', ')})`
  return (cells) => {
    const values = columns.map((column, index) => toParameter(column, cells.columns[index]))
    values.unshift(toParameter(key, cells.key))
    if (extra) values.push(toParameter(extra, cells.extra))
    return { sql, values }
  }
}

/** For tables with columns of the application. REPLACE would reset the columns that the record has no field for. */
function insertOrUpdate({ name, key, columns, extra }: Table): Statements['save'] {
  const written = [key, ...(extra ? [extra] : []), ...columns]
  const values = written.map(({ type, isOurs, initial }) =>
    isOurs || initial === 'NULL' ? type.placeholder : `IF(?, ${type.placeholder}, ${initial})`,
  )
  const updates = written.map(
    (column) =>
      `${column.name} = ${column.isOurs ? `VALUES(${column.name})` : `IF(?, VALUES(${column.name}), ${column.name})`}`,
  )
  const sql = `INSERT INTO ${name} (${joinNames(written)}) VALUES (${values.join(', ')}) ON DUPLICATE KEY UPDATE ${updates.join(', ')}`
  return (cells) => {
    const inserted: Parameter[] = [toParameter(key, cells.key)]
    if (extra) inserted.push(toParameter(extra, cells.extra))
    const isGiven: Parameter[] = []
    for (const [index, column] of columns.entries()) {
      const cell = cells.columns[index]
      const flag = cell === undefined ? '0' : '1'
      if (!column.isOurs) isGiven.push(flag)
      if (!column.isOurs && column.initial !== 'NULL') inserted.push(flag)
      inserted.push(toParameter(column, cell))
    }
    return { sql, values: [...inserted, ...isGiven] }
  }
}

function toParameter({ type }: Column, cell: Cell | undefined): Parameter {
  if (cell == null) return null
  return type.family === 'number' ? cell : Buffer.from(cell)
}

function joinNames(columns: readonly Column[]): string {
  return columns.map(({ name }) => name).join(', ')
}
