/**
 * For applications that use the npm package `wechat-oauth`: import `@wechat-auth/wechat-oauth/compat` instead, and change nothing
 * else.
 */

// `require` returns the class. Its named export is a static property.
export { OAuth, OAuth as default, OAuth as 'module.exports' } from './oauth.js'

export type { AccessToken, DecryptedUser, OAuthCallback, OAuthError, OAuthOptions } from './types.js'
