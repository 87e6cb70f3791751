import type { IncomingHttpHeaders } from 'node:http'

/** A request as the endpoints see it. */
export interface Call {
  method: string
  /** without the query, not decoded */
  path: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
  body: Buffer
  /** scheme and host that the client used, e.g. `http://localhost:3000` */
  origin: string
  remoteAddress: string
  /** aborted when the client disconnects or the sandbox closes */
  signal: AbortSignal
  /** Adds a warning to the request log: something that WeChat might not accept. */
  warn: (message: string) => void
}

/** Returns the parameter's first value, or '' if it is missing: WeChat treats both the same. */
export function param(call: Call, name: string): string {
  return call.query.get(name) ?? ''
}
