// Signatures for the JS-SDK, by clients that have no token and no ticket yet.
import { mkdtempSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answer, cpuTime } from '../lib/answer.js'

const require = createRequire(import.meta.url)
const { appId, appSecret } = JSON.parse(process.env.BENCH_APP)

/** By name: creates a new client and returns how it signs. */
const clients = {
  ours: async () => {
    const { WechatOAuth } = await import('@wechat-auth/wechat-oauth')
    const oauth = new WechatOAuth({ appId, appSecret })
    return (url) => oauth.jsSDKSign(url)
  },
  'co-wechat-api': () => {
    const API = require('co-wechat-api')
    const api = new API(appId, appSecret)
    return (url) => api.getJsConfig({ url, jsApiList: [] })
  },
  'node-easywechat': () => {
    const { OfficialAccount } = require('node-easywechat')
    // By default it writes into the current folder.
    const path = mkdtempSync(join(tmpdir(), 'bench-easywechat-'))
    const app = new OfficialAccount({ app_id: appId, secret: appSecret, file_cache: { path } })
    return (url) => app.getUtils().buildJsSdkConfig(url)
  },
  'wechat-oauth-ts': () => {
    withoutTelemetry()
    const { default: WechatOAuth } = require('wechat-oauth-ts')
    const oauth = new WechatOAuth(appId, appSecret)
    return (url) => oauth.jsSDKSign(url)
  },
}

/** It sends each ticket to a host of its author's, and ends the process where that does not answer: nothing is sent here. */
function withoutTelemetry() {
  const file = require.resolve('fundebug-nodejs', { paths: [require.resolve('wechat-oauth-ts')] })
  require.cache[file] ??= {
    id: file,
    filename: file,
    loaded: true,
    exports: { notify() {}, notifyError() {} },
  }
}

let sign

answer({
  cpuTime,
  forget: async () => {
    sign = await clients[process.argv[2]]()
  },
  sign: async (times) => {
    const signed = await Promise.all(
      Array.from({ length: times }, (_, index) => sign(`https://shop.example/${index}`)),
    )
    if (!signed.every(({ signature }) => /^[0-9a-f]{40}$/.test(signature))) throw new Error('Not signed')
  },
})
