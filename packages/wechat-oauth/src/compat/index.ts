/**
 * For applications that come from the npm package `wechat-oauth`: `@wechat-auth/wechat-oauth/compat` in its place, and
 * nothing else to change.
 */

// `require` gives the class; its named export is a property of it.
export { OAuth, OAuth as default, OAuth as 'module.exports' } from './oauth.js'

export type { AccessToken, DecryptedUser, OAuthCallback, OAuthError, OAuthOptions } from './types.js'
