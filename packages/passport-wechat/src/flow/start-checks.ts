import type { RedirectMode } from '../modes.js'
import type { Settings } from '../options.js'
import { isSecure, type RequestParts } from '../request.js'
import { isNeverSet, isStrict, readSessionCookie, sessionCookieHints } from './session-cookie.js'

/** A mistake in the setup that shows when a login starts. */
interface StartProblem {
  cause: 'secure-cookie' | 'strict-cookie' | 'http-callback'
  message: string
  /** The login cannot succeed, whatever the user does. */
  isFatal: boolean
}

/** The login that starts. */
interface Start {
  mode: RedirectMode
  /** As configured: it may be relative. */
  callbackURL: string | undefined
  /** As WeChat gets it. */
  redirect: string
}

const warned = new Set<StartProblem['cause']>()

/**
 * Warns about mistakes that would only show on the callback, or at WeChat: once per process and mistake, because every login
 * repeats them. Without a logger, Node.js prints the mistakes that make every login fail.
 */
export function warnOfMistakes(req: RequestParts, settings: Settings, start: Start): void {
  for (const { cause, message, isFatal } of findStartProblems(req, settings, start)) {
    if (warned.has(cause) || !(settings.logger ?? isFatal)) continue
    warned.add(cause)
    if (settings.logger) settings.logger.warn(message, { cause, mode: start.mode })
    else process.emitWarning(message, 'PassportWechatWarning')
  }
}

function findStartProblems(
  req: RequestParts,
  { state, store, proxy }: Settings,
  { callbackURL, redirect }: Start,
): StartProblem[] {
  const problems: StartProblem[] = []
  // A session that does not keep the state may be lost on the callback.
  const cookie = state && !store ? readSessionCookie(req) : undefined
  for (const cause of [
    ...(cookie && isNeverSet(req, cookie) ? (['secure-cookie'] as const) : []),
    ...(cookie && isStrict(cookie) ? (['strict-cookie'] as const) : []),
  ]) {
    const message = `This login with WeChat will fail. ${sessionCookieHints[cause]}`
    problems.push({ cause, message, isFatal: true })
  }
  const isRelative = callbackURL !== undefined && !/^https?:/i.test(callbackURL)
  if (isRelative && redirect.startsWith('http:') && isSecure(req, true) && !isSecure(req, proxy)) {
    problems.push({
      cause: 'http-callback',
      message:
        'WeChat gets an http address for the callback, although X-Forwarded-Proto is https: callbackURL is' +
        " relative, and the proxy is not trusted. In Express, use app.set('trust proxy', 1). In other" +
        ' frameworks, use the option proxy: true. Or use an absolute callbackURL',
      isFatal: false,
    })
  }
  return problems
}
