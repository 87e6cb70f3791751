import type { Fault } from './faults.js'
import { ownRoute } from './http/own-routes.js'
import type { Route } from './http/router.js'
import type { AppUser, JsSDKPage, Sandbox } from './sandbox.js'

/** The object that a caller should post. Nothing is checked here, because the methods of the sandbox check their arguments. */
interface PostedInput extends AppUser, JsSDKPage {
  path: string
  fault: Fault | null
  times?: number
}

function post(path: string, action: (input: PostedInput) => unknown): Route {
  return ownRoute(path, { POST: (input) => action(input as unknown as PostedInput) })
}

/** The sandbox's API over HTTP, for tests in other languages. */
export function controlRoutes(sandbox: Sandbox): Route[] {
  return [
    ownRoute('info', {
      GET: () => ({
        url: sandbox.url,
        endpoints: sandbox.endpoints,
        ...(sandbox.tls ? { tls: sandbox.tls } : {}),
        apps: sandbox.apps,
        users: sandbox.users,
        currentUser: sandbox.currentUser,
        connections: sandbox.connections,
      }),
    }),
    post('issue-code', (input) => ({ code: sandbox.issueCode(input) })),
    post('wx-login', (input) => ({ code: sandbox.wxLogin(input) })),
    post('encrypt', (input) => sandbox.encrypt(input)),
    post('phone-code', (input) => ({ code: sandbox.issuePhoneCode(input) })),
    post('renew-session-key', (input) => ({ sessionKey: sandbox.renewSessionKey(input) })),
    post('ids', (input) => sandbox.idsOf(input)),
    post('check-js-sdk-signature', (input) => ({ result: sandbox.checkJsSdkSignature(input) })),
    ownRoute('update-user', { POST: ({ user, ...changes }) => sandbox.updateUser(user as string, changes) }),
    post('change-password', ({ user }) => sandbox.changePassword(user)),
    post('current-user', ({ user }) => {
      sandbox.currentUser = user
    }),
    ownRoute('configure', { POST: (input) => sandbox.configure(input) }),
    post('fail', ({ path, fault, ...options }) => sandbox.fail(path, fault, options)),
    ownRoute('clock', {
      GET: () => ({ now: sandbox.clock.now() }),
      POST: ({ advance }) => {
        sandbox.clock.advance(advance as number)
        return { now: sandbox.clock.now() }
      },
    }),
    ownRoute('requests', { GET: () => ({ requests: sandbox.requests }) }),
    ownRoute('count', { GET: ({ path }) => ({ count: sandbox.count(String(path)) }) }),
    ownRoute('reset', { POST: () => sandbox.reset() }),
  ]
}
