import { isWellFormed } from '@wechat-auth/wechat-oauth/store-kit'

/** Names of the tables, quoted for use in statements. */
export interface TableNames {
  readonly tokens: string
  readonly locks: string
}

/** @throws TypeError for what SQLite would not take for a name, or take for another */
export function tableNames(table: unknown): TableNames {
  if (typeof table !== 'string' || table === '' || table.includes('\0') || !isWellFormed(table) || /^sqlite_/i.test(table)) {
    throw new TypeError('table must be a non-empty string that does not begin with sqlite_')
  }
  return { tokens: quoted(table), locks: quoted(`${table}_lock`) }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
