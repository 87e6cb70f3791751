import type { WrongNames } from '@wechat-auth/wechat-oauth/store-kit'

/** What other packages call the options that both stores have. */
export const wrongNames: WrongNames = {
  'client: a connected client': ['redis', 'redisClient', 'connection', 'pool', 'db', 'url', 'host'],
  prefix: ['keyPrefix'],
}
