import { param, type Call } from '../http/call.js'
import type { App } from '../world/apps.js'
import type { CodeGrant } from '../world/codes.js'
import type { User } from '../world/users.js'
import type { World } from '../world/world.js'

/** `text` replaces WeChat's usual text for the errcode. */
export interface Refusal {
  ok: false
  errcode: number
  text?: string
}

export type Checked<T> = { ok: true; value: T } | Refusal

export function accept<T>(value: T): Checked<T> {
  return { ok: true, value }
}

export function refuse(errcode: number, text?: string): Refusal {
  return {
    ok: false,
    errcode,
    ...(text === undefined ? {} : { text }),
  }
}

function checkAppId(world: World, appId: string): Checked<App> {
  if (appId === '') return refuse(41002)
  const app = world.apps.find(appId)
  return app ? accept(app) : refuse(40013)
}

/** Checks the appid, then the secret. A missing one is ''. */
export function checkCredentials(world: World, appId: string, secret: string): Checked<App> {
  const app = checkAppId(world, appId)
  if (!app.ok) return app
  if (secret === '') return refuse(41004)
  return secret === app.value.appSecret ? app : refuse(40125)
}

/** Returns the app that the query names, and checks its secret if asked to. */
export function checkApp(world: World, call: Call, { secret }: { secret: boolean }): Checked<App> {
  return secret
    ? checkCredentials(world, param(call, 'appid'), param(call, 'secret'))
    : checkAppId(world, param(call, 'appid'))
}

export interface UsableCode {
  grant: CodeGrant
  user: User
  /** Marks the code as used. */
  use: () => void
}

/** Checks a code and its user. Does not use the code. */
export function checkCode(
  world: World,
  code: string,
  kind: CodeGrant['kind'],
  app: App,
): Checked<UsableCode> {
  const found = world.codes.look(code, kind, app.appId)
  switch (found.state) {
    case 'unknown':
      return refuse(40029)
    case 'used':
      return refuse(40163)
    case 'expired':
      return refuse(world.settings.expiredCode)
    case 'fresh': {
      const user = world.users.get(found.grant.userId)
      return user.state === 'frozen' ? refuse(50002) : accept({ grant: found.grant, user, use: found.use })
    }
  }
}
