import { longestPageURL, readSignedPart } from './js-sdk.js'
import type { JsSDKSignature } from '../types.js'
import { refuseWrongNames } from '../lib/wrong-names.js'

/** The part of a request that the handler uses. Requests of Node.js and Express have it. */
export interface JsSDKRequest {
  method?: string | undefined
  url?: string | undefined
}

/** The part of a response that the handler uses. */
export interface JsSDKResponse {
  statusCode: number
  setHeader(name: string, value: string): unknown
  end(body?: string): unknown
}

export interface JsSDKHandlerOptions {
  /** Hosts of the pages to sign for, with the port unless it is the default: `example.com`, `example.com:8080`. */
  hosts: readonly string[]
}

/**
 * Makes a handler of `GET ?url=<the page's address, encoded>` for Express and every framework with Node's request and
 * response. It responds with the arguments of `wx.config`, but only for pages on the given hosts: with 403 for other pages,
 * and with 405 to other methods. It passes errors to `next`. Without `next` it responds with 502 and no reason. It sends no
 * CORS headers.
 *
 * @param oauth - a `WechatOAuth`
 * @throws TypeError that names the wrong argument
 * @see https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/JS-SDK.html
 */
export function jsSDKHandler(
  oauth: { jsSDKSign(url: string): Promise<JsSDKSignature> },
  options: JsSDKHandlerOptions,
): (request: JsSDKRequest, response: JsSDKResponse, next?: (error?: unknown) => void) => Promise<void> {
  if (typeof (oauth as Partial<typeof oauth> | undefined)?.jsSDKSign !== 'function')
    throw new TypeError('The first argument of jsSDKHandler must be a WechatOAuth')
  refuseWrongNames('jsSDKHandler', options, { hosts: ['host', 'domain', 'domains', 'origin', 'origins'] })
  const hosts = readHosts((options as Partial<JsSDKHandlerOptions> | undefined)?.hosts)

  return async (request, response, next) => {
    const respond = (status: number, body?: string): void => {
      response.statusCode = status
      response.end(body)
    }
    response.setHeader('Cache-Control', 'no-store')
    if (request.method !== 'GET') {
      response.setHeader('Allow', 'GET')
      respond(405)
      return
    }
    const url = readPage(request.url ?? '', hosts)
    if (url === undefined) {
      respond(403)
      return
    }
    let body: string
    try {
      body = JSON.stringify(await oauth.jsSDKSign(url))
    } catch (error) {
      if (next) next(error)
      else respond(502)
      return
    }
    response.setHeader('Content-Type', 'application/json; charset=utf-8')
    response.setHeader('X-Content-Type-Options', 'nosniff')
    respond(200, body)
  }
}

function readHosts(hosts: unknown): ReadonlySet<string> {
  if (!Array.isArray(hosts) || hosts.length === 0)
    throw new TypeError('hosts must be an array of at least one host')
  return new Set(
    hosts.map((host: unknown) => {
      // Only a host and a port. A wildcard would match nothing.
      const isHost =
        typeof host === 'string' && /^[^\s\p{Cc}/?#@\\*]+$/u.test(host) && URL.canParse(`https://${host}`)
      if (!isHost) throw new TypeError('hosts must be names such as example.com or example.com:8080')
      return new URL(`https://${host}`).host
    }),
  )
}

/** Reads the page to sign for, as it was sent, up to `#`. `undefined` unless there is exactly one, on one of the hosts. */
function readPage(address: string, hosts: ReadonlySet<string>): string | undefined {
  const start = address.indexOf('?')
  const [page, ...others] = new URLSearchParams(start === -1 ? '' : address.slice(start + 1)).getAll('url')
  if (page === undefined || others.length > 0 || page.length > longestPageURL) return undefined
  const url = readSignedPart(page)
  return url !== undefined && hosts.has(new URL(url).host) ? url : undefined
}
