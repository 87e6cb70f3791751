import { readCookieHeader, listHostNames, isSecure, type RequestParts } from '../request.js'
import { isNeverSet, isStrict, readSessionCookie, sessionCookieHints } from './session-cookie.js'

/** The likely reason why a state is unknown. */
export type LostStateCause =
  'expired' | 'secure-cookie' | 'strict-cookie' | 'other-host' | 'no-cookie' | 'other-session'

/** What the strategy knows besides the request. */
export interface LostStateFacts {
  /** The store still has the state. */
  expired: boolean
  /** States are kept in the session, not in a store of the application. */
  inSession: boolean
  /** The callback URLs of this strategy, the likeliest first. */
  callbackURLs: readonly string[]
  proxy: boolean
}

/** For the developer. Contains no values of cookies or of the query. */
export interface LostState {
  cause: LostStateCause
  hint: string
  host?: string
  callbackHost?: string
}

/** Explains why the state of a callback is probably unknown, and what to do, judged from the request. */
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

// The most certain cause first.
function findCause(req: RequestParts, facts: LostStateFacts, isElsewhere: boolean): LostStateCause {
  if (facts.expired) return 'expired'
  const cookie = facts.inSession ? readSessionCookie(req) : undefined
  if (cookie?.hasCome) return 'other-session'
  if (cookie && isNeverSet(req, cookie)) return 'secure-cookie'
  if (cookie && isStrict(cookie)) return 'strict-cookie'
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
      return 'The login took too long: its state has expired. Start the login again'
    case 'secure-cookie':
    case 'strict-cookie':
      return sessionCookieHints[cause]
    case 'other-host':
      return (
        `The callback arrived at ${host}, but callbackURL points to ${callbackHost}, and these hosts do not share cookies.` +
        ' Use one host for the whole login. If a proxy changes the Host header, configure it to pass the header on'
      )
    case 'no-cookie':
      return (
        `The browser sent no cookie. Start the login on ${callbackHost} (with and without www are two` +
        ' hosts), in the browser that opens the callback, and let it accept cookies' +
        (inSession ? '' : '. A state cookie also expires if the user takes too long')
      )
    case 'other-session':
      return (
        'The browser sent cookies, but none of them belongs to this login. It was started in another browser' +
        ' or on another host, it has already finished, or its session was lost. Start the login again'
      )
  }
}

// The request does not show what the session middleware trusts: express-session has its own option for that.
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
