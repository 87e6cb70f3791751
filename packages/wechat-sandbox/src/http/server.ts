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

/** The number of connections so far. */
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

/** Long enough that a client with a connection pool does not reuse a connection that is just closing. */
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

/** Listens on one port, with or without TLS. */
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

/** Closes the connection with a TCP reset. */
export function resetConnection({ socket }: IncomingMessage): void {
  // Node.js cannot reset a TLS socket. An HTTP client sees no difference if it is destroyed during a request.
  if (socket instanceof TLSSocket) socket.destroy()
  else socket.resetAndDestroy()
}

/** Returns a signal that is aborted when the response is complete or the client disconnects. */
export function goneSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController()
  response.on('close', () => controller.abort())
  return controller.signal
}
