import { WechatError, type WechatLang, type WechatMode } from '@wechat-auth/wechat-oauth'
import {
  isOfOtherPage,
  refuseOuterSpace,
  refuseScopesOfOtherPage,
  refuseUnless,
  refuseWrongNames,
  scopesIn,
} from '@wechat-auth/wechat-oauth/strategy-kit'
import type { Apps } from '../apps.js'
import { modeNames, type PageParameters, type RedirectMode } from '../modes.js'
import { isCallbackURL, parseScope, wrongCallNames, type Settings } from '../options.js'
import { toAbsoluteURL, type RequestParts } from '../request.js'
import type { WechatCallOptions } from '../types.js'

/** The options of a single call, checked. */
export interface Call {
  /** The class that is called, for messages. */
  who: string
  mode: WechatMode | undefined
  scope: string | undefined
  /** A copy, because all requests of a route share the options object. */
  state: unknown
  callbackURL: string | undefined
  lang: WechatLang | undefined
  page: PageParameters
}

const langs: readonly unknown[] = ['zh_CN', 'zh_TW', 'en', 'cn']

/**
 * @param who - the class that is called, for messages
 * @throws TypeError that names the option
 */
export function parseCall(who: string, options: WechatCallOptions = {}): Call {
  refuseWrongNames(who, options, wrongCallNames)
  const {
    mode,
    scope,
    state,
    callbackURL,
    lang,
    forcePopup,
    forceSnapShot,
    style,
    href,
    self_redirect,
    stylelite,
    fast_login,
  } = options
  refuseUnless(
    who,
    mode === undefined || modeNames.includes(mode),
    `mode must be one of ${modeNames.join(', ')}`,
  )
  refuseUnless(
    who,
    callbackURL === undefined || isCallbackURL(callbackURL),
    'callbackURL must be an http(s) URL, absolute or relative',
  )
  if (callbackURL !== undefined) refuseOuterSpace(who, 'callbackURL', callbackURL)
  refuseUnless(who, lang === undefined || langs.includes(lang), 'lang must be zh_CN, zh_TW or en')
  const pageLang = lang === undefined ? undefined : lang === 'en' ? 'en' : 'cn'
  return {
    who,
    mode,
    scope: parseScope(who, 'scope', scope),
    state: jsonCopy(who, state),
    callbackURL,
    lang: lang === 'cn' ? 'zh_CN' : lang,
    page: defined({
      forcePopup,
      forceSnapShot,
      lang: pageLang,
      style,
      href,
      self_redirect,
      stylelite,
      fast_login,
    }),
  }
}

/**
 * Chooses the scope to request. A route for several pages may name scopes of all of them, but each page refuses the scopes of
 * the others.
 *
 * @throws TypeError if no scope remains, and the strategy has no other page that could use the scopes
 */
export function chooseScope(mode: RedirectMode, { who, scope = '' }: Call, apps: Apps): string {
  const asked = scopesIn(scope).filter((one) => !isOfOtherPage(mode, one))
  if (asked.length > 0) return asked.join(',')
  if (apps.redirectModes.length === 1) refuseScopesOfOtherPage(who, 'scope', mode, scope)
  return apps.app(mode).scope
}

/** The callback's address as the application wrote it. It may be relative. */
export function configuredCallbackURL(mode: RedirectMode, call: Call, apps: Apps): string | undefined {
  return call.callbackURL ?? apps.app(mode).callbackURL
}

/** @throws WechatError `ERR_WECHAT_CONFIG` */
export function resolveCallbackURL(
  req: RequestParts,
  mode: RedirectMode,
  call: Call,
  apps: Apps,
  settings: Settings,
): string {
  const callbackURL = configuredCallbackURL(mode, call, apps)
  if (callbackURL === undefined) {
    throw new WechatError(
      'ERR_WECHAT_CONFIG',
      'callbackURL is missing. The strategy has none, so pass one to each call',
    )
  }
  return toAbsoluteURL(req, callbackURL, settings.proxy)
}

function jsonCopy(who: string, state: unknown): unknown {
  if (state === undefined) return undefined
  let text: string | undefined
  try {
    text = JSON.stringify(state)
  } catch {
    // Circular, or a bigint.
  }
  refuseUnless(who, text !== undefined, 'state must be a JSON value')
  return JSON.parse(text) as unknown
}

// Callers in JavaScript may pass `undefined` for an option that is not set.
function defined<T extends object>(values: { [K in keyof T]: T[K] | undefined }): T {
  const given: Partial<T> = {}
  for (const name of Object.keys(values) as (keyof T)[]) {
    const value = values[name]
    if (value !== undefined) given[name] = value
  }
  return given as T
}
