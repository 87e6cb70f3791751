import { startLogin } from '../../../lib/wechat'

// The login chooses: WeChat's browser gets the page of the official account; other browsers get the QR code.
export const GET = (request: Request): Promise<Response> => startLogin(request)
