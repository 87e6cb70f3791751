import { param, type Call } from '../http/call.js'
import type { World } from '../world/world.js'
import { accept, checkApp, checkCode, refuse, type Checked } from './checks.js'

/** The text of 45011 at this endpoint. */
const quotaText = 'api minute-quota reach limit  mustslower  retry next minute'

/** `GET /sns/jscode2session`: exchanges the code of `wx.login`. */
export function exchangeJsCode(world: World, call: Call): Checked<Record<string, unknown>> {
  const app = checkApp(world, call, { secret: true })
  if (!app.ok) return app
  if (param(call, 'grant_type') !== 'authorization_code') return refuse(40002)
  const code = param(call, 'js_code')
  if (code === '') return refuse(41008)
  const usable = checkCode(world, code, 'js', app.value)
  if (!usable.ok) return usable
  const { user, use } = usable.value
  if (
    !world.minuteQuota.take(
      ['jscode2session', app.value.appId, user.id],
      world.settings.jscode2sessionPerMinute,
    )
  ) {
    return refuse(45011, quotaText)
  }
  if (user.state === 'blocked') return refuse(40226)
  use()
  const unionid = world.unionid(app.value, user.id)
  return accept({
    session_key: world.sessionKeys.get(app.value.appId, user.id),
    openid: world.openid(app.value, user.id),
    ...(unionid === undefined ? {} : { unionid }),
  })
}
