import { WechatAPIError, type WechatOAuth } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import {
  body,
  deadURL,
  hang,
  json,
  reset,
  startLoopbackServer,
  status,
  truncated,
  type Answer,
  type LoopbackServer,
} from '../../helpers/loopback-server.js'
import { rejection } from '../../helpers/rejection.js'
import {
  client,
  code,
  now,
  openid,
  sessionReply,
  tokenReply,
  userReply,
} from '../../helpers/wechat-replies.js'
import { inTime } from '../../helpers/pace.js'

type Call = (oauth: WechatOAuth) => Promise<unknown>

const busy = json({ errcode: -1, errmsg: 'system error' })
const once: Record<string, { call: Call; good: object }> = {
  getAccessToken: { call: (oauth) => oauth.getAccessToken(code), good: tokenReply() },
  getUserByCode: { call: (oauth) => oauth.getUserByCode(code), good: tokenReply() },
  code2Session: { call: (oauth) => oauth.code2Session(code), good: sessionReply() },
}
const repeatable: Record<string, { call: Call; good: object }> = {
  refreshAccessToken: { call: (oauth) => oauth.refreshAccessToken('refresh'), good: tokenReply() },
  getUserByToken: {
    call: (oauth) => oauth.getUserByToken({ openid, access_token: 'a', create_at: now }),
    good: userReply(),
  },
  verifyToken: { call: (oauth) => oauth.verifyToken(openid, 'a'), good: { errcode: 0, errmsg: 'ok' } },
}
const passing: Record<string, Answer> = {
  'busy (-1)': busy,
  "busy ('-1')": json({ errcode: '-1' }),
  'a reset': reset,
  'a truncated answer': truncated('{}'),
}
const lasting: Record<string, Answer> = {
  'an errcode': json({ errcode: 40035, errmsg: 'invalid args size' }),
  'a quota': json({ errcode: 45011, errmsg: 'api minute-quota reach limit' }),
  'status 500': status(500),
  'status 302': status(302, '', { location: '/' }),
  HTML: body('<html>'),
  'missing fields': json({}),
}

describe('a call', () => {
  let server: LoopbackServer
  let other: LoopbackServer
  before(async () => {
    server = await startLoopbackServer()
    other = await startLoopbackServer()
  })
  after(async () => {
    await server.close()
    await other.close()
  })

  for (const [method, { call, good }] of Object.entries(once)) {
    for (const [what, answer] of Object.entries({ ...passing, ...lasting })) {
      it(`${method}, which spends a code, is not sent again after ${what}`, async () => {
        server.answer(answer, json(good))
        other.answer(json(good))
        await rejection(call(client({ endpoints: server.url, fallbackHosts: [other.url] })))
        expect(server.requests).to.have.lengthOf(1)
        expect(other.requests).to.have.lengthOf(0)
      })
    }
  }

  for (const [method, { call, good }] of Object.entries(repeatable)) {
    for (const [what, answer] of Object.entries(passing)) {
      it(`${method} is sent again after ${what}`, async () => {
        server.answer(answer, json(good))
        await call(client({ endpoints: server.url }))
        expect(server.requests).to.have.lengthOf(2)
        expect(server.requests[0]?.rawQuery).to.equal(server.requests[1]?.rawQuery)
      })

      it(`${method} is not sent a third time after ${what}`, async () => {
        server.answer(answer)
        await rejection(call(client({ endpoints: server.url })))
        expect(server.requests).to.have.lengthOf(2)
      })
    }

    for (const [what, answer] of Object.entries(lasting)) {
      it(`${method} is not sent again after ${what}`, async () => {
        server.answer(answer, json(good))
        await call(client({ endpoints: server.url })).catch(() => undefined)
        expect(server.requests).to.have.lengthOf(1)
      })
    }

    it(`${method} goes to the first of the other hosts if the connection failed`, async () => {
      server.answer(json(good))
      other.answer(json(good))
      await call(client({ endpoints: await deadURL(), fallbackHosts: [server.url, other.url] }))
      expect(server.requests).to.have.lengthOf(1)
      expect(other.requests).to.have.lengthOf(0)
    })

    it(`${method} does not try the other hosts while the first replies`, async () => {
      server.answer(json(good))
      other.answer(json(good))
      await call(client({ endpoints: server.url, fallbackHosts: [other.url] }))
      expect(other.requests).to.have.lengthOf(0)
    })
  }

  it('that is sent again has one timeout', async () => {
    server.answer(reset, hang)
    const startedAt = performance.now()
    const error = await rejection(client({ endpoints: server.url, timeout: 200 }).verifyToken(openid, 'a'))
    expect(error).to.include({ code: 'ERR_WECHAT_TIMEOUT' })
    expect(performance.now() - startedAt).to.be.lessThan(inTime(200))
    expect(server.requests).to.have.lengthOf(2)
  })

  it('is not sent again if the deadline passes during the pause', async () => {
    let sent = 0
    const oauth = client({
      timeout: 40,
      fetch: async () => {
        sent += 1
        return Response.json({ errcode: -1 })
      },
    })
    expect(await rejection(oauth.verifyToken(openid, 'a'))).to.include({ code: 'ERR_WECHAT_TIMEOUT' })
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(sent).to.equal(1)
  })

  it('that stays busy rejects as busy', async () => {
    server.answer(busy)
    expect(
      await rejection(client({ endpoints: server.url }).refreshAccessToken('r'), WechatAPIError),
    ).to.include({ errcode: -1, kind: 'busy', status: 503 })
  })
})
