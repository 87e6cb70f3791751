import type * as Http from 'node:http'
import https from 'node:https'
import { largestBody, type Exchange, type HttpAnswer } from './exchange.js'
import { badStatus, brokenOff, tooLarge, unreachable } from './failures.js'
import { decompress } from './decompress.js'

// An import reads every export of a module. Since Node.js 22 those of this one include WebSockets, which take 20 ms to load.
const http = process.getBuiltinModule('node:http')

const headers = { 'user-agent': 'node' }

// These agents are our own: an application may change the global ones, e.g. to trust any certificate, which must not
// expose its app secret.
const kept = { keepAlive: true, timeout: 5000 }
const overHttp = { client: http, agent: new http.Agent(kept), connected: 'connect' }
const overHttps = { client: https, agent: new https.Agent(kept), connected: 'secureConnect' }

/** Sends requests with Node.js's own client, which keeps connections. For replies as short as WeChat's, it costs a fraction of the built-in `fetch`. */
export function byNode(
  ...[{ server, path, endpoint, body }, deadline]: Parameters<Exchange>
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const { client, connected, prefix, options } = serverAt(server)
    const posted = body !== undefined && {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    }
    let outgoing: Http.ClientRequest
    try {
      outgoing = client.request({ ...options, path: prefix + path, ...posted })
    } catch (error) {
      // Node.js's own function does not throw here. An application's replacement may, with the whole address in the message.
      reject(unreachable(endpoint, error, true))
      return
    }
    deadline.onOver = () => {
      outgoing.destroy()
    }
    let hasConnected = true
    outgoing.on('socket', (socket) => {
      // A kept connection, or one that Node.js did not make, may send the request at any time.
      if (outgoing.reusedSocket || !(socket.connecting || socket.destroyed)) return
      hasConnected = false
      socket.once(connected, () => {
        hasConnected = true
      })
    })
    outgoing.on('error', (error) => {
      reject(unreachable(endpoint, error, hasConnected))
    })
    outgoing.on('response', (response) => {
      const { statusCode: status = 0 } = response
      if (status < 200 || status > 299) {
        reject(badStatus(endpoint, status))
        // The body may never end.
        response.destroy()
        return
      }
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        size += chunk.length
        if (size <= largestBody) return
        reject(tooLarge(endpoint))
        response.destroy()
      })
      response.on('error', (error) => {
        reject(brokenOff(endpoint, error))
      })
      const done = (): void => {
        const contentType = (): string => findHeader(response, 'content-type') ?? ''
        const encoding = findHeader(response, 'content-encoding')
        const data = Buffer.concat(chunks)
        if (encoding === undefined) resolve({ status, contentType, data })
        else
          resolve(
            decompress(data, encoding, endpoint).then((unpackedData) => ({
              status,
              contentType,
              data: unpackedData,
            })),
          )
      }
      response.on('end', () => {
        // A reply can arrive before the system reports that the request was sent. The connection is free only after both: a
        // request that starts earlier opens another connection.
        if (outgoing.writableFinished) done()
        else outgoing.once('close', done)
      })
    })
    outgoing.end(body)
  })
}

/** Reads one header from the raw list, because `response.headers` builds an object of all headers. */
function findHeader({ rawHeaders }: Http.IncomingMessage, name: string): string | undefined {
  const at = rawHeaders.findIndex(
    (text, index) => index % 2 === 0 && text.length === name.length && text.toLowerCase() === name,
  )
  return at === -1 ? undefined : rawHeaders[at + 1]
}

interface Server {
  /** The module itself, because tools for tracing and mocking replace its functions. */
  client: typeof Http | typeof https
  /** The event of a new connection before which it sends no byte of a request. */
  connected: string
  prefix: string
  /** The options that all requests share. */
  options: Http.RequestOptions
}

const servers = new Map<string, Server>()

/** Parses each address once, because parsing costs as much as the rest of a call. There are only as many as the application configures. */
function serverAt(address: string): Server {
  const known = servers.get(address)
  if (known) return known
  const { protocol, hostname, port, pathname } = new URL(address)
  const { client, agent, connected } = protocol === 'https:' ? overHttps : overHttp
  const server = {
    client,
    connected,
    prefix: pathname.replace(/\/$/, ''),
    // An IPv6 address without its brackets.
    options: { agent, hostname: hostname.replace(/^\[(.*)\]$/, '$1'), port, headers },
  }
  servers.set(address, server)
  return server
}
