import type { Outcome } from './outcome.js'

/** Passport's actions, for one request. */
export interface Actions {
  success(user: Express.User, info?: object): unknown
  fail(challenge?: object, status?: number): unknown
  redirect(url: string): unknown
  error(error: unknown): unknown
}

/**
 * Takes the action of an outcome. An action calls the application (`passport.authenticate('wechat', callback)`): what that
 * throws goes to `error`, once; what it throws then goes to `lastResort`.
 */
export async function perform(actions: Actions, outcome: Outcome, lastResort: (error: unknown) => Promise<void>): Promise<void> {
  try {
    if (outcome.action !== 'error') {
      await take(actions, outcome)
      return
    }
  } catch (error) {
    await report(actions, error, lastResort)
    return
  }
  await report(actions, outcome.error, lastResort)
}

function take(actions: Actions, outcome: Exclude<Outcome, { action: 'error' }>): unknown {
  switch (outcome.action) {
    case 'success': return actions.success(outcome.user, outcome.info)
    case 'fail': return actions.fail(outcome.info, outcome.status)
    case 'redirect': return actions.redirect(outcome.url)
  }
}

async function report(actions: Actions, error: unknown, lastResort: (error: unknown) => Promise<void>): Promise<void> {
  try {
    await actions.error(error)
  } catch (thrown) {
    await lastResort(thrown)
  }
}
