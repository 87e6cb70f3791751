import { WechatError } from '@wechat-auth/wechat-oauth'

/** What the strategy reads of a request; frameworks fill in different parts of it. */
export interface RequestParts {
  readonly headers?: unknown
  readonly url?: unknown
  readonly originalUrl?: unknown
  readonly query?: unknown
  readonly protocol?: unknown
  readonly secure?: unknown
  readonly host?: unknown
  readonly socket?: unknown
  readonly app?: unknown
  readonly ctx?: unknown
  readonly session?: unknown
  readonly sessionID?: unknown
  readonly sessionStore?: unknown
}

type Trust = (address: unknown, hop: number) => unknown

export function readMember(value: unknown, name: string): unknown {
  return (typeof value === 'object' || typeof value === 'function') && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined
}

/** A method, bound to its object; `length` stays what it declares. */
export function bindMethod(
  value: unknown,
  name: string,
): ((...parameters: unknown[]) => unknown) | undefined {
  const method = readMember(value, name)
  return typeof method === 'function'
    ? (method.bind(value) as (...parameters: unknown[]) => unknown)
    : undefined
}

/** An own member only: nothing that `__proto__` or a polluted prototype could bring in. */
export function readOwnMember(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? readMember(value, name)
    : undefined
}

/** A header that occurs once. */
export function readHeader(req: RequestParts, name: string): string | undefined {
  const value = readMember(req.headers, name)
  return typeof value === 'string' ? value : undefined
}

/** Every cookie that the browser sent; empty where it sent none. */
export function readCookieHeader(req: RequestParts): string {
  return readHeader(req, 'cookie') ?? ''
}

/**
 * Whether this is the browser inside of WeChat, on a phone or on a computer, where the official account's page works.
 * WeCom names itself MicroMessenger too, but cannot log in there.
 */
export function isWechatBrowser(userAgent: string | undefined): boolean {
  return userAgent !== undefined && /\bMicroMessenger\b/i.test(userAgent) && !/\bwxwork\b/i.test(userAgent)
}

/** What WeChat sends back through the browser: absent, text, or (named more than once) something else. */
export interface CallbackParameters {
  code: unknown
  state: unknown
}

/** Looks at the query once: Express takes it apart each time that it is asked for. */
export function readCallbackParameters(req: RequestParts): CallbackParameters {
  const { query } = req
  if (typeof query === 'object' && query !== null)
    return { code: readOwnMember(query, 'code'), state: readOwnMember(query, 'state') }
  const [, search = ''] = /\?([^#]*)/.exec(typeof req.url === 'string' ? req.url : '') ?? []
  const parameters = new URLSearchParams(search)
  const readOne = (name: string): unknown => {
    const values = parameters.getAll(name)
    return values.length > 1 ? values : values[0]
  }
  return { code: readOne('code'), state: readOne('state') }
}

/** Whether the user's browser speaks https, as far as we trust to know. */
export function isSecure(req: RequestParts, proxy: boolean): boolean {
  return findProtocol(req, proxy) === 'https'
}

/**
 * Makes a callback's address absolute, as seen by the user's browser.
 *
 * @param proxy - trust `X-Forwarded-*` although the framework does not
 * @throws WechatError `ERR_WECHAT_CONFIG`
 */
export function toAbsoluteURL(req: RequestParts, callbackURL: string, proxy: boolean): string {
  // It has been checked: what begins like this is a whole address.
  if (/^https?:/i.test(callbackURL)) return callbackURL
  const origin = `${findProtocol(req, proxy)}://${findHost(req, proxy)}`
  const path = [req.originalUrl, req.url].find((url) => typeof url === 'string' && url.startsWith('/')) as
    string | undefined
  if (!isOrigin(origin)) {
    throw new WechatError(
      'ERR_WECHAT_CONFIG',
      'A relative callbackURL needs a request with a Host header; give an absolute callbackURL',
    )
  }
  return new URL(callbackURL, origin + (path ?? '/')).href
}

/**
 * The names of the host that the browser asked, without the port: first the one that we trust, then what a
 * proxy says. For words only, never for a decision.
 */
export function listHostNames(req: RequestParts, proxy: boolean): string[] {
  return [findHost(req, proxy), firstInList(readHeader(req, 'x-forwarded-host'))]
    .map((host) => `http://${host ?? ''}`)
    .flatMap((origin) => (isOrigin(origin) ? [new URL(origin).hostname] : []))
}

// Nothing but a host and a port: no user, no path.
function isOrigin(origin: string): boolean {
  return /^https?:\/\/[\w.:[\]-]+$/.test(origin) && URL.canParse(origin)
}

function findProtocol(req: RequestParts, proxy: boolean): 'http' | 'https' {
  const forwarded = proxy ? firstInList(readHeader(req, 'x-forwarded-proto'))?.toLowerCase() : undefined
  if (forwarded === 'http' || forwarded === 'https') return forwarded
  // Express, Fastify and Koa look at X-Forwarded-Proto where they are told to trust it.
  return req.secure === true || req.protocol === 'https' || readMember(req.socket, 'encrypted') === true
    ? 'https'
    : 'http'
}

function findHost(req: RequestParts, proxy: boolean): string {
  const trusted = proxy || askExpressTrust(req) === true
  const forwarded = trusted ? firstInList(readHeader(req, 'x-forwarded-host')) : undefined
  if (forwarded !== undefined && forwarded !== '') return forwarded
  // Express 4 leaves the port out of `req.host`; Fastify honours its own trust in it. What koa-passport gives for a request
  // does not know what Koa trusts: its context does.
  const own =
    askExpressTrust(req) === undefined
      ? [readMember(req.ctx, 'host'), req.host].find((host) => typeof host === 'string')
      : undefined
  return own ?? readHeader(req, 'host') ?? ''
}

/** Whether Express trusts the peer; `undefined` where this is not Express. */
function askExpressTrust(req: RequestParts): boolean | undefined {
  const trusts = bindMethod(req.app, 'get')?.('trust proxy fn')
  return typeof trusts === 'function'
    ? (trusts as Trust)(readMember(req.socket, 'remoteAddress'), 0) === true
    : undefined
}

function firstInList(list: string | undefined): string | undefined {
  return list?.split(',')[0]?.trim()
}
