import { isSecure, readCookieHeader, readMember, type RequestParts } from '../request.js'

interface SessionCookie {
  secure: unknown
  sameSite: unknown
  /** This request sent it. */
  hasCome: boolean
}

/** Reads the cookie settings of express-session or @fastify/session from the session. */
export function readSessionCookie(req: RequestParts): SessionCookie | undefined {
  const cookie = readMember(req.session, 'cookie')
  if (cookie === undefined) return undefined
  const id = [readMember(req.session, 'id'), readMember(req.session, 'sessionId'), req.sessionID].find(
    (one): one is string => typeof one === 'string' && one !== '',
  )
  return {
    secure: readMember(cookie, 'secure'),
    sameSite: readMember(cookie, 'sameSite'),
    // The ID of a new session is not in a cookie yet.
    hasCome: id !== undefined && readCookieHeader(req).includes(encodeURIComponent(id)),
  }
}

/** The settings with which the session cookie is not there on the callback. */
export type SessionCookieProblem = 'secure-cookie' | 'strict-cookie'

/** The session middleware does not set the cookie, because neither the application nor a proxy sees https. */
export function isNeverSet(req: RequestParts, { secure, hasCome }: SessionCookie): boolean {
  return secure === true && !hasCome && !isSecure(req, false) && !isSecure(req, true)
}

export function isStrict({ sameSite }: SessionCookie): boolean {
  return sameSite === 'strict' || sameSite === true
}

/** For the developer: what is wrong, and what to do. */
export const sessionCookieHints: Record<SessionCookieProblem, string> = {
  'secure-cookie':
    'The session cookie is Secure, but the application sees http, so the session middleware does not' +
    ' set it. Behind a TLS proxy, let the proxy send X-Forwarded-Proto and trust it (Express:' +
    " app.set('trust proxy', 1))." +
    " Without TLS, use cookie.secure: 'auto'",
  'strict-cookie':
    'The session cookie is SameSite=Strict, so the browser does not send it on the way back from' +
    ' WeChat. Use SameSite=Lax',
}
