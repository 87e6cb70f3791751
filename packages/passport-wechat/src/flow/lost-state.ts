import { readCookieHeader, listHostNames, isSecure, readMember, type RequestParts } from '../request.js'

/** The likely reason why a state is not known. */
export type LostStateCause =
  'expired' | 'secure-cookie' | 'strict-cookie' | 'other-host' | 'no-cookie' | 'other-session'

/** What the strategy knows beside the request. */
export interface LostStateFacts {
  /** The store still has the state. */
  expired: boolean
  /** States are kept in the session, and not in a store of the application's. */
  inSession: boolean
  /** Where callbacks can come to, the likeliest first. */
  callbackURLs: readonly string[]
  proxy: boolean
}

/** For the developer, without any value of a cookie or of the query. */
export interface LostState {
  cause: LostStateCause
  hint: string
  host?: string
  callbackHost?: string
}

/** Says why the state of a callback is probably not known, and what to do, by what the request shows. */
export function explainLostState(req: RequestParts, facts: LostStateFacts): LostState {
  const hosts = listHostNames(req, facts.proxy)
  const callbackHosts = facts.callbackURLs.flatMap((url) =>
    URL.canParse(url) ? [new URL(url).hostname] : [],
  )
  const isHere = hosts.some((host) => callbackHosts.includes(host))
  const isElsewhere = hosts.length > 0 && callbackHosts.length > 0 && !isHere
  const cause = findCause(req, facts, isElsewhere)
  const [[host], [callbackHost]] = [hosts, callbackHosts]
  return {
    cause,
    hint: writeHint(cause, facts, host, callbackHost) + writeProxyHint(req, cause, facts),
    ...(host !== undefined && { host }),
    ...(callbackHost !== undefined && { callbackHost }),
  }
}

// The surest first.
function findCause(req: RequestParts, facts: LostStateFacts, isElsewhere: boolean): LostStateCause {
  if (facts.expired) return 'expired'
  const cookie = facts.inSession ? readSessionCookie(req) : undefined
  if (cookie?.hasCome) return 'other-session'
  if (cookie?.secure === true && !isSecure(req, false) && !isSecure(req, true)) return 'secure-cookie'
  if (cookie?.sameSite === 'strict' || cookie?.sameSite === true) return 'strict-cookie'
  if (isElsewhere) return 'other-host'
  return readCookieHeader(req) === '' ? 'no-cookie' : 'other-session'
}

function writeHint(
  cause: LostStateCause,
  { inSession }: LostStateFacts,
  host = '',
  callbackHost = 'the host of callbackURL',
): string {
  switch (cause) {
    case 'expired':
      return 'The login took longer than its state is kept: start the login again'
    case 'secure-cookie':
      return (
        'The session cookie is Secure, but the application sees http, so the session middleware does not' +
        ' set it: behind a TLS proxy, let the proxy send X-Forwarded-Proto and trust it (Express:' +
        " app.set('trust proxy', 1));" +
        " without TLS, use cookie.secure: 'auto'"
      )
    case 'strict-cookie':
      return (
        'The session cookie is SameSite=Strict, so the browser does not send it on the way back from' +
        ' WeChat: use SameSite=Lax'
      )
    case 'other-host':
      return (
        `The callback came to ${host}, but callbackURL names ${callbackHost}, and their cookies are kept` +
        ' apart: use one host for the whole login; if a proxy changes the Host header, let it pass it on'
      )
    case 'no-cookie':
      return (
        `The browser sent no cookie: start the login on ${callbackHost} (with and without www are two` +
        ' hosts), in the browser that opens the callback, and let it accept cookies' +
        (inSession ? '' : '; a state cookie is also gone when the user took too long')
      )
    case 'other-session':
      return (
        'The browser sent cookies, but none of them belongs to this login: it started in another browser' +
        ' or on another host, it has already finished, or its session was lost; start the login again'
      )
  }
}

// Nothing tells what the session middleware trusts: express-session has an option of its own for it.
function writeProxyHint(req: RequestParts, cause: LostStateCause, { inSession }: LostStateFacts): string {
  const mayBeUnset =
    inSession &&
    ['no-cookie', 'other-session'].includes(cause) &&
    readSessionCookie(req)?.hasCome === false &&
    readSessionCookie(req)?.secure === true &&
    !isSecure(req, false)
  return mayBeUnset
    ? '. If the session middleware does not trust the proxy, it does not set its Secure cookie: use' +
        " app.set('trust proxy', 1), or session({ proxy: true })"
    : ''
}

interface SessionCookie {
  secure: unknown
  sameSite: unknown
  /** This request has brought it. */
  hasCome: boolean
}

/** The cookie of express-session or @fastify/session, as far as the session tells of it. */
function readSessionCookie(req: RequestParts): SessionCookie | undefined {
  const cookie = readMember(req.session, 'cookie')
  if (cookie === undefined) return undefined
  const id = [readMember(req.session, 'id'), readMember(req.session, 'sessionId'), req.sessionID].find(
    (one): one is string => typeof one === 'string' && one !== '',
  )
  return {
    secure: readMember(cookie, 'secure'),
    sameSite: readMember(cookie, 'sameSite'),
    // The ID of a session that has just been made is in no cookie yet.
    hasCome: id !== undefined && readCookieHeader(req).includes(encodeURIComponent(id)),
  }
}
