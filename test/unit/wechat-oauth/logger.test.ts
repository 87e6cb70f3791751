import { type WechatLogger } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import { json, startLoopbackServer, status, type LoopbackServer } from '../../helpers/loopback-server.js'
import { rejection } from '../../helpers/rejection.js'
import { client, code, openid, tokenReply } from '../../helpers/wechat-replies.js'

describe('the logger', () => {
  let server: LoopbackServer
  before(async () => {
    server = await startLoopbackServer()
  })
  after(async () => server.close())

  const recorder = (): WechatLogger & { lines: [string, string, object | undefined][] } => ({
    lines: [],
    debug(message, details) {
      this.lines.push(['debug', message, details])
    },
    warn(message, details) {
      this.lines.push(['warn', message, details])
    },
  })

  it('gets the path and duration of a call, as a method of its object', async () => {
    server.answer(json(tokenReply()))
    const logger = recorder()
    await client({ endpoints: server.url, logger }).getAccessToken(code)
    expect(logger.lines).to.have.lengthOf(1)
    const [level, , details] = logger.lines[0]!
    expect(level).to.equal('debug')
    expect(details).to.have.all.keys('endpoint', 'ms').and.include({ endpoint: '/sns/oauth2/access_token' })
  })

  it('gets the facts of a failure', async () => {
    server.answer(
      json({ errcode: 40029, errmsg: 'invalid code, rid: 641d8438-5f5ec4a3-76c11b5f' }),
      status(502),
    )
    const logger = recorder()
    const oauth = client({ endpoints: server.url, logger })
    await rejection(oauth.getAccessToken(code))
    await rejection(oauth.getAccessToken(code))
    expect(logger.lines.map(([level]) => level)).to.deep.equal(['warn', 'warn'])
    expect(logger.lines[0]?.[2]).to.deep.include({
      endpoint: '/sns/oauth2/access_token',
      code: 'ERR_WECHAT_API',
      errcode: 40029,
      requestId: '641d8438-5f5ec4a3-76c11b5f',
    })
    expect(logger.lines[1]?.[2]).to.deep.include({ code: 'ERR_WECHAT_STATUS' })
  })

  it('gets a warning before a repetition', async () => {
    server.answer(json({ errcode: -1 }), json({ errcode: 0 }))
    const logger = recorder()
    await client({ endpoints: server.url, logger }).verifyToken(openid, 'a')
    expect(logger.lines.map(([level]) => level)).to.deep.equal(['warn', 'debug'])
  })

  for (const mark of ['bindings', 'addSerializers'] as const) {
    it(`gets the facts first if it has the method ${mark}`, async () => {
      server.answer(json(tokenReply()), json({ errcode: 40029 }))
      const calls: [level: string, ...parameters: unknown[]][] = []
      const logger = {
        [mark]: () => ({}),
        debug: (...parameters: unknown[]) => void calls.push(['debug', ...parameters]),
        warn: (...parameters: unknown[]) => void calls.push(['warn', ...parameters]),
      }
      const oauth = client({ endpoints: server.url, logger })
      await oauth.getAccessToken(code)
      await rejection(oauth.getAccessToken(code))
      expect(calls.map(([level, , message]) => [level, message])).to.deep.equal([
        ['debug', 'WeChat call'],
        ['warn', 'WeChat call failed'],
      ])
      expect(calls[0]![1]).to.have.all.keys('endpoint', 'ms')
      expect(calls[1]![1]).to.include({ code: 'ERR_WECHAT_API', errcode: 40029 })
    })
  }

  it('does not make a login fail when it throws or its promise rejects', async () => {
    const failures: (() => unknown)[] = [
      () => {
        throw new Error('disk full')
      },
      async () => Promise.reject(new Error('disk full')),
    ]
    for (const fail of failures) {
      server.answer(json(tokenReply()))
      await client({ endpoints: server.url, logger: { debug: fail, warn: fail } }).getAccessToken(code)
      server.answer(json({ errcode: 40029 }))
      await rejection(
        client({ endpoints: server.url, logger: { debug: fail, warn: fail } }).getAccessToken(code),
      )
    }
  })
})
