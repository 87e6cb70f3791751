const OAuth = require('wechat-oauth')
const { accounts, answer, promised } = require('./application.cjs')

const clients = Object.fromEntries(
  Object.entries(accounts).map(([name, { appId, appSecret }]) => [name, new OAuth(appId, appSecret)]),
)
const miniProgram = new OAuth(accounts.miniprogram.appId, accounts.miniprogram.appSecret, null, null, true)

answer({
  login: (account, { mark }, origin) =>
    account === 'website'
      ? clients[account].getAuthorizeURLForWebsite(`${origin}/${account}/callback`, mark)
      : clients[account].getAuthorizeURL(`${origin}/${account}/callback`, mark, 'snsapi_userinfo'),
  callback: (account, { code }) => promised((done) => clients[account].getUserByCode(code, done)),
  user: (account, { openid }) => promised((done) => clients[account].getUser(openid, done)),
  refresh: (account, { openid }) =>
    promised((done) =>
      clients[account].refreshAccessToken(clients[account].store[openid].refresh_token, done),
    ),
  miniprogram: (_account, { code, encryptedData, iv }) =>
    promised((done) => miniProgram.getUserByCode({ code, encryptedData, iv }, done)),
})
