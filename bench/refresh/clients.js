// Users whose token has expired, through each package's own default store.
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { answer, cpuTime } from '../lib/answer.js'

const require = createRequire(import.meta.url)
const { appId, appSecret } = JSON.parse(process.env.BENCH_APP)

/** By name: how to log in, age the token, and request the user. */
const clients = {
  ours: async () => {
    const { MemoryTokenStore, WechatOAuth } = await import('@wechat-auth/wechat-oauth')
    const tokenStore = new MemoryTokenStore()
    const oauth = new WechatOAuth({ appId, appSecret, tokenStore })
    return {
      logIn: async (code) => (await oauth.getAccessToken(code)).openid,
      age: async (openid, create_at) =>
        tokenStore.saveToken(openid, { ...(await tokenStore.getToken(openid)), create_at }),
      getUser: (openid) => oauth.getUser(openid),
    }
  },
  'wechat-oauth': () => {
    const OAuth = require('wechat-oauth')
    const oauth = new OAuth(appId, appSecret)
    const getAccessToken = promisify(oauth.getAccessToken).bind(oauth)
    return {
      logIn: async (code) => (await getAccessToken(code)).data.openid,
      age: (openid, create_at) => {
        oauth.store[openid].create_at = create_at
      },
      getUser: promisify(oauth.getUser).bind(oauth),
    }
  },
  'co-wechat-oauth': () => {
    const OAuth = require('co-wechat-oauth')
    const oauth = new OAuth(appId, appSecret)
    return {
      logIn: async (code) => (await oauth.getAccessToken(code)).data.openid,
      age: (openid, create_at) => {
        oauth.store[openid].create_at = create_at
      },
      getUser: (openid) => oauth.getUser(openid),
    }
  },
  'wechat-oauth-ts': () => {
    const { default: WechatOAuth } = require('wechat-oauth-ts')
    const oauth = new WechatOAuth(appId, appSecret)
    return {
      logIn: async (code) => (await oauth.getAccessToken(code)).openid,
      age: (openid, created_at) => {
        oauth.store[openid].created_at = created_at
      },
      getUser: (openid) => oauth.getUserByOpenId(openid),
    }
  },
}

const client = await clients[process.argv[2]]()

answer({
  cpuTime,
  logIn: (code) => client.logIn(code),
  age: (openid, time) => client.age(openid, time),
  getUsers: async (openid, times) => {
    const users = await Promise.all(Array.from({ length: times }, () => client.getUser(openid)))
    if (!users.every((user) => user.openid === openid)) throw new Error('Not the user')
  },
})
