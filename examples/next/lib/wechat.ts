import { WechatLogin, type WechatMode } from '@wechat-auth/passport-wechat/web'
import { WechatOAuth } from '@wechat-auth/wechat-oauth'
import { MemorySessionStore, MemoryUserStore, WechatSessions } from '@wechat-auth/wechat-session'

const { WECHAT_APPS = '', WECHAT_ENDPOINTS, SITE_URL = '', SECRET = '' } = process.env
const apps = JSON.parse(WECHAT_APPS) as Record<
  'mp' | 'website' | 'miniprogram',
  { appId: string; appSecret: string }
>
const wechat = WECHAT_ENDPOINTS === undefined ? {} : { endpoints: WECHAT_ENDPOINTS }

export const siteUrl = SITE_URL

function create() {
  return {
    // Behind a proxy, Next.js does not know the site's address, so the callback URL is absolute.
    login: new WechatLogin({
      apps,
      callbackURL: `${SITE_URL}/auth/wechat/callback`,
      cookie: { secret: SECRET },
      ...wechat,
    }),
    // Use stores that all your processes share: these two are in memory.
    sessions: new WechatSessions({
      oauth: new WechatOAuth({ ...apps.miniprogram, ...wechat }),
      sessionStore: new MemorySessionStore(),
      userStore: new MemoryUserStore(),
      sku: 'shop',
    }),
  }
}

// Next.js loads this module once for each kind of route, and again after each change in development.
const shared = globalThis as { wechat?: ReturnType<typeof create> }
export const { login, sessions } = (shared.wechat ??= create())

/** Runs a route. The errors of the login have a status, e.g. 503 if WeChat is busy; Next.js would make each a 500. */
export async function answer(route: () => Promise<Response>): Promise<Response> {
  try {
    return await route()
  } catch (error) {
    console.error(error)
    const { status = 500 } = error as { status?: number }
    return Response.json({ message: 'The login does not work at the moment' }, { status })
  }
}

/** Redirects to WeChat. */
export async function startLogin(request: Request, mode?: WechatMode): Promise<Response> {
  const result = await login.handle(request, mode && { mode })
  return result.action === 'redirect' ? result.response : new Response(null, { status: 400 })
}
