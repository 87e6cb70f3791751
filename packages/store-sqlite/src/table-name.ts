import { isWellFormed } from '@wechat-auth/wechat-oauth/store-kit'

/** @throws TypeError for what SQLite would not take for a name, or take for another */
export function checkTable(table: unknown): asserts table is string {
  if (
    typeof table !== 'string' ||
    table === '' ||
    table.includes('\0') ||
    !isWellFormed(table) ||
    /^sqlite_/i.test(table)
  ) {
    throw new TypeError('table must be a non-empty string that does not begin with sqlite_')
  }
}

/** A name for use in statements. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
