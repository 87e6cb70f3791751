import type { Request } from 'express'

/** The one action that a strategy took. */
export type Action =
  | { action: 'success'; user: unknown; info: unknown }
  | { action: 'fail'; info: unknown; status: unknown }
  | { action: 'redirect'; url: string }
  | { action: 'error'; error: unknown }
  | { action: 'pass' }

/** What Passport calls of a strategy. */
export interface AnyStrategy {
  authenticate(req: Request, options?: object): void
}

/** What tests give for a request; all of it may be missing, as in frameworks other than Express. */
export interface RequestParts {
  query?: Record<string, unknown>
  headers?: Record<string, string>
  session?: object | undefined
  body?: unknown
  url?: string
  [part: string]: unknown
}

export function requestOf(parts: RequestParts = {}): Request {
  return { method: 'GET', url: '/auth/wechat', headers: {}, query: {}, ...parts } as unknown as Request
}

/**
 * Authenticates a request as Passport does: on an object that inherits from the strategy. Resolves with the action that was
 * taken; a second one fails the test.
 *
 * @param hooks - run inside the actions, where Passport would call the application
 */
export function authenticate(
  strategy: AnyStrategy,
  req: Request,
  options?: object,
  hooks: Partial<Record<Action['action'], () => unknown>> = {},
): Promise<Action> {
  return new Promise((resolve) => {
    let taken: Action | undefined
    const take = (action: Action): unknown => {
      const hook = hooks[action.action]
      if (hook) return hook()
      if (taken)
        throwLater(new Error(`The strategy took two actions: ${taken.action}, then ${action.action}`))
      taken = action
      resolve(action)
      return undefined
    }
    const augmented = Object.assign(Object.create(strategy) as AnyStrategy, {
      success: (user: unknown, info: unknown) => take({ action: 'success', user, info }),
      fail: (info: unknown, status: unknown) => take({ action: 'fail', info, status }),
      redirect: (url: string) => take({ action: 'redirect', url }),
      error: (error: unknown) => take({ action: 'error', error }),
      pass: () => take({ action: 'pass' }),
    })
    augmented.authenticate(req, options)
  })
}

/** The action, which must be of this kind. */
export async function action<K extends Action['action']>(
  kind: K,
  taken: Promise<Action>,
): Promise<Extract<Action, { action: K }>> {
  const result = await taken
  if (result.action !== kind)
    throw new Error(`Expected ${kind}, but the strategy took ${JSON.stringify(result)}`, { cause: result })
  return result as Extract<Action, { action: K }>
}

// The strategy would swallow an error that is thrown in an action.
function throwLater(error: Error): void {
  setImmediate(() => {
    throw error
  })
}
