import type { RequestHandler } from 'express'

type Callback = (error?: unknown) => void

/**
 * Gives cookie-session the methods that Passport 0.6 and later call when a user logs in. `regenerate` empties the session,
 * so that nothing of the time before the login stays; `save` has nothing to do, since the session is in the response.
 */
export const cookieSessionShim: RequestHandler = (req, _res, next) => {
  addMethods(req)
  next()
}

function addMethods(req: object): void {
  const { session } = req as { session?: object | null }
  if (!session) return
  define(session, 'regenerate', (callback) => {
    Object.assign(req, { session: {} })
    addMethods(req)
    callback()
  })
  define(session, 'save', (callback) => callback())
}

// Not enumerable: not part of what goes into the cookie.
function define(session: object, name: string, value: (callback: Callback) => void): void {
  Object.defineProperty(session, name, { value, configurable: true })
}
