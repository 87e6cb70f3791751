import { refuseWrongConnection, refuseWrongNames } from '@wechat-auth/wechat-oauth/store-kit'

const wrongConnection = {
  option: 'connection',
  what: 'a connection of mongoose',
  names: ['mongoose', 'client', 'db', 'database', 'pool', 'url', 'uri', 'mongoUrl'],
}

/**
 * Refuses the names that other packages use for the store's options.
 *
 * @param who - the class whose options these are; the message starts with it
 * @throws TypeError that names the option and says what to write instead
 */
export function refuseOtherNames(who: string, options: unknown): void {
  refuseWrongConnection(who, options, wrongConnection)
  refuseWrongNames(who, options, { collection: ['collectionName', 'table'] })
}
