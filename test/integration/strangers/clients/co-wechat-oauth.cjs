const OAuth = require('co-wechat-oauth')
const { accounts, answer } = require('./application.cjs')

const clients = Object.fromEntries(
  Object.entries(accounts).map(([name, { appId, appSecret }]) => [name, new OAuth(appId, appSecret)]),
)

answer({
  login: (account, { mark }, origin) =>
    account === 'website'
      ? clients[account].getAuthorizeURLForWebsite(`${origin}/${account}/callback`, mark)
      : clients[account].getAuthorizeURL(`${origin}/${account}/callback`, mark, 'snsapi_userinfo'),
  callback: (account, { code }) => clients[account].getUserByCode(code),
  user: (account, { openid }) => clients[account].getUser(openid),
  refresh: (account, { openid }) =>
    clients[account].refreshAccessToken(clients[account].store[openid].refresh_token),
})
