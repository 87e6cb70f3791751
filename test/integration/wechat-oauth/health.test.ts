import { MemoryTokenStore, WechatOAuth } from '@wechat-auth/wechat-oauth'
import { startSandbox } from '@wechat-auth/wechat-sandbox'
import { expect } from 'chai'
import express from 'express'
import { blockOf, english, readmeOf } from '../readme/markdown.js'
import { runPart, serve } from '../readme/running.js'

describe('the health check of the README', () => {
  it('answers 200, and 503 while the store fails, without a call to WeChat', async () => {
    const sandbox = await startSandbox()
    const { appId, appSecret } = sandbox.apps[0]!
    const store = new MemoryTokenStore()
    let isDown = false
    const oauth = new WechatOAuth({
      appId,
      appSecret,
      endpoints: sandbox.endpoints,
      tokenStore: {
        getToken: async (key) => (isDown ? Promise.reject(new Error('down')) : store.getToken(key)),
        saveToken: (key, token) => store.saveToken(key, token),
      },
    })
    const app = express()
    await runPart(blockOf(readmeOf('packages/wechat-oauth', english), /^Health$/), { app, oauth })
    const { url, close } = await serve(app)
    const check = async (): Promise<[status: number, health: unknown]> => {
      const response = await fetch(`${url}/healthz`)
      return [response.status, await response.json()]
    }
    try {
      expect(await check()).to.deep.equal([200, { store: 'ok', credential: 'none' }])
      await oauth.getClientAccessToken()
      const calls = sandbox.requests.length
      expect(await check()).to.deep.equal([200, { store: 'ok', credential: 'ok' }])
      isDown = true
      expect(await check()).to.deep.equal([503, { store: 'failing', credential: 'ok' }])
      isDown = false
      expect(await check()).to.deep.equal([200, { store: 'ok', credential: 'ok' }])
      expect(sandbox.requests).to.have.length(calls)
    } finally {
      await close()
      await sandbox.close()
    }
  })
})
