import { readSession } from '../../lib/session'
import { siteUrl } from '../../lib/wechat'

export async function POST(): Promise<Response> {
  const session = await readSession()
  session.destroy()
  return new Response(null, { status: 303, headers: { location: `${siteUrl}/` } })
}
