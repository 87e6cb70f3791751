import { reportable, takeAction, takeReport } from '@wechat-auth/wechat-oauth/strategy-kit'

/** What a request comes to. */
export type Outcome =
  | { action: 'success'; user: Express.User; info: object }
  | { action: 'fail'; challenge: string }
  | { action: 'error'; error: unknown }

/** Passport's actions, for one request. */
export interface Actions {
  success(user: Express.User, info: object): unknown
  fail(challenge: string, status: number): unknown
  error(error: unknown): unknown
}

/** Takes the action of an outcome. What the application throws at an error goes to `lastResort`. */
export function perform(
  actions: Actions,
  outcome: Outcome,
  lastResort: (error: unknown) => unknown,
): Promise<void> {
  const report = (error: unknown): unknown =>
    actions.error(
      reportable(error, 'The request was refused without a reason: something was thrown that is no error'),
    )
  if (outcome.action === 'error') return takeReport(() => report(outcome.error), lastResort)
  return takeAction(
    () =>
      outcome.action === 'success'
        ? actions.success(outcome.user, outcome.info)
        : actions.fail(outcome.challenge, 401),
    report,
    lastResort,
  )
}
