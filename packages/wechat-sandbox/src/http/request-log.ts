import type { IncomingHttpHeaders } from 'node:http'
import { BoundedMap } from '../world/bounded-map.js'

/** A request to the sandbox. */
export interface LoggedRequest {
  method: string
  /** without the query */
  path: string
  /** decoded; a repeated parameter is an array */
  query: Record<string, string | string[]>
  headers: IncomingHttpHeaders
  /** the first 10,000 bytes, as text */
  body: string
  /** whether it came over TLS */
  secure: boolean
  /** time of arrival by the sandbox's clock, in ms since the epoch */
  time: number
  /** HTTP status of the response; absent until it is sent */
  status?: number
  /** what WeChat might not accept, e.g. the order of the parameters */
  warnings: string[]
}

const keptRequests = 10_000

/** How many bytes of a body are kept. */
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

/** The last 10,000 requests, and the number of requests to each path. */
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
