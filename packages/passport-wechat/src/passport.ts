import type { WechatAuthenticateOptions } from './types.js'

declare module 'passport' {
  interface Authenticator<InitializeRet, AuthenticateRet, AuthorizeRet, AuthorizeOptions> {
    /**
     * Accepts the options of a single call of WeChat's strategy. The callback's parameters are as loose as Passport's,
     * because TypeScript also tries this overload first for other strategies.
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
