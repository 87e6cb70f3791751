import { WechatTransportError, type QRCodeData, type WechatOAuth } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import { body, json, status } from '../../helpers/loopback-server.js'
import { rejection, thrown } from '../../helpers/rejection.js'
import { client } from '../../helpers/wechat-replies.js'
import { paths, startAppLevelWechat, type AppLevelWechat } from './fixtures/app-level-wechat.js'

const ticket = 'gQH47joAAAAAAAAAASxodHRw/+U2d3XWl=='
const text = (scene: string, more: object = {}): QRCodeData => ({
  action_name: 'QR_STR_SCENE',
  action_info: { scene: { scene_str: scene } },
  ...more,
})
const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0xff, 0x00, 0xfe)

describe('QR codes with a scene', () => {
  let wechat: AppLevelWechat
  let oauth: WechatOAuth
  beforeEach(async () => {
    wechat = await startAppLevelWechat()
    wechat.replies[paths.qrCode] = json({ ticket, expire_seconds: 60, url: 'http://weixin.qq.com/q/abc' })
    wechat.replies[paths.image] = body(png, { 'content-type': 'image/JPG; x=y' })
    oauth = client({ endpoints: wechat.server.url, now: () => wechat.now })
  })
  afterEach(async () => wechat.server.close())

  const good: [name: string, data: QRCodeData][] = [
    [
      'a temporary number',
      { action_name: 'QR_SCENE', action_info: { scene: { scene_id: 4294967295 } }, expire_seconds: 2592000 },
    ],
    ['a temporary text', text('路'.repeat(64))],
    ['a permanent number', { action_name: 'QR_LIMIT_SCENE', action_info: { scene: { scene_id: 100000 } } }],
    ['a permanent text', { action_name: 'QR_LIMIT_STR_SCENE', action_info: { scene: { scene_str: 'x' } } }],
  ]
  for (const [name, data] of good) {
    it(`are created for ${name}`, async () => {
      expect(await oauth.getQRCodeTicket(data)).to.deep.equal({
        ticket,
        expire_seconds: 60,
        url: 'http://weixin.qq.com/q/abc',
      })
      expect(wechat.bodiesOf(paths.qrCode)).to.deep.equal([data])
      expect(wechat.server.requests.at(-1)).to.deep.include({
        method: 'POST',
        query: { access_token: wechat.token },
      })
    })
  }

  it('are TypeErrors beyond WeChat’s limits, without a request', async () => {
    const wrong: unknown[] = [
      undefined,
      null,
      'x',
      {},
      { action_name: 'QR_SCENE' },
      { action_name: 'QR_SCENE', action_info: null },
      { ...text('x'), action_name: 'constructor' },
      text(''),
      text('x'.repeat(65)),
      text('\ud800'),
      ...[0, 2592001, 1.5, '60', null].map((seconds) => text('x', { expire_seconds: seconds })),
      ...[0, -1, 1.5, 4294967296, '1', NaN, undefined].map((id) => ({
        action_name: 'QR_SCENE',
        action_info: { scene: { scene_id: id } },
      })),
      ...[0, 100001].map((id) => ({
        action_name: 'QR_LIMIT_SCENE',
        action_info: { scene: { scene_id: id } },
      })),
      { action_name: 'QR_LIMIT_STR_SCENE', action_info: { scene: { scene_id: 1 } } },
    ]
    for (const data of wrong) {
      for (const method of ['getQRCodeTicket', 'getQRCodeLink', 'getQRCode'] as const)
        await rejection(oauth[method](data as QRCodeData), TypeError)
    }
    expect(wechat.server.requests).to.have.lengthOf(0)
  })

  it('have an address of their image, encoded once', async () => {
    const link = `${wechat.server.url}/cgi-bin/showqrcode?ticket=${encodeURIComponent(ticket)}`
    expect(oauth.getQRCodeLinkByTicket(ticket)).to.equal(link)
    expect(await oauth.getQRCodeLink(text('x'))).to.equal(link)
    expect(client().getQRCodeLinkByTicket('a=')).to.equal(
      'https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=a%3D',
    )
    for (const wrong of [undefined, null, '', 5, 'a\ud800']) {
      expect(thrown(() => oauth.getQRCodeLinkByTicket(wrong as string))).to.be.an.instanceOf(TypeError)
      await rejection(oauth.getQRCodeByTicket(wrong as string), TypeError)
    }
  })

  it('have an image, whose bytes arrive unchanged', async () => {
    const image = await oauth.getQRCode(text('x'))
    expect(image).to.deep.equal({ data: png, contentType: 'image/jpg' })
    expect(await oauth.getQRCodeByTicket(ticket)).to.deep.equal(image)
    expect(wechat.server.requests.at(-1)?.query).to.deep.equal({ ticket })
  })

  const noImages = {
    HTML: body('<html>', { 'content-type': 'text/html' }),
    'no type': body(png, {}),
    nothing: body('', { 'content-type': 'image/png' }),
    'too much': body(new Uint8Array(1024 * 1024 + 1), { 'content-type': 'image/png' }),
  }
  for (const [what, answer] of Object.entries(noImages)) {
    it(`are refused if the image is ${what}`, async () => {
      wechat.replies[paths.image] = answer
      expect(await rejection(oauth.getQRCodeByTicket(ticket), WechatTransportError)).to.include({
        code: 'ERR_WECHAT_RESPONSE',
        endpoint: paths.image,
      })
    })
  }

  for (const code of [404, 302]) {
    it(`are refused if the image is answered with ${code}`, async () => {
      wechat.replies[paths.image] = status(code, png, { 'content-type': 'image/png', location: '/' })
      const error = await rejection(oauth.getQRCodeByTicket(ticket), WechatTransportError)
      expect(error).to.include({ code: 'ERR_WECHAT_STATUS' })
      expect(error.message).to.not.contain('ticket')
    })
  }
})
