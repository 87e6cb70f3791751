import type { WechatMode } from '../types.js'

type PageMode = Exclude<WechatMode, 'miniprogram'>

const scopes: Readonly<Record<PageMode, readonly string[]>> = {
  mp: ['snsapi_userinfo', 'snsapi_base'],
  website: ['snsapi_login'],
}
const otherMode = { mp: 'website', website: 'mp' } satisfies Record<PageMode, PageMode>

/** The scopes that a text names, separated by commas or white space. WeChat has been seen to leave a comma at the end. */
export function scopesIn(text: string): string[] {
  return text.split(/[\s,]+/).filter((scope) => scope !== '')
}

/** Whether a scope belongs to the other mode's page, so that this mode's page refuses it. An unknown scope does not. */
export function isOfOtherPage(mode: PageMode, scope: string): boolean {
  return scopes[otherMode[mode]].includes(scope)
}

/**
 * Refuses scopes of the other mode's page.
 *
 * @param who - the class or function that has the option
 * @param option - its name for the scope
 * @throws TypeError that names the wrong scope
 */
export function refuseScopesOfOtherPage(who: string, option: string, mode: PageMode, scope: string): void {
  const wrong = scopesIn(scope).find((one) => isOfOtherPage(mode, one))
  if (wrong === undefined) return
  const problem = `${option} ${wrong} belongs to mode ${otherMode[mode]}`
  throw new TypeError(`${who}: ${problem}. For ${mode} write ${scopes[mode].join(' or ')}`)
}
