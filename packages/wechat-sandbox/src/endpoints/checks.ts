import { param } from '../http/call.js'
import type { Call } from '../http/call.js'
import type { App } from '../world/apps.js'
import type { CodeGrant } from '../world/codes.js'
import type { User } from '../world/users.js'
import type { World } from '../world/world.js'

export type Checked<T> = { ok: true, value: T } | { ok: false, errcode: number }

export const accept = <T>(value: T): Checked<T> => ({ ok: true, value })
export const refuse = (errcode: number): { ok: false, errcode: number } => ({ ok: false, errcode })

/** appid, then secret. */
export const checkApp = (world: World, call: Call, { secret }: { secret: boolean }): Checked<App> => {
  const appId = param(call, 'appid')
  if (appId === '') return refuse(41002)
  const app = world.apps.find(appId)
  if (!app) return refuse(40013)
  if (!secret) return accept(app)
  const given = param(call, 'secret')
  if (given === '') return refuse(41004)
  return given === app.appSecret ? accept(app) : refuse(40125)
}

export interface UsableCode {
  grant: CodeGrant
  user: User
  /** The exchange is done: the code is used up. */
  use: () => void
}

/** The state of a code and of the user behind it. Nothing is used up yet. */
export const checkCode = (world: World, code: string, kind: CodeGrant['kind'], app: App): Checked<UsableCode> => {
  const found = world.codes.look(code, kind, app.appId)
  switch (found.state) {
    case 'unknown': return refuse(40029)
    case 'used': return refuse(40163)
    case 'expired': return refuse(world.settings.expiredCode)
    case 'fresh': {
      const user = world.users.get(found.grant.userId)
      return user.state === 'frozen' ? refuse(50002) : accept({ grant: found.grant, user, use: found.use })
    }
  }
}
