import { WechatLogin, type WechatMode } from '@wechat-auth/passport-wechat/web'
import { WechatOAuth } from '@wechat-auth/wechat-oauth'
import { MemorySessionStore, MemoryUserStore, WechatSessions } from '@wechat-auth/wechat-session'

type Apps = Record<'mp' | 'website' | 'miniprogram', { appId: string; appSecret: string }>

export const siteUrl = process.env.SITE_URL ?? ''

function create() {
  const { WECHAT_APPS = '', WECHAT_ENDPOINTS, SECRET = '' } = process.env
  const apps = JSON.parse(WECHAT_APPS) as Apps
  const options = WECHAT_ENDPOINTS === undefined ? {} : { endpoints: WECHAT_ENDPOINTS }
  return {
    // Behind a proxy, Next.js does not know the site's address, so the callback URL is absolute.
    login: new WechatLogin({
      apps,
      callbackURL: `${siteUrl}/auth/wechat/callback`,
      cookie: { secret: SECRET },
      ...options,
    }),
    // Use stores that all your processes share: these two are in memory.
    sessions: new WechatSessions({
      oauth: new WechatOAuth({ ...apps.miniprogram, ...options }),
      sessionStore: new MemorySessionStore(),
      userStore: new MemoryUserStore(),
      sku: 'shop',
    }),
  }
}

// Next.js loads this module once for each kind of route, and again after each change in development.
const shared = globalThis as { wechat?: ReturnType<typeof create> }

/** The login and the sessions. They are made at the first request, so `next build` needs no secrets. */
export function wechat(): ReturnType<typeof create> {
  return (shared.wechat ??= create())
}

/** Runs a route. The errors of the login have a status, e.g. 503 if WeChat is busy; Next.js would make each a 500. */
export async function answer(route: () => Promise<Response>): Promise<Response> {
  try {
    return await route()
  } catch (error) {
    console.error(error)
    const { status = 500 } = error as { status?: number }
    const headers = wechat().login.headersOf(error)
    return Response.json({ message: 'The login does not work at the moment' }, { status, headers })
  }
}

/** Redirects to WeChat. */
export async function startLogin(request: Request, mode?: WechatMode): Promise<Response> {
  const { authorization, headers } = await wechat().login.getAuthorization(request, mode && { mode })
  headers.set('location', authorization.url)
  return new Response(null, { status: 302, headers })
}
