import { refuseWrongConnection, refuseWrongNames } from '@wechat-auth/wechat-oauth/store-kit'

const wrongConnection = {
  option: 'pool',
  what: 'what createPool of mysql2 returns',
  names: ['connection', 'client', 'db', 'database', 'mysql', 'url', 'uri', 'host'],
}

/**
 * Refuses the names that other packages use for the store's options.
 *
 * @param who - the class whose options these are; the message starts with it
 * @throws TypeError that names the option and says what to write instead
 */
export function refuseOtherNames(who: string, options: unknown): void {
  refuseWrongConnection(who, options, wrongConnection)
  refuseWrongNames(who, options, { table: ['tableName'] })
}
