import type { Deadline } from '../lib/deadline.js'

/** A GET, or with a body the POST of a JSON text. */
export interface HttpRequest {
  /** Base address of the server, without a slash at its end. */
  server: string
  /** With the query. */
  path: string
  /** Path of the endpoint, which is all that errors may say of the address. */
  endpoint: string
  body: string | undefined
}

/** An answer of status 200 to 299, read to its end. */
export interface HttpAnswer {
  /** As it was sent, or nothing. */
  contentType: () => string
  data: Uint8Array
}

/**
 * One request and its answer. Follows nothing, and gives up, closing the connection, when the deadline is over.
 *
 * @throws WechatTransportError, other than for the deadline: nobody listens any more by then
 */
export type Exchange = (request: HttpRequest, deadline: Deadline) => Promise<HttpAnswer>

export const largestBody = 1024 * 1024
