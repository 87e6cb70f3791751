import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/** How many connections have come in so far. */
export interface ConnectionCounts {
  /** TCP connections, to both ports */
  tcp: number
  /** completed TLS handshakes, resumed sessions included */
  tls: number
  /** TLS handshakes that resumed a session */
  resumed: number
}

export interface TlsKeys {
  key: string
  cert: string
}

export interface Listening {
  port: number
  close: () => Promise<void>
}

/** Long enough that a client which keeps its connections never meets one that is just closing. */
const keepAliveTimeout = 65_000

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** Starts one port, plain or TLS. `reset` cuts a connection so that the other side sees a reset. */
export async function startServer({
  port,
  host,
  tls,
  counts,
  handle,
}: {
  port: number
  host: string
  tls?: TlsKeys
  counts: ConnectionCounts
  handle: RequestListener
}): Promise<Listening> {
  const server: Server = tls ? createHttpsServer(tls, handle) : createHttpServer(handle)
  server.keepAliveTimeout = keepAliveTimeout
  server.on('connection', (socket: Socket) => {
    counts.tcp += 1
    socket.on('error', () => undefined)
  })
  server.on('secureConnection', (socket: TLSSocket) => {
    counts.tls += 1
    if (socket.isSessionReused()) counts.resumed += 1
    socket.on('error', () => undefined)
  })
  await listen(server, port, host)
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Cuts the connection so that the other side sees a reset, not an end. */
export function resetConnection({ socket }: IncomingMessage): void {
  // node resets plain TCP sockets only; a TLS socket that is destroyed in mid-request looks the same to an HTTP client.
  if (socket instanceof TLSSocket) socket.destroy()
  else socket.resetAndDestroy()
}

/** Fires when the caller has gone before the answer was complete. */
export function goneSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController()
  response.on('close', () => controller.abort())
  return controller.signal
}
