// Measures what each package keeps of its users in memory, in its own process.
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { answer } from '../lib/answer.js'

const require = createRequire(import.meta.url)
const { MemoryTokenStore } = await import('@wechat-auth/wechat-oauth')

/** By name: how a login saves its token, and how to look a token up again. */
const stores = {
  ours: () => ours(new MemoryTokenStore()),
  'ours, for more': () => ours(new MemoryTokenStore({ max: 2_000_000 })),
  'wechat-oauth': () => {
    const OAuth = require('wechat-oauth')
    const oauth = new OAuth('appid', 'secret')
    return { save: promisify(oauth.saveToken).bind(oauth), find: promisify(oauth.getToken).bind(oauth) }
  },
  'co-wechat-oauth': () => {
    const OAuth = require('co-wechat-oauth')
    const oauth = new OAuth('appid', 'secret')
    return {
      save: (openid, token) => oauth.saveToken(openid, token),
      find: (openid) => oauth.getToken(openid),
    }
  },
  'wechat-oauth-ts': () => {
    const { default: WechatOAuth } = require('wechat-oauth-ts')
    const oauth = new WechatOAuth('appid', 'secret')
    return {
      save: async (openid, token) => oauth.saveToken(openid, token),
      find: async (openid) => oauth.getToken(openid),
    }
  },
}

function ours(store) {
  return { save: (openid, token) => store.saveToken(openid, token), find: (openid) => store.getToken(openid) }
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc')

const store = stores[process.argv[2]]()
let users = 0

function openidOf(user) {
  return `o${String(user).padStart(27, '0')}`
}

/** A token like WeChat's, with a few hundred bytes. */
function tokenOf(user) {
  const openid = openidOf(user)
  const text = (letter) => letter.repeat(79) + openid
  return JSON.parse(
    JSON.stringify({
      access_token: text('A'),
      expires_in: 7200,
      refresh_token: text('R'),
      openid,
      scope: 'snsapi_userinfo',
      unionid: `u${openid}`,
      create_at: Date.now(),
    }),
  )
}

function heap() {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

const atStart = heap()

// Looks up only every hundredth, because all are alike.
const sample = 100

answer({
  /** Returns how many bytes are kept after so many logins. */
  logIn: async (until) => {
    for (; users < until; users += 1) await store.save(openidOf(users), tokenOf(users))
    return heap() - atStart
  },
  /** Returns how many users still have their token. */
  known: async () => {
    let known = 0
    for (let user = 0; user < users; user += sample) if (await store.find(openidOf(user))) known += sample
    return known
  },
})
