import type { App, AppType, Sandbox } from '@wechat-auth/wechat-sandbox'

export type Json = Record<string, unknown>

export interface Answer {
  status: number
  headers: Headers
  text: string
  json: Json
}

export function appOf(sandbox: Sandbox, type: AppType): App {
  const app = sandbox.apps.find((one) => one.type === type)
  if (!app) throw new Error(`the sandbox has no ${type} app`)
  return app
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return {}
  }
}

/** GET with a query. */
export async function get(
  sandbox: Sandbox,
  path: string,
  query: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${sandbox.url}${path}?${new URLSearchParams(query).toString()}`, {
    redirect: 'manual',
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: parsed(text) }
}

/** POST with a query and a body: JSON, or text as it is. */
export async function post(
  sandbox: Sandbox,
  path: string,
  query: Record<string, string>,
  body: Json | string,
): Promise<Answer> {
  const response = await fetch(`${sandbox.url}${path}?${new URLSearchParams(query).toString()}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: parsed(text) }
}

/** The call of `/cgi-bin/token`, with right credentials unless `changes` say otherwise. */
export function classicToken(
  sandbox: Sandbox,
  type: AppType = 'mp',
  changes: Record<string, string> = {},
): Promise<Answer> {
  const { appId, appSecret } = appOf(sandbox, type)
  return get(sandbox, '/cgi-bin/token', {
    grant_type: 'client_credential',
    appid: appId,
    secret: appSecret,
    ...changes,
  })
}

export function stableToken(sandbox: Sandbox, type: AppType = 'mp', changes: Json = {}): Promise<Answer> {
  const { appId, appSecret } = appOf(sandbox, type)
  return post(
    sandbox,
    '/cgi-bin/stable_token',
    {},
    { grant_type: 'client_credential', appid: appId, secret: appSecret, ...changes },
  )
}

/** An app-level token that works. */
export async function appToken(sandbox: Sandbox, type: AppType = 'mp'): Promise<string> {
  return String((await stableToken(sandbox, type)).json['access_token'])
}

/** An app-level error: its number and its text, which ends with a rid and has no comma before it. */
export function apiError({ errcode, errmsg }: Json): [unknown, string] {
  const [, text] = /^(.*[^,]) rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$/.exec(String(errmsg)) ?? []
  if (text === undefined) throw new Error(`no text of an app-level error: ${String(errmsg)}`)
  return [errcode, text]
}

/** The exchange of a code, with right credentials unless `changes` say otherwise. */
export function exchange(
  sandbox: Sandbox,
  type: 'mp' | 'website',
  code: string,
  changes: Record<string, string> = {},
): Promise<Answer> {
  const { appId, appSecret } = appOf(sandbox, type)
  return get(sandbox, '/sns/oauth2/access_token', {
    appid: appId,
    secret: appSecret,
    code,
    grant_type: 'authorization_code',
    ...changes,
  })
}

export function jscode2session(
  sandbox: Sandbox,
  code: string,
  changes: Record<string, string> = {},
): Promise<Answer> {
  const { appId, appSecret } = appOf(sandbox, 'miniprogram')
  return get(sandbox, '/sns/jscode2session', {
    appid: appId,
    secret: appSecret,
    js_code: code,
    grant_type: 'authorization_code',
    ...changes,
  })
}

export function refresh(
  sandbox: Sandbox,
  refreshToken: unknown,
  changes: Record<string, string> = {},
): Promise<Answer> {
  return get(sandbox, '/sns/oauth2/refresh_token', {
    appid: appOf(sandbox, 'mp').appId,
    grant_type: 'refresh_token',
    refresh_token: String(refreshToken),
    ...changes,
  })
}

/** Logs `user` in at the official account: the reply with the tokens. */
export async function login(sandbox: Sandbox, user = 'alice', scope = 'snsapi_userinfo'): Promise<Json> {
  return (
    await exchange(sandbox, 'mp', sandbox.issueCode({ appId: appOf(sandbox, 'mp').appId, user, scope }))
  ).json
}

export function userinfo(sandbox: Sandbox, { access_token: token, openid }: Json): Promise<Answer> {
  return get(sandbox, '/sns/userinfo', { access_token: String(token), openid: String(openid) })
}

export const oneSecond = 1000
export const oneMinute = 60_000
export const oneHour = 60 * oneMinute
export const oneDay = 24 * oneHour

/** Resolves once the sandbox has seen a request to each path; until then it is asked something else, so that time passes. */
export async function seen(sandbox: Sandbox, ...paths: string[]): Promise<void> {
  while (paths.some((path) => sandbox.count(path) === 0)) await get(sandbox, '/meanwhile')
}
