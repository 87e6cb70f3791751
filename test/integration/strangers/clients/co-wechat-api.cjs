const API = require('co-wechat-api')
const { accounts, answer } = require('./application.cjs')

const apis = Object.fromEntries(
  Object.entries(accounts).map(([name, { appId, appSecret }]) => [name, new API(appId, appSecret)]),
)

answer({
  token: (account) => apis[account].getAccessToken(),
  ticket: (account) => apis[account].getTicket(),
  sign: (account, { url }) => apis[account].getJsConfig({ debug: false, jsApiList: ['scanQRCode'], url }),
  qr: async (account, { scene }) => {
    const { ticket } = await apis[account].createTmpQRCode(scene, 60)
    return {
      ticket,
      plain: apis[account].showQRCodeURL(ticket),
      encoded: apis[account].showQRCodeURL(encodeURIComponent(ticket)),
    }
  },
  limit: (account, { scene }) => apis[account].createLimitQRCode(Number(scene)),
  session: (account, { code }) => apis[account].code2Session(code),
})
