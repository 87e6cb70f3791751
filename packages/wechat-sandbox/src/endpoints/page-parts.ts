import { DEAD_LINK } from '../errcodes.js'
import type { Call } from '../http/call.js'
import { errorPageReply, langOf } from '../http/page-reply.js'
import type { PagePermissions } from '../http/page-reply.js'
import type { Reply } from '../http/reply.js'
import type { PageApp, PageUser } from '../pages/views.js'
import type { App } from '../world/apps.js'
import type { User } from '../world/users.js'
import type { World } from '../world/world.js'

export const pageApp = ({ appId, name, type }: App): PageApp => ({ appId, name, type })

export const pageUser = ({ id, nickname, headimgurl }: User): PageUser => ({
  id,
  nickname,
  ...(headimgurl === '' ? {} : { headimgurl }),
})

export const pageUsers = (world: World): PageUser[] => world.users.list.map(pageUser)

/** `status` is 302 for an answer to GET, 303 for one to POST. */
export const redirectReply = (
  status: 302 | 303,
  location: string,
  headers: Record<string, string> = {},
): Reply => ({
  status,
  headers: { Location: location, 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer', ...headers },
  body: '',
})

/** The error page for whatever a link leads to that is not there. */
export const deadLink = (call: Call, zh: string, en: string, permissions: PagePermissions = {}): Reply =>
  errorPageReply(call, { text: DEAD_LINK, hint: langOf(call) === 'en' ? en : zh }, permissions)

export const refusePageMethod = (call: Call): Reply =>
  deadLink(call, `此地址不接受 ${call.method} 请求。`, `This address does not take ${call.method} requests.`)
