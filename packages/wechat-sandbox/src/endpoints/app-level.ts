import type { Call } from '../http/call.js'
import { api, page } from '../http/families.js'
import type { Route } from '../http/router.js'
import type { World } from '../world/world.js'
import type { Fields } from './app-checks.js'
import { fetchStableToken, fetchToken } from './cgi-bin-token.js'
import type { Checked } from './checks.js'
import { fetchTicket } from './getticket.js'
import { refusePageMethod } from './page-parts.js'
import { readPhoneNumber } from './phone-number.js'
import { createQrCode, showQrCode } from './qrcode.js'
import { checkSession, resetSession } from './wxa-session.js'

type Endpoint = (world: World, call: Call) => Checked<Fields>

/** The endpoints that an application calls on its own behalf, not for a user. */
export function appLevelRoutes(world: World): Route[] {
  const route = (methods: readonly ('GET' | 'POST')[], path: string, endpoint: Endpoint): Route => ({
    methods,
    path,
    family: api,
    handle: (call) => {
      const result = endpoint(world, call)
      if (result.ok) return api.success(result.value)
      return api.error(world, call, result.errcode, result.text === undefined ? {} : { text: result.text })
    },
    refuseMethod: (call) => api.error(world, call, methods.includes('GET') ? 43001 : 43002),
  })
  return [
    // WeChat accepts POST, too, but reads the parameters from the query.
    route(['GET', 'POST'], '/cgi-bin/token', fetchToken),
    route(['POST'], '/cgi-bin/stable_token', fetchStableToken),
    route(['GET'], '/cgi-bin/ticket/getticket', fetchTicket),
    route(['POST'], '/cgi-bin/qrcode/create', createQrCode),
    {
      methods: ['GET'],
      path: '/cgi-bin/showqrcode',
      family: page,
      handle: (call) => showQrCode(world, call),
      refuseMethod: refusePageMethod,
    },
    route(['GET'], '/wxa/checksession', checkSession),
    route(['GET'], '/wxa/resetusersessionkey', resetSession),
    route(['POST'], '/wxa/business/getuserphonenumber', readPhoneNumber),
  ]
}
