import type { Call } from '../http/call.js'
import { cookieOf, setCookie } from '../http/cookies.js'
import type { User } from '../world/users.js'
import type { World } from '../world/world.js'

const cookieName = 'wechat_sandbox_user'

/** Who uses this browser: whoever was chosen in it last, else the sandbox's current user. */
export function phoneOwner(world: World, call: Call): User {
  const chosen = cookieOf(call, cookieName)
  return (chosen === undefined ? undefined : world.users.find(chosen)) ?? world.currentUser
}

/** Headers that make the browser remember. */
export function rememberOwner(user: User): Record<string, string> {
  return setCookie(cookieName, user.id)
}
