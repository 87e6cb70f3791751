import { answer, wechat } from '../../../../lib/wechat'

export const POST = (request: Request): Promise<Response> => answer(() => logIn(request))

async function logIn(request: Request): Promise<Response> {
  const result = await wechat().login.handle(request, { mode: 'miniprogram' })
  if (result.action === 'redirect') return result.response
  if (result.action === 'fail') {
    const { code, message } = result.info
    return Response.json({ code, message }, { status: result.status })
  }
  const { user } = await wechat().sessions.registerUser(result.profile)
  const { token } = await wechat().sessions.issueTokenFor(user.id, result.info)
  return Response.json({
    token,
    user: { id: user.id, name: result.profile.displayName, mode: 'miniprogram' },
  })
}
