import { WechatError } from '@wechat-auth/wechat-oauth'

/**
 * The parts of a request that the strategy reads. Each framework sets only some of them: the requests of Express and Fastify
 * fit, and so does Koa's context.
 */
export interface RequestParts {
  readonly headers?: unknown
  readonly url?: unknown
  readonly originalUrl?: unknown
  readonly query?: unknown
  readonly body?: unknown
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

/** A method, bound to its object. Its `length` does not change. */
export function bindMethod(
  value: unknown,
  name: string,
): ((...parameters: unknown[]) => unknown) | undefined {
  const method = readMember(value, name)
  return typeof method === 'function'
    ? (method.bind(value) as (...parameters: unknown[]) => unknown)
    : undefined
}

/** Reads own members only, so that a polluted prototype has no effect. */
function readOwnMember(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? readMember(value, name)
    : undefined
}

/** Reads a header that occurs once. */
export function readHeader(req: RequestParts, name: string): string | undefined {
  const value = readMember(req.headers, name)
  return typeof value === 'string' ? value : undefined
}

/** Every cookie that the browser sent, or an empty string. */
export function readCookieHeader(req: RequestParts): string {
  return readHeader(req, 'cookie') ?? ''
}

/**
 * Whether this is WeChat's own browser, on a phone or a computer. The official account's page works only there. WeCom also
 * calls itself MicroMessenger, but cannot log in on that page.
 */
export function isWechatBrowser(userAgent: string | undefined): boolean {
  return userAgent !== undefined && /\bMicroMessenger\b/i.test(userAgent) && !/\bwxwork\b/i.test(userAgent)
}

/** What WeChat sends back through the browser: `undefined`, a string, or another value if a name occurs more than once. */
export interface CallbackParameters {
  code: unknown
  state: unknown
}

/** Reads `query` only once, because Express parses it at each access. */
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

/** Whether the user's browser uses https, judged from what is trusted. */
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
  // It was checked before, so this start means an absolute address.
  if (/^https?:/i.test(callbackURL)) return callbackURL
  const origin = `${findProtocol(req, proxy)}://${findHost(req, proxy)}`
  const path = [req.originalUrl, req.url].find((url) => typeof url === 'string' && url.startsWith('/')) as
    string | undefined
  if (!isOrigin(origin)) {
    throw new WechatError(
      'ERR_WECHAT_CONFIG',
      'A relative callbackURL needs a request with a Host header. Use an absolute callbackURL',
    )
  }
  return new URL(callbackURL, origin + (path ?? '/')).href
}

/**
 * The host names that the browser may have used, without ports: first the trusted one, then the one that a proxy reports. Use
 * them in messages only, never in decisions.
 */
export function listHostNames(req: RequestParts, proxy: boolean): string[] {
  return [findHost(req, proxy), firstInList(readHeader(req, 'x-forwarded-host'))]
    .map((host) => `http://${host ?? ''}`)
    .flatMap((origin) => (isOrigin(origin) ? [new URL(origin).hostname] : []))
}

// A scheme, a host and a port, without a user or a path.
function isOrigin(origin: string): boolean {
  return /^https?:\/\/[\w.:[\]-]+$/.test(origin) && URL.canParse(origin)
}

function findProtocol(req: RequestParts, proxy: boolean): 'http' | 'https' {
  const forwarded = proxy ? firstInList(readHeader(req, 'x-forwarded-proto'))?.toLowerCase() : undefined
  if (forwarded === 'http' || forwarded === 'https') return forwarded
  // Express, Fastify and Koa read X-Forwarded-Proto themselves if they are configured to trust it.
  return req.secure === true || req.protocol === 'https' || readMember(req.socket, 'encrypted') === true
    ? 'https'
    : 'http'
}

function findHost(req: RequestParts, proxy: boolean): string {
  const trusted = proxy || askExpressTrust(req) === true
  const forwarded = trusted ? firstInList(readHeader(req, 'x-forwarded-host')) : undefined
  if (forwarded !== undefined && forwarded !== '') return forwarded
  // Express 4 omits the port from `req.host`. Fastify sets it as its own proxy settings require. The request that
  // koa-passport passes does not know Koa's proxy settings, but its context does.
  const own =
    askExpressTrust(req) === undefined
      ? [readMember(req.ctx, 'host'), req.host].find((host) => typeof host === 'string')
      : undefined
  return own ?? readHeader(req, 'host') ?? ''
}

/** Whether Express trusts the peer, or `undefined` if this is not Express. */
function askExpressTrust(req: RequestParts): boolean | undefined {
  const trusts = bindMethod(req.app, 'get')?.('trust proxy fn')
  return typeof trusts === 'function'
    ? (trusts as Trust)(readMember(req.socket, 'remoteAddress'), 0) === true
    : undefined
}

function firstInList(list: string | undefined): string | undefined {
  return list?.split(',')[0]?.trim()
}
