import { isIPv4 } from 'node:net'
import type { Call } from '../http/call.js'
import type { Input } from '../http/own-routes.js'

/** The response of the developer's server. */
export interface WxResponse {
  status: number
  headers: Record<string, string>
  body: string
}

const timeout = 60_000
const maxBodyLength = 1_048_576

function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    (isIPv4(hostname) && hostname.startsWith('127.'))
  )
}

function isLoopbackAddress(address: string): boolean {
  return address === '::1' || isLoopback(address.replace(/^::ffff:/, ''))
}

function parseTarget(url: unknown): URL {
  if (typeof url !== 'string' || !URL.canParse(url)) throw new TypeError('url must be an absolute URL')
  const target = new URL(url)
  if (!/^https?:$/.test(target.protocol) || !isLoopback(target.hostname)) {
    throw new TypeError('url must be an http or https URL on this computer, e.g. http://localhost:3000/…')
  }
  if (target.username !== '' || target.password !== '')
    throw new TypeError('url must not contain a user name or a password')
  return target
}

function parseHeaders(headers: unknown): Record<string, string> {
  if (headers === undefined) return {}
  if (
    typeof headers !== 'object' ||
    headers === null ||
    !Object.values(headers).every((value) => typeof value === 'string')
  ) {
    throw new TypeError('headers must be an object of strings')
  }
  return headers as Record<string, string>
}

function serializeBody(body: unknown): string | undefined {
  if (body === undefined || body === null || typeof body === 'string') return body ?? undefined
  return JSON.stringify(body)
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length
    if (length > maxBodyLength) throw new TypeError('the response is longer than 1 MiB')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/**
 * Sends a request for the mini-program console, because browsers restrict requests to other origins and `wx.request` does not.
 * Both the caller and the target must be on this computer. Otherwise the sandbox could be used to bypass a firewall.
 */
export async function wxRequest(input: Input, call: Call): Promise<WxResponse> {
  if (!isLoopbackAddress(call.remoteAddress))
    throw new TypeError('only this computer can send requests through the sandbox')
  const target = parseTarget(input['url'])
  const method = input['method'] ?? 'GET'
  if (typeof method !== 'string') throw new TypeError('method must be a string')
  const headers = new Headers(parseHeaders(input['headers']))
  if (!headers.has('content-type')) headers.set('content-type', 'application/json')
  const body = serializeBody(input['body'])
  try {
    const response = await fetch(target, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      redirect: 'manual',
      signal: AbortSignal.any([call.signal, AbortSignal.timeout(timeout)]),
    })
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: await readText(response),
    }
  } catch (error) {
    const { message, cause } = error as { message: string; cause?: { code?: string } }
    throw new TypeError(`no response from ${target.host}: ${cause?.code ?? message}`, { cause: error })
  }
}
