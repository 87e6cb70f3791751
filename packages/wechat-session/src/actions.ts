/** What a request comes to. */
export type Outcome =
  | { action: 'success', user: Express.User, info: object }
  | { action: 'fail', challenge: string }
  | { action: 'error', error: unknown }

/** Passport's actions, for one request. */
export interface Actions {
  success(user: Express.User, info: object): unknown
  fail(challenge: string, status: number): unknown
  error(error: Error): unknown
}

/**
 * Takes the action of an outcome. An action calls the application (`passport.authenticate('wechat-session', callback)`): what
 * that throws goes to `error`, once; what it throws then goes to `lastResort`.
 */
export async function perform(actions: Actions, outcome: Outcome, lastResort: (error: unknown) => unknown): Promise<void> {
  let failure: unknown
  try {
    if (outcome.action === 'success') await actions.success(outcome.user, outcome.info)
    if (outcome.action === 'fail') await actions.fail(outcome.challenge, 401)
    if (outcome.action !== 'error') return
    failure = outcome.error
  } catch (error) {
    failure = error
  }
  try {
    await actions.error(asError(failure))
  } catch (error) {
    await lastResort(error)
  }
}

// Express goes on with the next handler when the error is falsy, and skips handlers for these words.
function asError(thrown: unknown): Error {
  const isNone = !thrown || thrown === 'route' || thrown === 'router'
  return isNone ? new Error('The request was refused without a reason: something was thrown that is no error') : thrown as Error
}
