import { isWellFormed } from '@wechat-auth/wechat-oauth/store-kit'

/** @throws TypeError for a name that SQLite would refuse or change */
export function checkTable(table: unknown): asserts table is string {
  if (
    typeof table !== 'string' ||
    table === '' ||
    table.includes('\0') ||
    !isWellFormed(table) ||
    /^sqlite_/i.test(table)
  ) {
    throw new TypeError('table must be a non-empty string that does not start with sqlite_')
  }
}

/** Quotes a name for use in a statement. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
