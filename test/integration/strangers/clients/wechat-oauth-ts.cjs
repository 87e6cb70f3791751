const { default: OAuth } = require('wechat-oauth-ts')
const { accounts, answer } = require('./application.cjs')

const tokens = new Map()
const clients = Object.fromEntries(
  Object.entries(accounts).map(([name, { appId, appSecret }]) => [
    name,
    new OAuth(
      appId,
      appSecret,
      (openid, token) => {
        tokens.set(openid, token)
      },
      (openid) => tokens.get(openid),
    ),
  ]),
)

answer({
  login: (account, { mark }, origin) =>
    account === 'website'
      ? clients[account].getAuthorizeURLForWebsite(`${origin}/${account}/callback`, mark)
      : clients[account].getAuthorizeURL(`${origin}/${account}/callback`, mark, 'snsapi_userinfo'),
  callback: (account, { code }) => clients[account].getUserByCode(code),
  user: (account, { openid }) => clients[account].getUserByOpenId(openid),
  refresh: (account, { openid }) => clients[account].refreshAccessToken(tokens.get(openid).refresh_token),
  ticket: (account) => clients[account].getJsApiTicket(),
  qr: async (account) => ({ address: await clients[account].getQRCodeLink() }),
  session: (account, { code }) => clients[account].code2Session(code),
})
