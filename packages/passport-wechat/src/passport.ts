import type { WechatAuthenticateOptions } from './types.js'

declare module 'passport' {
  interface Authenticator<InitializeRet, AuthenticateRet, AuthorizeRet, AuthorizeOptions> {
    /**
     * With the options of a single call of WeChat's strategy. The callback's parameters are as loose as Passport's own: this
     * form stands before Passport's for the strategies of others, too.
     */
    authenticate(
      this: import('passport').Authenticator<InitializeRet, AuthenticateRet, AuthorizeRet, AuthorizeOptions>,
      strategy: string,
      options: WechatAuthenticateOptions,
      callback?: (error: Loose, user?: Loose, info?: Loose, status?: Loose) => unknown,
    ): AuthenticateRet
  }
}

type Loose = Parameters<import('passport').AuthenticateCallback>[0]
