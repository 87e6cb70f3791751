import type { Deadline } from '../lib/deadline.js'

/** A GET or, with a body, a POST of JSON. */
export interface HttpRequest {
  /** The server's base address, without a slash at its end. */
  server: string
  /** The path with the query. */
  path: string
  /** The path of the endpoint. Errors may show only this part of the address. */
  endpoint: string
  body: string | undefined
}

/** A reply with a status from 200 to 299, read to its end. */
export interface HttpAnswer {
  status: number
  /** Returns the header as it was sent, or an empty string. */
  contentType: () => string
  data: Uint8Array
}

/**
 * Sends one request and reads the reply. It follows no redirects. When the deadline passes, it stops and closes the
 * connection.
 *
 * @throws WechatTransportError. After the deadline it may throw anything, because nobody waits for it any more
 */
export type Exchange = (request: HttpRequest, deadline: Deadline) => Promise<HttpAnswer>

export const largestBody = 1024 * 1024
