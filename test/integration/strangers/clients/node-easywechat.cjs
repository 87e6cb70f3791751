const { mkdtempSync } = require('node:fs')
const { MiniApp, OfficialAccount } = require('node-easywechat')
const { accounts, answer } = require('./application.cjs')

function config({ appId, appSecret }, more) {
  return {
    app_id: appId,
    secret: appSecret,
    file_cache: { path: mkdtempSync('cache-') },
    ...more,
  }
}

function officialAccount(name, more) {
  return new OfficialAccount(config(accounts[name], more))
}

const stable = officialAccount('mp', { use_stable_access_token: true })
const miniApp = new MiniApp(config(accounts.miniprogram))
const scopes = { mp: 'snsapi_userinfo', website: 'snsapi_login', wrong: 'snsapi_userinfo' }

function oauth(account) {
  return officialAccount(account).getOAuth().scopes([scopes[account]])
}

answer({
  login: (account, { mark }, origin) =>
    oauth(account).withState(mark).redirect(`${origin}/${account}/callback`),
  callback: async (account, { code }) => {
    const user = await oauth(account).userFromCode(code)
    return user.getRaw()
  },
  stable: async () => ({ accessToken: await stable.getAccessToken().getToken() }),
  sign: (account, { url }) => officialAccount(account).getUtils().buildJsSdkConfig(url, ['scanQRCode']),
  qr: async (account, { scene }) => {
    const response = await officialAccount(account)
      .getClient()
      .postJson('/cgi-bin/qrcode/create', {
        expire_seconds: 60,
        action_name: 'QR_STR_SCENE',
        action_info: { scene: { scene_str: scene } },
      })
    return response.toObject()
  },
  miniprogram: async (_account, { code, encryptedData, iv }) => {
    const utils = miniApp.getUtils()
    const { session_key: sessionKey } = await utils.codeToSession(code)
    return utils.decryptSession(sessionKey, iv, encryptedData)
  },
})
