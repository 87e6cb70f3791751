import type { IncomingHttpHeaders } from 'node:http'

/** A request as the endpoints see it. */
export interface Call {
  method: string
  /** without the query, not decoded */
  path: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
  body: Buffer
  /** scheme and host that the caller used, e.g. `http://localhost:3000` */
  origin: string
  remoteAddress: string
  /** fires when the caller has gone or the sandbox closes */
  signal: AbortSignal
  /** For the request log: what WeChat might not have accepted. */
  warn: (message: string) => void
}

/** The parameter's first value; '' where it is missing, which WeChat treats alike. */
export function param(call: Call, name: string): string {
  return call.query.get(name) ?? ''
}
