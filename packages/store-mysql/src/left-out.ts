import { columnDefinition } from './schema.js'
import type { Table } from './table.js'

/**
 * Fields that a table may lack. WeChat returns them at each login, and users can log in and be found
 * without them. The table of the older packages has no columns for them.
 */
const dispensable = ['unionid', 'is_snapshotuser']

/** Tables that the process has been warned about. */
const warned = new Set<string>()

export function isDispensable({ indexes }: Table, field: string): boolean {
  return dispensable.includes(field) && !indexes.has(field)
}

/** Warns once for each table that records are saved without some fields. The warning contains no values. */
export function warnOfLeftOut(table: Table): void {
  const { name } = table
  if (warned.has(name)) return
  warned.add(name)
  const missing = dispensable.filter((field) => isDispensable(table, field))
  const changes = missing.map((field) => `ADD COLUMN ${columnDefinition(field)}`).join(', ')
  process.emitWarning(
    `The table ${name} has no column for ${missing.join(' and ')}, so records are saved without them. ` +
      `Run this and start the application again: ALTER TABLE ${name} ${changes};`,
    'WechatStoreWarning',
  )
}
