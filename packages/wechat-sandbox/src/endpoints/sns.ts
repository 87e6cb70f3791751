import type { Call } from '../http/call.js'
import { sns } from '../http/families.js'
import { parseForm } from '../http/form.js'
import type { Reply } from '../http/reply.js'
import type { Route } from '../http/router.js'
import type { World } from '../world/world.js'
import type { Checked } from './checks.js'
import { exchangeJsCode } from './jscode2session.js'
import { exchangeCode, refreshTokens } from './sns-oauth2.js'
import { checkAccessToken, readUser } from './sns-user.js'

type Endpoint = (world: World, call: Call) => Checked<Record<string, unknown>>

/** Appends the fields of a form to the query. */
function withForm(call: Call): Call {
  return {
    ...call,
    query: new URLSearchParams([...call.query, ...parseForm(call)]),
  }
}

/** The login endpoints of api.weixin.qq.com. */
export function snsRoutes(world: World): Route[] {
  const route = (path: string, endpoint: Endpoint, methods: ('GET' | 'POST')[] = ['GET']): Route => ({
    methods,
    path,
    family: sns,
    handle: (call): Reply => {
      const result = endpoint(world, call.method === 'POST' ? withForm(call) : call)
      if (result.ok) return sns.success(result.value)
      return sns.error(world, call, result.errcode, result.text === undefined ? {} : { text: result.text })
    },
    refuseMethod: (call) => sns.error(world, call, 43001),
  })
  return [
    // WeChat documents only GET, but clients that follow OAuth 2.0 send forms.
    route('/sns/oauth2/access_token', exchangeCode, ['GET', 'POST']),
    route('/sns/oauth2/refresh_token', refreshTokens, ['GET', 'POST']),
    route('/sns/userinfo', readUser),
    route('/sns/auth', checkAccessToken),
    route('/sns/jscode2session', exchangeJsCode),
  ]
}
