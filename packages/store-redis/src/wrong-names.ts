import { refuseWrongConnection, refuseWrongNames } from '@wechat-auth/wechat-oauth/store-kit'

const wrongConnection = {
  option: 'client',
  what: 'a connected client',
  names: ['redis', 'redisClient', 'connection', 'pool', 'db', 'url', 'host'],
}

/**
 * Refuses the names that other packages use for the stores' options.
 *
 * @param who - the class whose options these are; the message starts with it
 * @throws TypeError that names the option and says what to write instead
 */
export function refuseOtherNames(who: string, options: unknown): void {
  refuseWrongConnection(who, options, wrongConnection)
  refuseWrongNames(who, options, { prefix: ['keyPrefix'] })
}
