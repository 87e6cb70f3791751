import { refuseWrongConnection, refuseWrongNames } from '@wechat-auth/wechat-oauth/store-kit'

const wrongConnection = {
  option: 'database',
  what: 'an open database',
  names: ['db', 'sqlite', 'client', 'connection', 'pool', 'file', 'filename', 'path', 'url'],
}

/**
 * Refuses what other packages call the options that all three stores have.
 *
 * @throws TypeError that names the option and says what to write instead
 */
export function refuseNamesOfOthers(who: string, options: unknown): void {
  refuseWrongConnection(who, options, wrongConnection)
  refuseWrongNames(who, options, { table: ['tableName'] })
}
