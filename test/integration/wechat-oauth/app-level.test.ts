import { createHash } from 'node:crypto'
import { MemoryTokenStore, WechatAPIError, WechatOAuth } from '@wechat-auth/wechat-oauth'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { expect } from 'chai'
import { rejection } from '../../helpers/rejection.js'

const page = 'https://example.com/page'

describe('app-level calls to the sandbox', () => {
  let sandbox: Sandbox
  beforeEach(async () => { sandbox = await startSandbox() })
  afterEach(async () => sandbox.close())

  const clientOf = (type: string): WechatOAuth => {
    const { appId, appSecret } = sandbox.apps.find((app) => app.type === type)!
    return new WechatOAuth({ appId, appSecret, endpoints: sandbox.endpoints, tokenStore: new MemoryTokenStore(), now: () => sandbox.clock.now() })
  }

  it('100 cold signatures at once cost one token and one ticket, and verify', async () => {
    const oauth = clientOf('mp')
    const signed = await Promise.all(Array.from({ length: 100 }, async () => oauth.jsSDKSign(page)))
    expect([sandbox.count('/cgi-bin/stable_token'), sandbox.count('/cgi-bin/ticket/getticket')]).to.deep.equal([1, 1])
    const { ticket } = await oauth.getJsApiTicket()
    for (const { nonceStr, timestamp, signature } of signed) {
      expect(createHash('sha1').update(`jsapi_ticket=${ticket}&noncestr=${nonceStr}&timestamp=${timestamp}&url=${page}`).digest('hex')).to.equal(signature)
    }
  })

  it('a week of a signature a minute costs at most 90 calls each', async () => {
    const oauth = clientOf('mp')
    for (let minute = 0; minute < 7 * 24 * 60; minute += 1) {
      await oauth.jsSDKSign(page)
      sandbox.clock.advance(60_000)
    }
    expect(sandbox.count('/cgi-bin/stable_token')).to.be.within(80, 90)
    expect(sandbox.count('/cgi-bin/ticket/getticket')).to.be.within(80, 90)
  }).timeout(60_000)

  it('a QR code with a scene has an image', async () => {
    const { data, contentType } = await clientOf('mp').getQRCode({ action_name: 'QR_STR_SCENE', action_info: { scene: { scene_str: 'table-7' } } })
    expect(contentType).to.match(/^image\//)
    expect(data.length).to.be.greaterThan(100)
  })

  it('a session is good and stays so when its key is reset; a made-up phone code is refused', async () => {
    const oauth = clientOf('miniprogram')
    const { appId } = oauth
    const { openid, session_key: old } = await oauth.code2Session(sandbox.wxLogin({ appId, user: 'alice' }))
    expect(await oauth.checkSession(openid)).to.be.true
    expect((await oauth.resetSession(openid)).session_key).to.not.equal(old)
    expect(await oauth.checkSession(openid)).to.be.true
    expect(await rejection(oauth.getPhoneNumber('0'.repeat(64)), WechatAPIError)).to.include({ errcode: 40029, kind: 'code' })
  })
})
