import type {
  MpPageParameters,
  WebsitePageParameters,
  WechatMode,
  WechatOAuth,
} from '@wechat-auth/wechat-oauth'
import { pagePaths } from '@wechat-auth/wechat-oauth/strategy-kit'

/** Parameters of all pages; each page takes its own. */
export type PageParameters = MpPageParameters & WebsitePageParameters

interface PageRequest {
  redirect: string
  state: string
  scope: string
  parameters: PageParameters
}

/** A mode that sends the user to a page of WeChat. `refuseScopesOfOtherPage` has the scopes that each page accepts. */
interface RedirectRow {
  redirects: true
  defaultScope: string
  /** The strategy's option `scope` is for this mode. */
  usesStrategyScope: boolean
  /** `true` if the page works in WeChat's own browser, `false` if it works in other browsers. */
  inWechat: boolean
  page: { path: string; url: (client: WechatOAuth, request: PageRequest) => string }
}

/** A mode whose users never leave the application. */
interface DirectRow {
  redirects: false
}

/** Every mode. A new one needs a row here and, if it does not redirect, a flow in `logins.ts`. */
export const modes = {
  mp: {
    redirects: true,
    defaultScope: 'snsapi_userinfo',
    usesStrategyScope: true,
    inWechat: true,
    page: {
      path: pagePaths.mp,
      url: (client, { redirect, state, scope, parameters }) =>
        client.getAuthorizeURL(redirect, state, scope, parameters),
    },
  },
  website: {
    redirects: true,
    defaultScope: 'snsapi_login',
    usesStrategyScope: false,
    inWechat: false,
    page: {
      path: pagePaths.website,
      url: (client, { redirect, state, scope, parameters }) =>
        client.getAuthorizeURLForWebsite(redirect, state, scope, parameters),
    },
  },
  miniprogram: { redirects: false },
} satisfies Record<WechatMode, RedirectRow | DirectRow>

export type DirectMode = {
  [M in WechatMode]: (typeof modes)[M] extends DirectRow ? M : never
}[WechatMode]

export type RedirectMode = Exclude<WechatMode, DirectMode>

export const modeNames = Object.keys(modes) as readonly WechatMode[]

export const defaultMode: WechatMode = 'mp'

export function isRedirectMode(mode: unknown): mode is RedirectMode {
  return typeof mode === 'string' && Object.hasOwn(modes, mode) && modes[mode as WechatMode].redirects
}

/** "a, b or c", for messages. */
export function alternatives(words: readonly string[]): string {
  return words.join(', ').replace(/, ([^,]*)$/, ' or $1')
}
