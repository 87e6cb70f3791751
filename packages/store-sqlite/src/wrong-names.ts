import type { WrongNames } from '@wechat-auth/wechat-oauth/store-kit'

/** What other packages call the options that all three stores have. */
export const wrongNames: WrongNames = {
  'database: an open database':
    ['db', 'sqlite', 'client', 'connection', 'pool', 'file', 'filename', 'path', 'url'],
  table: ['tableName'],
}
