import { WechatAPIError } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import {
  body,
  json,
  startLoopbackServer,
  status,
  type LoopbackServer,
} from '../../helpers/loopback-server.js'
import { rejection } from '../../helpers/rejection.js'
import { client, openid } from '../../helpers/wechat-replies.js'

describe('verifyToken', () => {
  let server: LoopbackServer
  before(async () => {
    server = await startLoopbackServer()
  })
  after(async () => server.close())

  const verify = async (): Promise<boolean> =>
    client({ endpoints: server.url }).verifyToken(openid, 'the token')

  it('is true if WeChat says so', async () => {
    server.answer(json({ errcode: 0, errmsg: 'ok' }))
    expect(await verify()).to.equal(true)
    expect(server.requests.map(({ path, rawQuery }) => [path, rawQuery])).to.deep.equal([
      ['/sns/auth', `access_token=the%20token&openid=${openid}`],
    ])
  })

  for (const errcode of [40001, 40003, 40014, 41001, 41009, 42001, 42007, 48001, 50002, 99999, '40014']) {
    it(`is false when WeChat answers ${JSON.stringify(errcode)}`, async () => {
      server.answer(json({ errcode, errmsg: 'invalid' }))
      expect(await verify()).to.equal(false)
    })
  }

  for (const errcode of [-1, 45009, 45011]) {
    it(`rejects when WeChat answers ${errcode}, which says nothing about the token`, async () => {
      server.answer(json({ errcode, errmsg: 'later' }))
      expect(await rejection(verify(), WechatAPIError)).to.include({ errcode, status: 503 })
    })
  }

  it('rejects when WeChat gives no proper answer', async () => {
    server.answer(status(502, '<html>'))
    expect(await rejection(verify())).to.include({ code: 'ERR_WECHAT_STATUS' })
    server.answer(body(''))
    expect(await rejection(verify())).to.include({ code: 'ERR_WECHAT_RESPONSE' })
    server.answer(json({ errcode: 'ok' }))
    expect(await rejection(verify())).to.include({ code: 'ERR_WECHAT_RESPONSE' })
  })

  for (const reply of [{}, { errmsg: 'ok' }, { openid }]) {
    it(`rejects when WeChat answers ${JSON.stringify(reply)}, which is not an answer to the question`, async () => {
      server.answer(json(reply))
      expect(await rejection(verify())).to.include({ code: 'ERR_WECHAT_RESPONSE' })
    })
  }
})
