import type { WechatApps } from '@wechat-auth/passport-wechat'

export type Env = Readonly<Record<string, string | undefined>>

const variableNames = {
  mp: 'WECHAT_MP',
  website: 'WECHAT_WEBSITE',
  miniprogram: 'WECHAT_MINIPROGRAM',
} as const

/**
 * Reads the apps at the real WeChat from the environment: see `.env.example`. Returns `undefined` if there are none.
 *
 * @throws Error that names the missing variable
 */
export function appsFrom(env: Env): WechatApps | undefined {
  const apps: WechatApps = {}
  for (const mode of ['mp', 'website', 'miniprogram'] as const) {
    const [idName, secretName] = [`${variableNames[mode]}_APP_ID`, `${variableNames[mode]}_APP_SECRET`]
    const [appId, appSecret] = [env[idName], env[secretName]]
    if (!appId && !appSecret) continue
    if (!appId || !appSecret) throw new Error(`${appId ? secretName : idName} is missing`)
    apps[mode] = { appId, appSecret }
  }
  return Object.keys(apps).length > 0 ? apps : undefined
}

/**
 * Reads the address to which WeChat sends users back from `PUBLIC_URL`.
 *
 * @throws Error if it is not a site's address
 */
export function publicUrlFrom({ PUBLIC_URL }: Env): string | undefined {
  if (!PUBLIC_URL) return undefined
  const url = URL.canParse(PUBLIC_URL) ? new URL(PUBLIC_URL) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`) {
    throw new Error('PUBLIC_URL must be scheme and host, such as https://login.example.com')
  }
  return url.origin
}
