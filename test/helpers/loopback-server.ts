import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'

export interface SeenRequest {
  method: string
  path: string
  query: Record<string, string>
  /** The query as it came over the wire. */
  rawQuery: string
  headers: IncomingMessage['headers']
}

export type Answer = (response: ServerResponse, request: SeenRequest) => unknown

/** A real HTTP server on a free port. Each test sets its answers. */
export class LoopbackServer {
  readonly url: string
  #requests: SeenRequest[] = []
  #answers: Answer[] = []
  readonly #byPath = new Map<string, Answer>()
  readonly #server: Server

  constructor(server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('request', (message: IncomingMessage, response: ServerResponse) => {
      this.#serve(message, response)
    })
  }

  get requests(): readonly SeenRequest[] {
    return this.#requests
  }

  get paths(): string[] {
    return this.#requests.map(({ path }) => path)
  }

  /** Answers the next requests in this order, and all later ones like the last. Forgets earlier requests and answers. */
  answer(...answers: Answer[]): void {
    this.#requests = []
    this.#byPath.clear()
    this.#answers = answers
  }

  /** Answers by path; other paths get 404. Forgets earlier requests and answers. */
  answerByPath(answers: Record<string, Answer>): void {
    this.answer(status(404, 'no such path'))
    for (const [path, answer] of Object.entries(answers)) this.#byPath.set(path, answer)
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  #serve(message: IncomingMessage, response: ServerResponse): void {
    const { pathname, search, searchParams } = new URL(message.url ?? '/', this.url)
    const { method = '', headers } = message
    const request: SeenRequest = {
      method,
      path: pathname,
      query: Object.fromEntries(searchParams),
      rawQuery: search.slice(1),
      headers,
    }
    this.#requests.push(request)
    response.on('error', () => {})
    const answer =
      this.#byPath.get(pathname) ?? (this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0])
    if (!answer) throw new Error(`nobody said what ${pathname} answers`)
    void answer(response, request)
  }
}

export async function startLoopbackServer(): Promise<LoopbackServer> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return new LoopbackServer(server)
}

/** The URL of a port on which nobody listens. */
export async function deadURL(): Promise<string> {
  const server = await startLoopbackServer()
  await server.close()
  return server.url
}

/** JSON in the way of WeChat's /sns endpoints. */
export function json(value: unknown): Answer {
  return body(JSON.stringify(value).replaceAll('/', '\\/'))
}

export function body(
  content: string | Uint8Array,
  headers: Record<string, string> = { 'content-type': 'text/plain' },
): Answer {
  return (response) => response.writeHead(200, headers).end(content)
}

export function status(
  code: number,
  content: string | Uint8Array = '',
  headers: Record<string, string> = {},
): Answer {
  return (response) => response.writeHead(code, headers).end(content)
}

/** An answer that goes on for ever, and a promise of its end by the client. */
export function endless(code: number): { answer: Answer; closed: Promise<void> } {
  let close: () => void
  const closed = new Promise<void>((resolve) => {
    close = resolve
  })
  const answer: Answer = (response) => {
    response.once('close', () => {
      close()
    })
    response.writeHead(code)
    const write = (): void => {
      // On Node.js 26 the callback may run before the event loop goes on, and the other side would read nothing.
      if (!response.destroyed) response.write(Buffer.alloc(64 * 1024), () => setImmediate(write))
    }
    write()
  }
  return { answer, closed }
}

/** Sends each part in a separate packet. */
export function packets(...parts: Uint8Array[]): Answer {
  return async (response) => {
    response.socket?.setNoDelay(true)
    response.writeHead(200, { 'content-type': 'text/plain' })
    for (const part of parts) {
      response.write(part)
      await sleep(10)
    }
    response.end()
  }
}

/** Sends bytes one at a time, for ever or to their end. */
export function drip(content: string, pause: number): Answer {
  return async (response) => {
    response.writeHead(200, { 'content-type': 'text/plain' })
    for (const byte of Buffer.from(content)) {
      if (response.destroyed) return
      response.write(Uint8Array.of(byte))
      await sleep(pause)
    }
    response.end()
  }
}

export function gzipped(content: string): Answer {
  return body(gzipSync(content), { 'content-encoding': 'gzip' })
}

/** Says that more will come, then ends the connection. */
export function truncated(content: string): Answer {
  return (response) => {
    response.writeHead(200, { 'content-length': String(Buffer.byteLength(content) + 100) })
    response.write(content, () => response.destroy())
  }
}

/** Begins to answer and never ends. */
export function stall(content: string): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/plain' })
    response.write(content)
  }
}

export const reset: Answer = (response) => response.socket?.resetAndDestroy()

export const hang: Answer = () => {}
