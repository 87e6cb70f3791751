import type { Call } from './call.js'
import type { Family } from './families.js'
import type { Reply } from './reply.js'
import type { Route } from './router.js'

/** Everything under here is the sandbox's own, not WeChat's: no faults, no entries in the request log. */
export const ownPaths = '/__sandbox/'

const loopbackHost = /^(?:localhost|[\w-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i

/** A page on the web can make a name of its own point here, but cannot send another Host than that name. */
export function hasLoopbackHost(call: Call): boolean {
  return loopbackHost.test(call.headers.host ?? '')
}

/** A page on the web cannot send this content type without being allowed to, and nobody allows it. */
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

/** What a control gets: the members of the posted object, or of the query. */
export type Input = Record<string, unknown>

function inputOf(call: Call): Input | undefined {
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
  const input = inputOf(call)
  if (!input) return refusal(400, 'the body must be a JSON object')
  try {
    return reply(200, (await action(input, call)) ?? {})
  } catch (error) {
    if (error instanceof TypeError) return refusal(400, error.message)
    throw error
  }
}

/** JSON in, JSON out, and only for this computer. A TypeError of an action is the caller's fault: 400. */
export function ownRoute(path: string, actions: { GET?: Action; POST?: Action }): Route {
  return {
    methods: Object.keys(actions),
    path: `${ownPaths}${path}`,
    family: control,
    handle: (call) => run(call, (call.method === 'POST' ? actions.POST : actions.GET) ?? (() => undefined)),
    refuseMethod: () => refusal(405, `use ${Object.keys(actions).join(' or ')}`),
  }
}
