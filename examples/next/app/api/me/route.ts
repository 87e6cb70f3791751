import { wechat } from '../../../lib/wechat'

export async function GET(request: Request): Promise<Response> {
  const [, token] = /^Bearer (.+)$/i.exec(request.headers.get('authorization') ?? '') ?? []
  const session = await wechat().sessions.getSession(token)
  const user = session && (await wechat().sessions.getUser(session))
  if (user) return Response.json({ user })
  return Response.json(
    { message: 'Log in first' },
    { status: 401, headers: { 'www-authenticate': 'Bearer realm="shop"' } },
  )
}
