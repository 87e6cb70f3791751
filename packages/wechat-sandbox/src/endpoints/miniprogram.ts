import { param, type Call } from '../http/call.js'
import { page } from '../http/families.js'
import { hasLoopbackHost, ownPaths, ownRoute } from '../http/own-routes.js'
import { langOf, pageReply } from '../http/page-reply.js'
import type { Reply } from '../http/reply.js'
import type { Route } from '../http/router.js'
import { miniProgramPage } from '../pages/index.js'
import type { EncryptedUserData } from '../world/user-data.js'
import type { World } from '../world/world.js'
import { deadLink, pageApp, pageUsers, refusePageMethod } from './page-parts.js'
import { wxRequest } from './wx-request.js'

export const miniProgramPath = `${ownPaths}miniprogram`

/** The functions of `wx` that the sandbox implements. */
export interface MiniProgramApi {
  wxLogin: (input: { appId: string; user: string }) => string
  encrypt: (input: { appId: string; user: string }) => EncryptedUserData
}

function show(world: World, call: Call): Reply {
  if (!hasLoopbackHost(call)) {
    return deadLink(call, '此页面只能在本机打开。', 'This page can be opened only on this computer.')
  }
  return pageReply(
    miniProgramPage({
      lang: langOf(call),
      apps: world.apps.list.filter(({ type }) => type === 'miniprogram').map(pageApp),
      users: pageUsers(world),
      loginUrl: `${miniProgramPath}/login`,
      encryptUrl: `${miniProgramPath}/encrypt`,
      requestUrl: `${miniProgramPath}/request`,
      serverUrl: param(call, 'url'),
    }),
  )
}

/** The mini-program console and the actions of its buttons. */
export function miniProgramRoutes(world: World, wx: MiniProgramApi): Route[] {
  return [
    {
      methods: ['GET'],
      path: miniProgramPath,
      family: page,
      handle: (call) => show(world, call),
      refuseMethod: refusePageMethod,
    },
    ownRoute('miniprogram/login', {
      POST: (input) => ({ code: wx.wxLogin(input as { appId: string; user: string }) }),
    }),
    ownRoute('miniprogram/encrypt', {
      POST: (input) => wx.encrypt(input as { appId: string; user: string }),
    }),
    ownRoute('miniprogram/request', { POST: wxRequest }),
  ]
}
