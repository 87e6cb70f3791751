import { page } from '../http/families.js'
import { langOf, pageReply } from '../http/page-reply.js'
import type { Route } from '../http/router.js'
import { homePage } from '../pages/index.js'
import type { World } from '../world/world.js'
import { miniProgramPath } from './miniprogram.js'
import { pageApp, pageUsers, refusePageMethod } from './page-parts.js'

/** The home page of the sandbox. */
export function homeRoutes(world: World): Route[] {
  return [
    {
      methods: ['GET'],
      path: '/',
      family: page,
      handle: (call) =>
        pageReply(
          homePage({
            lang: langOf(call),
            url: call.origin,
            apps: world.apps.list.map((app) => ({ ...pageApp(app), appSecret: app.appSecret })),
            users: pageUsers(world),
            miniProgramUrl: miniProgramPath,
          }),
        ),
      refuseMethod: refusePageMethod,
    },
  ]
}
