import type { WechatAuthenticateOptions } from './types.js'

declare module 'passport' {
  interface Authenticator<InitializeRet, AuthenticateRet, AuthorizeRet, AuthorizeOptions> {
    /** With the options of a single call of WeChat's strategy. */
    authenticate(
      this: import('passport').Authenticator<InitializeRet, AuthenticateRet, AuthorizeRet, AuthorizeOptions>,
      strategy: string, options: WechatAuthenticateOptions, callback?: (error: unknown, user?: Express.User | false | null, info?: object, status?: number) => unknown,
    ): AuthenticateRet
  }
}
