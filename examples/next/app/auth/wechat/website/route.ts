import { startLogin } from '../../../../lib/wechat'

export const GET = (request: Request): Promise<Response> => startLogin(request, 'website')
