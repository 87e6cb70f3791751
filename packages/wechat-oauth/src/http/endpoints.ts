/** Base addresses of WeChat's servers: pages for people, calls between servers, images of QR codes. */
export const wechatServers = {
  open: 'https://open.weixin.qq.com',
  api: 'https://api.weixin.qq.com',
  mp: 'https://mp.weixin.qq.com',
} as const

/** Paths at `open`: the pages on which users log in. */
export const pagePaths = { mp: '/connect/oauth2/authorize', website: '/connect/qrconnect' } as const

/** Path at `mp`. */
export const qrCodeImagePath = '/cgi-bin/showqrcode'

/** Paths at `api`. */
export const apiPaths = {
  accessToken: '/sns/oauth2/access_token',
  refreshToken: '/sns/oauth2/refresh_token',
  userinfo: '/sns/userinfo',
  auth: '/sns/auth',
  session: '/sns/jscode2session',
  stableToken: '/cgi-bin/stable_token',
  classicToken: '/cgi-bin/token',
  ticket: '/cgi-bin/ticket/getticket',
  qrCode: '/cgi-bin/qrcode/create',
  checkSession: '/wxa/checksession',
  resetSession: '/wxa/resetusersessionkey',
  phoneNumber: '/wxa/business/getuserphonenumber',
} as const
