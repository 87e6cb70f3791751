import type * as Http from 'node:http'
import https from 'node:https'
import { largestBody, type Exchange, type HttpAnswer } from './exchange.js'
import { badStatus, brokenOff, tooLarge, unreachable } from './failures.js'
import { decompress } from './decompress.js'

// An import reads all that a module offers; of this one since Node.js 22 WebSockets, which take 20 ms to load.
const http = process.getBuiltinModule('node:http')

const headers = { 'user-agent': 'node' }

// What an application does to the global agents, say to trust anybody, is not meant for its app secret: these are our own.
const kept = { keepAlive: true, timeout: 5000 }
const overHttp = { client: http, agent: new http.Agent(kept), connected: 'connect' }
const overHttps = { client: https, agent: new https.Agent(kept), connected: 'secureConnect' }

/** By Node.js's own client, over connections that are kept: a fraction of what the built-in `fetch` costs for answers as short as WeChat's. */
export const byNode: Exchange = ({ server, path, endpoint, body }, deadline) =>
  new Promise<HttpAnswer>((resolve, reject) => {
    const { client, connected, prefix, options } = serverAt(server)
    const posted = body !== undefined && {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    }
    let asking: Http.ClientRequest
    try {
      asking = client.request({ ...options, path: prefix + path, ...posted })
    } catch (error) {
      // Node.js's own does not throw here; what an application put in its place may, with the whole address in the message.
      reject(unreachable(endpoint, error, true))
      return
    }
    deadline.onOver = () => {
      asking.destroy()
    }
    let hasConnected = true
    asking.on('socket', (socket) => {
      // A kept connection, or one that is not Node.js's own, may have sent the request at any time.
      if (asking.reusedSocket || !(socket.connecting || socket.destroyed)) return
      hasConnected = false
      socket.once(connected, () => {
        hasConnected = true
      })
    })
    asking.on('error', (error) => {
      reject(unreachable(endpoint, error, hasConnected))
    })
    asking.on('response', (response) => {
      const { statusCode: status = 0 } = response
      if (status < 200 || status > 299) {
        reject(badStatus(endpoint, status))
        // What else it says may never end.
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
        if (encoding === undefined) resolve({ contentType, data })
        else
          resolve(
            decompress(data, encoding, endpoint).then((unpackedData) => ({
              contentType,
              data: unpackedData,
            })),
          )
      }
      response.on('end', () => {
        // An answer can be here before the system has said that the question was sent. Only then the connection is free again, and
        // whoever asks the next question before that opens another one.
        if (asking.writableFinished) done()
        else asking.once('close', done)
      })
    })
    asking.end(body)
  })

/** Looked for, because `response.headers` makes an object of all of them. */
function findHeader({ rawHeaders }: Http.IncomingMessage, name: string): string | undefined {
  const at = rawHeaders.findIndex(
    (text, index) => index % 2 === 0 && text.length === name.length && text.toLowerCase() === name,
  )
  return at === -1 ? undefined : rawHeaders[at + 1]
}

interface Server {
  /** The module itself: whoever traces or mocks replaces functions in it. */
  client: typeof Http | typeof https
  /** The event of a new connection before which it sends nothing of a request. */
  connected: string
  prefix: string
  /** Of every request. */
  options: Http.RequestOptions
}

const servers = new Map<string, Server>()

/** Taken apart once: an address given as text costs as much at each call as all the rest. There are as many as the application configures. */
function serverAt(address: string): Server {
  const known = servers.get(address)
  if (known) return known
  const { protocol, hostname, port, pathname } = new URL(address)
  const { client, agent, connected } = protocol === 'https:' ? overHttps : overHttp
  const server = {
    client,
    connected,
    prefix: pathname.replace(/\/$/, ''),
    // The name without the brackets of IPv6.
    options: { agent, hostname: hostname.replace(/^\[(.*)\]$/, '$1'), port, headers },
  }
  servers.set(address, server)
  return server
}
