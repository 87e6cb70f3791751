import { param, type Call } from '../http/call.js'
import type { App, AppType } from '../world/apps.js'
import type { World } from '../world/world.js'
import { accept, refuse, type Checked } from './checks.js'

export type Fields = Record<string, unknown>

/** Checks the query's app-level token and returns its app. */
function checkAppToken(world: World, call: Call): Checked<App> {
  const token = param(call, 'access_token')
  if (token === '') return refuse(41001)
  const found = world.appTokens.look(token)
  switch (found.state) {
    case 'unknown':
      return refuse(40001)
    case 'expired':
      return refuse(42001)
    case 'valid':
      return accept(world.apps.get(found.appId))
  }
}

/** Checks the query's app-level token. Its app must have the type that the endpoint serves. */
export function checkCaller(world: World, call: Call, type: AppType): Checked<App> {
  const app = checkAppToken(world, call)
  if (!app.ok) return app
  return app.value.type === type ? app : refuse(48001)
}

/** Checks that the body is a JSON object. Ignores the content type. */
export function checkJson(call: Call): Checked<Fields> {
  if (call.body.length === 0) return refuse(44002)
  try {
    const json: unknown = JSON.parse(call.body.toString('utf8'))
    return isFields(json) ? accept(json) : refuse(47001)
  } catch {
    return refuse(47001)
  }
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** WeChat's daily quotas are ten times smaller for test accounts. */
export function dailyLimit({ testAccount }: App, limit: number): number {
  return testAccount === true ? Math.ceil(limit / 10) : limit
}
