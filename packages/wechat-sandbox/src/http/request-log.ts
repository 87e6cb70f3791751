import type { IncomingHttpHeaders } from 'node:http'
import { BoundedMap } from '../world/bounded-map.js'

/** A request that the sandbox has seen. */
export interface LoggedRequest {
  method: string
  /** without the query */
  path: string
  /** decoded; a parameter that was given several times is an array */
  query: Record<string, string | string[]>
  headers: IncomingHttpHeaders
  /** as text; the first 10,000 bytes */
  body: string
  /** whether it came over TLS */
  secure: boolean
  /** when it came: ms since the epoch, by the sandbox's clock */
  time: number
  /** HTTP status of the answer; absent until there is one */
  status?: number
  /** what WeChat might not have accepted, e.g. the order of the parameters */
  warnings: string[]
}

const keptRequests = 10_000

/** How much of a body is kept. */
export const loggedBodyLength = 10_000

export function queryObject(query: URLSearchParams): LoggedRequest['query'] {
  const names = [...new Set(query.keys())]
  return Object.fromEntries(
    names.map((name) => {
      const values = query.getAll(name)
      return [name, values.length === 1 ? (values[0] ?? '') : values]
    }),
  )
}

/** The last 10,000 requests, and how many there were to each path. */
export class RequestLog {
  #requests: LoggedRequest[] = []
  readonly #counts = new BoundedMap<string, number>(keptRequests)

  get requests(): LoggedRequest[] {
    return [...this.#requests]
  }

  count(path: string): number {
    return this.#counts.get(path) ?? 0
  }

  add(request: LoggedRequest): void {
    this.#counts.set(request.path, this.count(request.path) + 1)
    this.#requests.push(request)
    if (this.#requests.length > keptRequests) this.#requests.shift()
  }

  reset(): void {
    this.#requests = []
    this.#counts.clear()
  }
}
