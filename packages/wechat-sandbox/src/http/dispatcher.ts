import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { TLSSocket } from 'node:tls'
import type { Faults } from '../faults.js'
import type { World } from '../world/world.js'
import { readBody } from './body.js'
import type { Call } from './call.js'
import { faultyReply } from './faulty-reply.js'
import { ownPaths } from './own-routes.js'
import { loggedBodyLength, queryObject, type LoggedRequest, type RequestLog } from './request-log.js'
import { answer, type Router } from './router.js'
import { send } from './send.js'
import { goneSignal, resetConnection } from './server.js'

export interface DispatcherParts {
  world: World
  router: Router
  faults: Faults
  log: RequestLog
}

function splitTarget(target: string): { path: string; query: URLSearchParams } {
  const relative = target.replace(/^https?:\/\/[^/?#]*/i, '')
  const at = relative.indexOf('?')
  const path = at < 0 ? relative : relative.slice(0, at)
  return { path: path === '' ? '/' : path, query: new URLSearchParams(at < 0 ? '' : relative.slice(at + 1)) }
}

function originOf({ socket, headers }: IncomingMessage): string {
  const host = /^(?:[\w.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i.test(headers.host ?? '')
    ? headers.host
    : undefined
  return `${socket instanceof TLSSocket ? 'https' : 'http'}://${host ?? `127.0.0.1:${String(socket.localPort)}`}`
}

function logged({ world }: DispatcherParts, request: IncomingMessage, call: Call): LoggedRequest {
  return {
    method: call.method,
    path: call.path,
    query: queryObject(call.query),
    headers: { ...call.headers },
    body: call.body.subarray(0, loggedBodyLength).toString('utf8'),
    secure: request.socket instanceof TLSSocket,
    time: world.clock.now(),
    warnings: [],
  }
}

async function dispatch(
  parts: DispatcherParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const signal = goneSignal(response)
  const body = await readBody(request)
  if (!body) {
    response.writeHead(413, { Connection: 'close' }).end()
    return
  }
  const warnings: string[] = []
  const call: Call = {
    method: request.method ?? 'GET',
    ...splitTarget(request.url ?? '/'),
    headers: request.headers,
    body,
    origin: originOf(request),
    remoteAddress: request.socket.remoteAddress ?? '',
    signal,
    warn: (message) => warnings.push(message),
  }
  const route = parts.router.find(call.path)
  if (call.path.startsWith(ownPaths)) {
    await send(response, { reply: await answer(route, call), manner: 'whole', delay: 0 }, signal)
    return
  }
  const entry: LoggedRequest = { ...logged(parts, request, call), warnings }
  parts.log.add(entry)
  const fault = parts.faults.take(call.path)
  if (fault === 'hang') return
  if (fault === 'reset') {
    resetConnection(request)
    return
  }
  const delivery =
    fault === undefined
      ? { reply: await answer(route, call), manner: 'whole' as const, delay: 0 }
      : await faultyReply(
          { world: parts.world, call, family: route.family, answer: async () => answer(route, call) },
          fault,
        )
  if (signal.aborted) return
  entry.status = delivery.reply.status
  await send(response, delivery, signal)
}

/** Passes each request to the log, the faults and the router. */
export function dispatcher(parts: DispatcherParts): RequestListener {
  return (request, response) => {
    dispatch(parts, request, response).catch((error: unknown) => {
      if (response.destroyed || response.headersSent) {
        response.destroy()
        return
      }
      response.writeHead(500, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' })
      response.end(`The sandbox failed: ${error instanceof Error ? error.message : 'unknown error'}`)
    })
  }
}
