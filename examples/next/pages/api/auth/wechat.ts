import type { NextApiRequest, NextApiResponse } from 'next'
import { wechat, siteUrl } from '../../../lib/wechat'

/** With `pages/api`, one route starts the login and takes the callback, and returns the user as JSON. */
export default async function handler(req: NextApiRequest, res: NextApiResponse): Promise<void> {
  const request = new Request(new URL(req.url ?? '', siteUrl), {
    headers: req.headers as Record<string, string>,
  })
  const result = await wechat().login.handle(request, { callbackURL: `${siteUrl}/api/auth/wechat` })
  const { headers } = result.action === 'redirect' ? result.response : result
  res.setHeaders(headers)
  if (result.action === 'redirect') res.status(302).end()
  else if (result.action === 'fail') res.status(result.status).json({ code: result.info.code })
  else res.json({ user: { id: result.profile.id, name: result.profile.displayName } })
}
