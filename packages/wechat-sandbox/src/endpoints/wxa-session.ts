import { createHmac } from 'node:crypto'
import { param, type Call } from '../http/call.js'
import type { App } from '../world/apps.js'
import type { User } from '../world/users.js'
import type { World } from '../world/world.js'
import { checkCaller, type Fields } from './app-checks.js'
import { accept, refuse, type Checked } from './checks.js'

interface Session {
  app: App
  user: User
  openid: string
}

/** Signs an empty text. The key is used as base64 text, not decoded. */
function sign(sessionKey: string): string {
  return createHmac('sha256', sessionKey).update('').digest('hex')
}

/** Checks the openid and the signature, which proves that the caller has the user's session_key. */
function checkSignature(world: World, call: Call): Checked<Session> {
  const app = checkCaller(world, call, 'miniprogram')
  if (!app.ok) return app
  const openid = param(call, 'openid')
  if (openid === '') return refuse(41009)
  const user = world.userByOpenid(app.value, openid)
  if (!user) return refuse(40003)
  if (param(call, 'sig_method') !== 'hmac_sha256') return refuse(87008)
  if (param(call, 'signature') !== sign(world.sessionKeys.get(app.value.appId, user.id))) return refuse(87009)
  return user.state === 'frozen' ? refuse(50002) : accept({ app: app.value, user, openid })
}

/** `GET /wxa/checksession` */
export function checkSession(world: World, call: Call): Checked<Fields> {
  const session = checkSignature(world, call)
  return session.ok ? accept({ errcode: 0, errmsg: 'ok' }) : session
}

/** `GET /wxa/resetusersessionkey` */
export function resetSession(world: World, call: Call): Checked<Fields> {
  const session = checkSignature(world, call)
  if (!session.ok) return session
  const {
    app: { appId },
    user,
    openid,
  } = session.value
  if (!world.minuteQuota.take(['resetusersessionkey', appId], world.settings.sessionResetsPerMinute))
    return refuse(45011)
  return accept({ errcode: 0, errmsg: 'ok', openid, session_key: world.sessionKeys.renew(appId, user.id) })
}
