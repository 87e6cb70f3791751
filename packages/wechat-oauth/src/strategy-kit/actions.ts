import { types } from 'node:util'

/** Passport's actions. A strategy that never redirects also works in a host that has no `redirect`. */
export interface Actions<User> {
  success(user: User, info?: object): unknown
  fail(challenge: object | string, status: number): unknown
  redirect?(url: string): unknown
  error(error: unknown): unknown
}

/** The one action of Passport that a request ends with. */
export type Outcome<User, Challenge extends object | string = object | string> =
  | { action: 'success'; user: User; info: object }
  | { action: 'fail'; challenge: Challenge; status: number }
  | { action: 'redirect'; url: string }
  | { action: 'error'; error: unknown }

/**
 * The current actions of a strategy. Passport sets them for each request, and an instance that is given to
 * `passport.authenticate()` is shared: the next request replaces them.
 */
export function bindActions<User>(strategy: Actions<User>): Actions<User> {
  return {
    success: strategy.success.bind(strategy),
    fail: strategy.fail.bind(strategy),
    ...(strategy.redirect && { redirect: strategy.redirect.bind(strategy) }),
    error: strategy.error.bind(strategy),
  }
}

/** Takes the action of an outcome. If the application throws while it handles an error, that goes to `lastResort`. */
export function perform<User>(
  actions: Actions<User>,
  outcome: Outcome<User>,
  lastResort: (error: unknown) => unknown,
): Promise<void> {
  const report = (error: unknown): unknown =>
    actions.error(reportable(error, 'Authentication failed: the thrown value is not an error'))
  if (outcome.action === 'error') return takeReport(() => report(outcome.error), lastResort)
  return takeAction(() => take(actions, outcome), report, lastResort)
}

function take<User>(actions: Actions<User>, outcome: Exclude<Outcome<User>, { action: 'error' }>): unknown {
  switch (outcome.action) {
    case 'success':
      return actions.success(outcome.user, outcome.info)
    case 'fail':
      return actions.fail(outcome.challenge, outcome.status)
    case 'redirect':
      return actions.redirect?.(outcome.url)
  }
}

/**
 * Takes one of Passport's actions. The action calls the application (`passport.authenticate(name, callback)`). If that throws
 * or rejects, the error goes to `report`, once. If `report` throws, that error goes to `lastResort`.
 */
export async function takeAction(
  action: () => unknown,
  report: (error: unknown) => unknown,
  lastResort: (error: unknown) => unknown,
): Promise<void> {
  try {
    await settled(action())
  } catch (error) {
    await takeReport(() => report(error), lastResort)
  }
}

/** As `takeAction`, for the action that reports an error. */
export async function takeReport(
  report: () => unknown,
  lastResort: (error: unknown) => unknown,
): Promise<void> {
  try {
    await settled(report())
  } catch (error) {
    await settled(lastResort(error))
  }
}

/**
 * Hands an error to `next` of the request: the callback of the application threw it when it was given an error, so no
 * action is left. Never rejects, because an unhandled rejection would end the process.
 *
 * @param ifNoNext - called if the request has no `next`, as in Koa
 */
export async function passToNext(req: unknown, error: unknown, ifNoNext?: () => void): Promise<void> {
  try {
    const { next } = req as { next?: unknown }
    if (typeof next === 'function') await settled(next.call(req, error))
    else ifNoNext?.()
  } catch {
    // `next` threw as well.
  }
}

/**
 * Makes a thrown value an error that Passport can report. Express continues with the next handler if the value is falsy,
 * and skips handlers if it is `route` or `router`.
 *
 * @param message - of the error that replaces such a value
 */
export function reportable(thrown: unknown, message: string): unknown {
  return !thrown || thrown === 'route' || thrown === 'router' ? new Error(message) : thrown
}

/**
 * Waits for a promise of the application, and rejects as it does. Ignores every other value: a thenable can be Fastify's
 * reply, which settles only when the response is sent, or a database query, which would run again.
 */
export async function settled(returned: unknown): Promise<void> {
  if (types.isPromise(returned)) await returned
}
