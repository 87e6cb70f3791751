import { readSession } from '../../../../lib/session'
import { answer, wechat, siteUrl } from '../../../../lib/wechat'

export const GET = (request: Request): Promise<Response> => answer(() => comeBack(request))

async function comeBack(request: Request): Promise<Response> {
  const result = await wechat().login.handle(request)
  if (result.action === 'redirect') return result.response
  const session = await readSession()
  if (result.action === 'success') {
    const { user } = await wechat().sessions.registerUser(result.profile)
    session.user = { id: user.id, name: result.profile.displayName, mode: result.profile.mode }
    await session.save()
  }
  const { headers } = result
  // The user is already logged in: this is a reload of the callback, or a second tab.
  if (result.action === 'success' || (result.info.code === 'ERR_WECHAT_STATE' && session.user)) {
    headers.set('location', `${siteUrl}/`)
    return new Response(null, { status: 302, headers })
  }
  const { code, reason, message } = result.info
  return Response.json({ code, reason, message }, { status: result.status, headers })
}
