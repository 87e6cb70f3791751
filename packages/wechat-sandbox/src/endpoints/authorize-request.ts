import { deadLinkText, pageErrmsgs } from '../errcodes.js'
import { field } from '../http/form.js'
import type { PageLang } from '../pages/views.js'
import type { App, AppType } from '../world/apps.js'
import type { World } from '../world/world.js'
import { isRegisteredHost, parseRedirectUri } from './redirect-uri.js'

/** A valid request for one of the two login pages. */
export interface AuthorizeRequest {
  app: App
  redirectUri: URL
  /** as the application sent it */
  rawRedirectUri: string
  scopes: string[]
  state: string
}

/** The content of WeChat's error page. The text is Chinese in every language. The hint is the sandbox's own. */
export interface PageError {
  number?: number
  text: string
  hint: string
}

export type AuthorizeCheck = { ok: true; request: AuthorizeRequest } | { ok: false; error: PageError }

type Complaint = Omit<PageError, 'hint'>

/** The differences between the checks of the two pages. */
interface PageRules {
  type: AppType
  scopes: readonly string[]
  /** whether `response_type` may be missing */
  responseTypeOptional: boolean
  wrongApp: Complaint
  wrongScope: Complaint
  wrongHost: Complaint
}

const scopeText = 'Scope 参数错误或没有 Scope 权限'
const redirectText = 'redirect_uri 参数错误'

function numbered(number: number): Complaint {
  return { number, text: pageErrmsgs[number] ?? deadLinkText }
}

/** `/connect/oauth2/authorize` */
export const mpRules: PageRules = {
  type: 'mp',
  scopes: ['snsapi_base', 'snsapi_userinfo'],
  responseTypeOptional: false,
  wrongApp: numbered(10016),
  wrongScope: numbered(10005),
  wrongHost: numbered(10003),
}

/** `/connect/qrconnect`. Its errors have no numbers, and WeChat's widget sends no `response_type`. */
export const websiteRules: PageRules = {
  type: 'website',
  scopes: ['snsapi_login'],
  responseTypeOptional: true,
  wrongApp: { text: scopeText },
  wrongScope: { text: scopeText },
  wrongHost: { text: redirectText },
}

const maxStateBytes = 128

/** Checks a request in WeChat's order, and reports the first problem. */
export function checkAuthorizeRequest(
  world: World,
  query: URLSearchParams,
  rules: PageRules,
  lang: PageLang,
): AuthorizeCheck {
  const complain = (complaint: Complaint, zh: string, en: string): AuthorizeCheck => ({
    ok: false,
    error: { ...complaint, hint: lang === 'en' ? en : zh },
  })

  const appId = field(query, 'appid')
  const rawRedirectUri = field(query, 'redirect_uri')
  const scopes = field(query, 'scope')
    .split(',')
    .map((scope) => scope.trim())
    .filter((scope) => scope !== '')
  const state = field(query, 'state')
  if (appId === '') return complain(numbered(10012), '请加上 appid 参数。', 'Add the appid parameter.')
  if (rawRedirectUri === '') {
    return complain(
      numbered(10011),
      '请加上 redirect_uri 参数，并用 encodeURIComponent 编码。',
      'Add the redirect_uri parameter, encoded with encodeURIComponent.',
    )
  }
  if (scopes.length === 0) {
    return complain(
      numbered(10010),
      `请加上 scope 参数：${rules.scopes.join(' 或 ')}。`,
      `Add the scope parameter: ${rules.scopes.join(' or ')}.`,
    )
  }
  const app = world.apps.find(appId)
  if (!app) {
    return complain(
      rules.wrongApp,
      '沙箱里没有这个 appid，首页列出了全部应用。',
      'The sandbox does not have this appid. Its home page lists all apps.',
    )
  }
  if (app.type !== rules.type) {
    return complain(
      rules.wrongApp,
      `这个 appid 的类型是 ${app.type}，此页面需要 ${rules.type}。`,
      `This appid has the type ${app.type}, but this page is for ${rules.type}.`,
    )
  }
  const responseType = field(query, 'response_type')
  if (responseType !== 'code' && !(rules.responseTypeOptional && responseType === '')) {
    return complain({ text: deadLinkText }, 'response_type 必须是 code。', 'response_type must be code.')
  }
  if (!scopes.every((scope) => rules.scopes.includes(scope))) {
    return complain(
      rules.wrongScope,
      `此页面只支持 ${rules.scopes.join('、')}。`,
      `This page supports only ${rules.scopes.join(' and ')}.`,
    )
  }
  const redirectUri = parseRedirectUri(rawRedirectUri)
  if (!redirectUri) {
    return complain(
      { text: redirectText },
      'redirect_uri 必须是完整的 http 或 https 地址。',
      'redirect_uri must be an absolute http or https URL.',
    )
  }
  if (!isRegisteredHost(world, app, redirectUri)) {
    return complain(
      rules.wrongHost,
      `域名 ${redirectUri.host} 没有登记；微信要求域名完全一致，且不能带端口。`,
      `${redirectUri.host} is not a registered domain. WeChat requires exactly the registered host, without a port.`,
    )
  }
  if (Buffer.byteLength(state, 'utf8') > maxStateBytes) {
    return complain(
      { text: 'state参数过长' },
      `state 最多 ${maxStateBytes} 字节。`,
      `state must not exceed ${maxStateBytes} bytes.`,
    )
  }
  return { ok: true, request: { app, redirectUri, rawRedirectUri, scopes, state } }
}
