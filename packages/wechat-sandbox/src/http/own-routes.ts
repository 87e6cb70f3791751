import type { Call } from './call.js'
import type { Family } from './families.js'
import type { Reply } from './reply.js'
import type { Route } from './router.js'

/** The sandbox's own paths, which WeChat does not have. They have no faults and are not logged. */
export const ownPaths = '/__sandbox/'

const loopbackHost = /^(?:localhost|[\w-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i

/** Protects against DNS rebinding: a website can point its own name at this computer, but then the browser sends that name. */
export function hasLoopbackHost(call: Call): boolean {
  return loopbackHost.test(call.headers.host ?? '')
}

/** Protects against cross-site requests: a website may not send this content type without permission, which nobody grants. */
function isJson(call: Call): boolean {
  return call.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() === 'application/json'
}

function reply(status: number, body: unknown): Reply {
  return {
    status,
    headers: {
      'Content-Type': 'application/json; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
    },
    body: JSON.stringify(body),
  }
}

export function refusal(status: number, error: string): Reply {
  return reply(status, { error })
}

const control: Family = {
  contentType: 'application/json; charset=utf-8',
  error: (_world, _call, errcode) => refusal(500, `errcode ${errcode}`),
}

/** The members of the posted object, or the parameters of the query. */
export type Input = Record<string, unknown>

function parseInput(call: Call): Input | undefined {
  if (call.method !== 'POST') return Object.fromEntries(call.query)
  try {
    const input: unknown = JSON.parse(call.body.length === 0 ? '{}' : call.body.toString('utf8'))
    return typeof input === 'object' && input !== null && !Array.isArray(input) ? (input as Input) : undefined
  } catch {
    return undefined
  }
}

type Action = (input: Input, call: Call) => unknown

async function run(call: Call, action: Action): Promise<Reply> {
  if (!hasLoopbackHost(call)) return refusal(403, 'Host must be localhost or a loopback address')
  if (!isJson(call)) return refusal(415, 'Content-Type must be application/json')
  const input = parseInput(call)
  if (!input) return refusal(400, 'the body must be a JSON object')
  try {
    return reply(200, (await action(input, call)) ?? {})
  } catch (error) {
    if (error instanceof TypeError) return refusal(400, error.message)
    throw error
  }
}

/** A route with JSON input and output that only this computer can use. If an action throws a TypeError, the reply is 400. */
export function ownRoute(path: string, actions: { GET?: Action; POST?: Action }): Route {
  return {
    methods: Object.keys(actions),
    path: `${ownPaths}${path}`,
    family: control,
    handle: (call) => run(call, (call.method === 'POST' ? actions.POST : actions.GET) ?? (() => undefined)),
    refuseMethod: () => refusal(405, `use ${Object.keys(actions).join(' or ')}`),
  }
}
