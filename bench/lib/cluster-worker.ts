/** One of several processes of an application: our client, with its own connection to a store that all share. */
import { WechatOAuth } from '@wechat-auth/wechat-oauth'
import type { OpenStore } from '../../test/helpers/cluster/protocol.js'
import { answer } from './answer.js'

const [name = '', address = ''] = process.argv.slice(2)
const { open } = (await import(`../../test/helpers/cluster/stores/${name}.js`)) as { open: OpenStore }
const { store } = await open(address)
const { appId, appSecret } = JSON.parse(process.env.BENCH_APP ?? '') as { appId: string; appSecret: string }
let oauth = new WechatOAuth({ appId, appSecret, tokenStore: store })

answer({
  logIn: async (code: string) => (await oauth.getAccessToken(code)).openid,
  age: async (openid: string, createdAt: number) => {
    const token = await store.getToken(openid)
    if (!token) throw new Error('There is no token')
    await store.saveToken(openid, { ...token, create_at: createdAt })
  },
  getUsers: async (openid: string, times: number) => {
    const users = await Promise.all(Array.from({ length: times }, async () => oauth.getUser(openid)))
    if (!users.every((user) => user.openid === openid)) throw new Error('Not the user')
  },
  forget: async () => {
    await store.deleteToken?.(`client:${appId}`)
    await store.deleteToken?.(`ticket:jsapi:${appId}`)
    oauth = new WechatOAuth({ appId, appSecret, tokenStore: store })
  },
  sign: async (times: number) => {
    await Promise.all(
      Array.from({ length: times }, async (_, index) => oauth.jsSDKSign(`https://shop.example/${index}`)),
    )
  },
})
