import { deadLinkText } from '../errcodes.js'
import type { Call } from '../http/call.js'
import { errorPageReply, langOf, type PagePermissions } from '../http/page-reply.js'
import type { Reply } from '../http/reply.js'
import type { PageApp, PageUser } from '../pages/views.js'
import type { App } from '../world/apps.js'
import type { User } from '../world/users.js'
import type { World } from '../world/world.js'

export function pageApp({ appId, name, type }: App): PageApp {
  return { appId, name, type }
}

function pageUser({ id, nickname, headimgurl }: User): PageUser {
  return {
    id,
    nickname,
    ...(headimgurl === '' ? {} : { headimgurl }),
  }
}

export function pageUsers(world: World): PageUser[] {
  return world.users.list.map(pageUser)
}

/** @param status - 302 after GET, 303 after POST */
export function redirectReply(
  status: 302 | 303,
  location: string,
  headers: Record<string, string> = {},
): Reply {
  return {
    status,
    headers: {
      Location: location,
      'Cache-Control': 'no-store',
      'Referrer-Policy': 'no-referrer',
      ...headers,
    },
    body: '',
  }
}

/** Replies with the error page for an invalid link. */
export function deadLink(call: Call, zh: string, en: string, permissions: PagePermissions = {}): Reply {
  return errorPageReply(call, { text: deadLinkText, hint: langOf(call) === 'en' ? en : zh }, permissions)
}

export function refusePageMethod(call: Call): Reply {
  return deadLink(
    call,
    `此地址不接受 ${call.method} 请求。`,
    `This address does not accept ${call.method} requests.`,
  )
}
