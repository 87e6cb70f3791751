import { refuseWrongConnection, refuseWrongNames } from '@wechat-auth/wechat-oauth/store-kit'

const wrongConnection = {
  option: 'client',
  what: 'a connected client',
  names: ['redis', 'redisClient', 'connection', 'pool', 'db', 'url', 'host'],
}

/**
 * Refuses what other packages call the options that both stores have.
 *
 * @throws TypeError that names the option and says what to write instead
 */
export function refuseNamesOfOthers(who: string, options: unknown): void {
  refuseWrongConnection(who, options, wrongConnection)
  refuseWrongNames(who, options, { prefix: ['keyPrefix'] })
}
