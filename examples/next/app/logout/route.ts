import { readSession } from '../../lib/session'
import { siteUrl } from '../../lib/wechat'

export async function POST(request: Request): Promise<Response> {
  // A form on another site must not log the user out.
  const origin = request.headers.get('origin')
  if (origin !== null && origin !== siteUrl) return new Response(null, { status: 403 })
  const session = await readSession()
  session.destroy()
  return new Response(null, { status: 303, headers: { location: `${siteUrl}/` } })
}
