import { param, type Call } from '../http/call.js'
import type { Authorization, TokenPair } from '../world/tokens.js'
import type { World } from '../world/world.js'
import { accept, checkApp, checkCode, refuse, type Checked } from './checks.js'

type Fields = Record<string, unknown>

function tokenFields(
  { accessToken, refreshToken, expiresIn }: TokenPair,
  { openid, scope }: Authorization,
): Fields {
  return {
    access_token: accessToken,
    expires_in: expiresIn,
    refresh_token: refreshToken,
    openid,
    scope,
  }
}

/** Whether the reply contains the unionid. After a silent login it does not. */
function includesUnionid(scope: string): boolean {
  return scope.split(',').some((one) => one === 'snsapi_userinfo' || one === 'snsapi_login')
}

/** `/sns/oauth2/access_token`: exchanges a code. */
export function exchangeCode(world: World, call: Call): Checked<Fields> {
  const app = checkApp(world, call, { secret: true })
  if (!app.ok) return app
  if (param(call, 'grant_type') !== 'authorization_code') return refuse(40002)
  const code = param(call, 'code')
  if (code === '') return refuse(41008)
  const usable = checkCode(world, code, 'oauth', app.value)
  if (!usable.ok) return usable
  const {
    grant: { userId, scope, snapshot },
    use,
  } = usable.value
  use()
  const unionid = world.unionid(app.value, userId, snapshot)
  const authorization: Authorization = {
    appId: app.value.appId,
    userId,
    openid: world.openid(app.value, userId, snapshot),
    ...(unionid === undefined ? {} : { unionid }),
    scope,
    snapshot,
  }
  return accept({
    ...tokenFields(world.tokens.issue(authorization), authorization),
    ...(unionid !== undefined && includesUnionid(scope) ? { unionid } : {}),
    ...(snapshot ? { is_snapshotuser: 1 } : {}),
  })
}

/** `/sns/oauth2/refresh_token`. Needs no secret, and the reply has no unionid. */
export function refreshTokens(world: World, call: Call): Checked<Fields> {
  const app = checkApp(world, call, { secret: false })
  if (!app.ok) return app
  if (param(call, 'grant_type') !== 'refresh_token') return refuse(40002)
  const refreshToken = param(call, 'refresh_token')
  if (refreshToken === '') return refuse(41003)
  const found = world.tokens.lookAtRefreshToken(refreshToken, app.value.appId)
  switch (found.state) {
    case 'unknown':
      return refuse(40030)
    case 'expired':
      return refuse(42002)
    case 'revoked':
      return refuse(42007)
    case 'valid': {
      if (world.users.get(found.authorization.userId).state === 'frozen') return refuse(50002)
      return accept(tokenFields(found.refresh(), found.authorization))
    }
  }
}
