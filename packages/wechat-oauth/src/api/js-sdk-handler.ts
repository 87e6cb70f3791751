import { longestPageURL, readSignedPart } from './js-sdk.js'
import type { JsSDKSignature } from '../types.js'
import { refuseWrongNames } from '../lib/wrong-names.js'

/** What the handler needs of a request: Node's own, and so Express's, has it. */
export interface JsSDKRequest {
  method?: string | undefined
  url?: string | undefined
}

/** What the handler needs of a response. */
export interface JsSDKResponse {
  statusCode: number
  setHeader(name: string, value: string): unknown
  end(body?: string): unknown
}

export interface JsSDKHandlerOptions {
  /** Hosts whose pages are signed for, with the port where it is not the usual one: `example.com`, `example.com:8080`. */
  hosts: readonly string[]
}

/**
 * Handler of `GET ?url=<the page's address, encoded>` for Express and anything that has Node's request and response. It
 * answers what `wx.config` needs, for pages of the given hosts only; 403 for others, 405 for other methods. Errors go to
 * `next`; where there is none, the answer is 502, without a word about the reason. It sends no CORS headers.
 *
 * @param oauth - a `WechatOAuth`
 * @throws TypeError
 * @see https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/JS-SDK.html
 */
export function jsSDKHandler(
  oauth: { jsSDKSign(url: string): Promise<JsSDKSignature> },
  options: JsSDKHandlerOptions,
): (request: JsSDKRequest, response: JsSDKResponse, next?: (error?: unknown) => void) => Promise<void> {
  if (typeof (oauth as Partial<typeof oauth> | undefined)?.jsSDKSign !== 'function')
    throw new TypeError('jsSDKHandler needs a WechatOAuth')
  refuseWrongNames('jsSDKHandler', options, { hosts: ['host', 'domain', 'domains', 'origin', 'origins'] })
  const hosts = readHosts((options as Partial<JsSDKHandlerOptions> | undefined)?.hosts)

  return async (request, response, next) => {
    const answer = (status: number, body?: string): void => {
      response.statusCode = status
      response.end(body)
    }
    response.setHeader('Cache-Control', 'no-store')
    if (request.method !== 'GET') {
      response.setHeader('Allow', 'GET')
      answer(405)
      return
    }
    const url = readPage(request.url ?? '', hosts)
    if (url === undefined) {
      answer(403)
      return
    }
    let body: string
    try {
      body = JSON.stringify(await oauth.jsSDKSign(url))
    } catch (error) {
      if (next) next(error)
      else answer(502)
      return
    }
    response.setHeader('Content-Type', 'application/json; charset=utf-8')
    response.setHeader('X-Content-Type-Options', 'nosniff')
    answer(200, body)
  }
}

function readHosts(hosts: unknown): ReadonlySet<string> {
  if (!Array.isArray(hosts) || hosts.length === 0)
    throw new TypeError('hosts must be a list of at least one host')
  return new Set(
    hosts.map((host: unknown) => {
      // Nothing but a host and a port: no wildcard, which would match nothing.
      const isHost =
        typeof host === 'string' && /^[^\s\p{Cc}/?#@\\*]+$/u.test(host) && URL.canParse(`https://${host}`)
      if (!isHost) throw new TypeError('hosts must be names like example.com, or example.com:8080')
      return new URL(`https://${host}`).host
    }),
  )
}

/** The page to sign for, as it was sent, up to `#`; `undefined` where there is not exactly one of a host that is ours. */
function readPage(address: string, hosts: ReadonlySet<string>): string | undefined {
  const start = address.indexOf('?')
  const [page, ...others] = new URLSearchParams(start === -1 ? '' : address.slice(start + 1)).getAll('url')
  if (page === undefined || others.length > 0 || page.length > longestPageURL) return undefined
  const url = readSignedPart(page)
  return url !== undefined && hosts.has(new URL(url).host) ? url : undefined
}
