import { pagePaths } from '../http/endpoints.js'
import { refuseScopesOfOtherPage } from '../lib/scopes.js'
import type { WechatLang } from '../types.js'
import { isWellFormed } from '../lib/well-formed.js'

/** Parameters of the official account's page, under WeChat's names. */
export interface MpPageParameters {
  /** Official account: ask for consent even if WeChat does not need to. */
  forcePopup?: boolean
  /** Official account: open the page in snapshot mode first. */
  forceSnapShot?: boolean
}

/** Parameters of the website's QR page, under WeChat's names. */
export interface WebsitePageParameters {
  lang?: 'cn' | 'en'
  /** QR page: colour of the text. */
  style?: 'black' | 'white'
  /** QR page: address of a style sheet for it. */
  href?: string
  /** QR page: redirect the frame instead of the top window. */
  self_redirect?: boolean
  /** QR page: 1 for the compact layout. */
  stylelite?: 0 | 1
  /** QR page: 0 turns the quick login off. */
  fast_login?: 0 | 1
}

export interface PageOptions {
  open: string
  appId: string
  redirect: string
  state: string
  scope: string
}

const longestState = 128

const pages = {
  mp: { path: pagePaths.mp, method: 'getAuthorizeURL' },
  website: { path: pagePaths.website, method: 'getAuthorizeURLForWebsite' },
} as const

/** WeChat matches this address against a pattern, so the order of the parameters matters. */
export function mpPageURL(options: PageOptions, extra: MpPageParameters): string {
  return pageURL('mp', options, pick(extra, ['forcePopup', 'forceSnapShot']))
}

export function websitePageURL(options: PageOptions, extra: WebsitePageParameters, lang: WechatLang): string {
  const parameters = { ...extra, lang: extra.lang ?? (lang === 'en' ? lang : undefined) }
  const names = ['lang', 'style', 'href', 'self_redirect', 'stylelite', 'fast_login']
  return pageURL('website', options, pick(parameters, names))
}

function pageURL(mode: keyof typeof pages, options: PageOptions, extra: [string, string][]): string {
  const { open, appId, redirect, state, scope } = options
  const { path, method } = pages[mode]
  checkRedirect(redirect)
  if (typeof scope !== 'string' || scope === '' || !isWellFormed(scope))
    throw new TypeError('scope must be a non-empty string')
  refuseScopesOfOtherPage(method, 'scope', mode, scope)
  if (typeof state !== 'string' || Buffer.byteLength(state) > longestState || !isWellFormed(state)) {
    throw new TypeError(
      `state must be a string of at most ${longestState} bytes: WeChat refuses longer values`,
    )
  }
  const parameters: [string, string][] = [
    ['appid', appId],
    ['redirect_uri', redirect],
    ['response_type', 'code'],
    ['scope', scope],
    ['state', state],
    ...extra,
  ]
  return `${open}${path}?${parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')}#wechat_redirect`
}

// Most applications use one address for every login.
let lastGood: unknown

// The URL parser ignores line breaks, and spaces at both ends. WeChat does not ignore them and refuses the address.
function checkRedirect(redirect: unknown): void {
  if (redirect === lastGood) return
  const clean =
    typeof redirect === 'string' &&
    redirect.trim() === redirect &&
    !/\p{Cc}/u.test(redirect) &&
    isWellFormed(redirect)
  const protocol = clean && URL.canParse(redirect) ? new URL(redirect).protocol : ''
  if (!/^https?:$/.test(protocol)) throw new TypeError('redirect must be an absolute http(s) URL')
  lastGood = redirect
}

function pick(extra: object, names: string[]): [string, string][] {
  return names.flatMap((name): [string, string][] => {
    const value = (extra as Record<string, unknown>)[name]
    if (value === undefined || value === null) return []
    const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    if (!isPlain || !isWellFormed(String(value)))
      throw new TypeError(`${name} must be a string, a number or a boolean`)
    return [[name, String(value)]]
  })
}
