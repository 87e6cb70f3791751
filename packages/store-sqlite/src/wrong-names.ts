import { refuseWrongConnection, refuseWrongNames } from '@wechat-auth/wechat-oauth/store-kit'

const wrongConnection = {
  option: 'database',
  what: 'an open database',
  names: ['db', 'sqlite', 'client', 'connection', 'pool', 'file', 'filename', 'path', 'url'],
}

/**
 * Refuses the names that other packages use for the stores' options.
 *
 * @param who - the class whose options these are; the message starts with it
 * @throws TypeError that names the option and says what to write instead
 */
export function refuseOtherNames(who: string, options: unknown): void {
  refuseWrongConnection(who, options, wrongConnection)
  refuseWrongNames(who, options, { table: ['tableName'] })
}
