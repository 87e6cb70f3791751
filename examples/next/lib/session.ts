import { getIronSession, type IronSession } from 'iron-session'
import { cookies } from 'next/headers'

export interface User {
  id: string
  name: string
  mode: string
}

/** The session: an encrypted cookie. `lax`, not `strict`: the way back from WeChat starts on another site. */
export async function readSession(): Promise<IronSession<{ user?: User }>> {
  return getIronSession(await cookies(), {
    cookieName: 'session',
    password: process.env.SECRET ?? '',
    cookieOptions: { sameSite: 'lax', secure: process.env.SITE_URL?.startsWith('https:') ?? true },
  })
}
