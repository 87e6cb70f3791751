import { WechatError } from '@wechat-auth/wechat-oauth'
import type { Deadline } from '@wechat-auth/wechat-oauth/store-kit'
import { requestRefusal } from '../outcome.js'
import type { RequestParts } from '../request.js'

/** As in `express.json()`. */
const longestBody = 100 * 1024

const readHeaders = ['cookie', 'content-type', 'host', 'user-agent', 'x-forwarded-host', 'x-forwarded-proto']

/** A web `Request` in the form that the flows read. What they set on its response is in `responseHeaders`. */
export class WebRequest implements RequestParts {
  readonly request: Request
  readonly responseHeaders: Headers = new Headers()
  readonly headers: Readonly<Record<string, string>>
  readonly url: string
  readonly protocol: string
  readonly host: string
  /** `CookieStateStore` sets its cookies here, as with Express. */
  readonly res = { appendHeader: (name: string, value: string) => this.responseHeaders.append(name, value) }

  constructor(request: Request) {
    const { protocol, host, pathname, search } = new URL(request.url)
    this.request = request
    this.headers = Object.fromEntries(
      readHeaders.flatMap((name) => {
        const value = request.headers.get(name)
        return value === null ? [] : [[name, value]]
      }),
    )
    this.url = pathname + search
    this.protocol = protocol.slice(0, -1)
    // Next.js makes the URL from the address that it listens on, not from the header.
    this.host = this.headers['host'] ?? host
  }

  /** Reads the body and parses it as JSON. */
  async readBody(deadline: Deadline): Promise<unknown> {
    const text = await this.#readText(deadline)
    try {
      return JSON.parse(text) as unknown
    } catch {
      throw requestRefusal('The body is not JSON')
    }
  }

  async #readText(deadline: Deadline): Promise<string> {
    if (this.request.bodyUsed) {
      throw new WechatError(
        'ERR_WECHAT_CONFIG',
        'The body of the request was read before. Pass the request to handle first, or pass request.clone()',
      )
    }
    const reader = (this.request.body as ReadableStream<Uint8Array> | null)?.getReader()
    if (!reader) return ''
    const cancel = (): void => void reader.cancel().catch(() => {})
    deadline.onOver = cancel
    const chunks: Uint8Array[] = []
    let length = 0
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return new TextDecoder().decode(Buffer.concat(chunks))
      length += value.byteLength
      if (length > longestBody) {
        cancel()
        throw requestRefusal(`The body is longer than ${longestBody / 1024} KB`)
      }
      chunks.push(value)
    }
  }
}

/** The request that the flows got from `WechatLogin`, and give back to it. */
export function asWebRequest(req: RequestParts): WebRequest {
  if (req instanceof WebRequest) return req
  throw new TypeError('Not a request of WechatLogin')
}
