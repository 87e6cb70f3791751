import { takeAction, takeReport } from '@wechat-auth/wechat-oauth/strategy-kit'
import type { Outcome } from './outcome.js'

/** Passport's actions, for one request. */
export interface Actions {
  success(user: Express.User, info?: object): unknown
  fail(challenge?: object, status?: number): unknown
  redirect(url: string): unknown
  error(error: unknown): unknown
}

/** Takes the action of an outcome. What the application throws at an error goes to `lastResort`. */
export function perform(
  actions: Actions,
  outcome: Outcome,
  lastResort: (error: unknown) => Promise<void>,
): Promise<void> {
  const report = (error: unknown): unknown => actions.error(error)
  if (outcome.action === 'error') return takeReport(() => report(outcome.error), lastResort)
  return takeAction(() => take(actions, outcome), report, lastResort)
}

function take(actions: Actions, outcome: Exclude<Outcome, { action: 'error' }>): unknown {
  switch (outcome.action) {
    case 'success':
      return actions.success(outcome.user, outcome.info)
    case 'fail':
      return actions.fail(outcome.info, outcome.status)
    case 'redirect':
      return actions.redirect(outcome.url)
  }
}
