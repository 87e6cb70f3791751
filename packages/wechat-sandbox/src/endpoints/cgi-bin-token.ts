import { isIPv4 } from 'node:net'
import { param, type Call } from '../http/call.js'
import type { App } from '../world/apps.js'
import type { Leased } from '../world/lease.js'
import type { World } from '../world/world.js'
import { checkJson, dailyLimit, type Fields } from './app-checks.js'
import { accept, checkCredentials, refuse, type Checked } from './checks.js'

const forcedPerDay = 20

function tokenFields({ value, expiresIn }: Leased): Fields {
  return { access_token: value, expires_in: expiresIn }
}

interface Claim {
  appId: string
  secret: string
  grantType: unknown
}

/** Checks whether the caller may fetch a token, before the call counts towards the quotas. */
function checkClaim(world: World, call: Call, { appId, secret, grantType }: Claim): Checked<App> {
  const app = checkCredentials(world, appId, secret)
  if (!app.ok) return app
  if (grantType !== 'client_credential') return refuse(40002)
  const { ipWhitelist } = world.settings
  const address = call.remoteAddress.replace(/^::ffff:/, '')
  if (ipWhitelist && !ipWhitelist.includes(address)) {
    return refuse(
      40164,
      `invalid ip ${address} ipv6 ${isIPv4(address) ? '::ffff:' : ''}${address}, not in whitelist`,
    )
  }
  // WeChat has no endpoints for the app-level token of a website application.
  return app.value.type === 'website' ? refuse(48001) : app
}

/** `GET /cgi-bin/token`. Ignores parameters in a body. */
export function fetchToken(world: World, call: Call): Checked<Fields> {
  const app = checkClaim(world, call, {
    appId: param(call, 'appid'),
    secret: param(call, 'secret'),
    grantType: param(call, 'grant_type'),
  })
  if (!app.ok) return app
  const { appId } = app.value
  if (!world.dayQuota.take(['token', appId], dailyLimit(app.value, world.settings.tokensPerDay)))
    return refuse(45009)
  return accept(tokenFields(world.appTokens.issue(appId)))
}

function text(value: unknown): string | undefined {
  return value === undefined ? '' : typeof value === 'string' ? value : undefined
}

/** `POST /cgi-bin/stable_token` */
export function fetchStableToken(world: World, call: Call): Checked<Fields> {
  const body = checkJson(call)
  if (!body.ok) return body
  const { appid, secret, grant_type: grantType, force_refresh: forceRefresh = false } = body.value
  const [givenAppId, givenSecret] = [text(appid), text(secret)]
  if (givenAppId === undefined || givenSecret === undefined || typeof forceRefresh !== 'boolean')
    return refuse(47001)
  const app = checkClaim(world, call, { appId: givenAppId, secret: givenSecret, grantType })
  if (!app.ok) return app
  const { appId } = app.value
  const { stableTokensPerMinute, stableTokensPerDay } = world.settings
  if (!world.minuteQuota.take(['stable_token', appId], stableTokensPerMinute)) return refuse(45011)
  if (!world.dayQuota.take(['stable_token', appId], stableTokensPerDay)) return refuse(45009)
  if (!forceRefresh || !world.appTokens.mayForce(appId))
    return accept(tokenFields(world.appTokens.stable(appId)))
  if (!world.dayQuota.take(['force_refresh', appId], forcedPerDay)) return refuse(45009)
  return accept(tokenFields(world.appTokens.force(appId)))
}
