import { wechat } from '../../../../lib/wechat'

/** For a single-page application: the address of WeChat's page, without a redirect. */
export async function GET(request: Request): Promise<Response> {
  const { authorization, headers } = await wechat().login.getAuthorization(request, { mode: 'website' })
  return Response.json(authorization, { headers })
}
