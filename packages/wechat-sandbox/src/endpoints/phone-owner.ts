import type { Call } from '../http/call.js'
import { readCookie, setCookie } from '../http/cookies.js'
import type { User } from '../world/users.js'
import type { World } from '../world/world.js'

const cookieName = 'wechat_sandbox_user'

/** Returns the user who was last chosen in this browser, or else the sandbox's current user. */
export function phoneOwner(world: World, call: Call): User {
  const chosen = readCookie(call, cookieName)
  return (chosen === undefined ? undefined : world.users.find(chosen)) ?? world.currentUser
}

/** Headers that make the browser remember the user. */
export function rememberOwner(user: User): Record<string, string> {
  return setCookie(cookieName, user.id)
}
