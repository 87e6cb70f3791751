import { param, type Call } from '../http/call.js'
import type { World } from '../world/world.js'
import { checkCaller, type Fields } from './app-checks.js'
import { accept, refuse, type Checked } from './checks.js'

/** `GET /cgi-bin/ticket/getticket` */
export function fetchTicket(world: World, call: Call): Checked<Fields> {
  const app = checkCaller(world, call, 'mp')
  if (!app.ok) return app
  const type = param(call, 'type')
  if (type !== 'jsapi' && type !== 'wx_card') return refuse(40097)
  const { value, expiresIn } = world.apiTickets.take(app.value.appId, type)
  return accept({ errcode: 0, errmsg: 'ok', ticket: value, expires_in: expiresIn })
}
