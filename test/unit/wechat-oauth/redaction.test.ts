import { inspect } from 'node:util'
import { WechatAPIError, type WechatOAuth } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import { json, startLoopbackServer, type LoopbackServer } from '../../helpers/loopback-server.js'
import { rejection } from '../../helpers/rejection.js'
import { appSecret, client, code, openid, tokenReply } from '../../helpers/wechat-replies.js'

// Contains every character that some encoding changes.
const token = 'tok/en+of="the user"&x=1%?é'
const secret = 'se/cret+of="the app"&y=2%?ü'

const spellings: Record<string, (value: string) => string> = {
  'as it is': (value) => value,
  'in upper case': (value) => value.toUpperCase(),
  'percent-encoded': encodeURIComponent,
  'percent-encoded in lower case': (value) =>
    encodeURIComponent(value).replace(/%../g, (escape) => escape.toLowerCase()),
  'as a form encodes it': (value) => new URLSearchParams({ v: value }).toString().slice(2),
  'percent-encoded twice': (value) => encodeURIComponent(encodeURIComponent(value)),
  'as JSON in the text': (value) => JSON.stringify(value).slice(1, -1),
  'with escaped slashes': (value) => value.replaceAll('/', '\\/'),
  'as JSON with escaped slashes': (value) => JSON.stringify(value).slice(1, -1).replaceAll('/', '\\/'),
  'in base64': (value) => Buffer.from(value).toString('base64'),
  'in base64 without padding': (value) => Buffer.from(value).toString('base64').replace(/=+$/, ''),
  'in base64url': (value) => Buffer.from(value).toString('base64url'),
}

describe('an errmsg that echoes', () => {
  let server: LoopbackServer
  before(async () => {
    server = await startLoopbackServer()
  })
  after(async () => server.close())

  const failing = async (
    errmsg: string,
    call: (oauth: WechatOAuth) => Promise<unknown>,
    fields: object = {},
  ): Promise<WechatAPIError> => {
    server.answer(json({ errcode: 40035, errmsg, ...fields }))
    return rejection(call(client({ appSecret: secret, endpoints: server.url })), WechatAPIError)
  }
  const everything = (error: Error): string =>
    [error.message, error.stack, JSON.stringify(error), inspect(error, { depth: 9, showHidden: true })].join(
      '\n',
    )

  for (const [how, spell] of Object.entries(spellings)) {
    it(`a token ${how} does not show it`, async () => {
      const error = await failing(`bad (${spell(token)}) rid: 628da727-52e5b3c7-79315d09`, (oauth) =>
        oauth.refreshAccessToken(token),
      )
      expect(error.errmsg).to.equal('bad (***) rid: 628da727-52e5b3c7-79315d09')
      expect(everything(error)).to.not.contain(spell(token))
    })

    it(`the app secret ${how} does not show it`, async () => {
      const error = await failing(`bad (${spell(secret)})`, (oauth) => oauth.getAccessToken(code))
      expect(error.errmsg).to.equal('bad (***)')
      expect(everything(error)).to.not.contain(spell(secret))
    })
  }

  const calls: Record<string, (oauth: WechatOAuth) => Promise<unknown>> = {
    getAccessToken: (oauth) => oauth.getAccessToken(code),
    refreshAccessToken: (oauth) => oauth.refreshAccessToken(token),
    getUserByToken: (oauth) =>
      oauth.getUserByToken({ openid, access_token: token, refresh_token: 'the-refresh-token', create_at: 1 }),
    code2Session: (oauth) => oauth.code2Session(code),
  }
  for (const [method, call] of Object.entries(calls)) {
    it(`the app secret hides it, even if ${method} did not send it`, async () => {
      expect((await failing(`no: (${secret})`, call)).errmsg).to.equal('no: (***)')
    })
  }

  it('the code does not show it', async () => {
    expect((await failing(`code ${code} is bad`, (oauth) => oauth.getAccessToken(code))).errmsg).to.equal(
      'code *** is bad',
    )
    expect((await failing(`code ${code} is bad`, (oauth) => oauth.code2Session(code))).errmsg).to.equal(
      'code *** is bad',
    )
  })

  it('the refresh token that belongs to the access token does not show it', async () => {
    const error = await failing('no: the-refresh-token', (oauth) =>
      oauth.getUserByToken({ openid, access_token: token, refresh_token: 'the-refresh-token', create_at: 1 }),
    )
    expect(error.errmsg).to.equal('no: ***')
  })

  it('tokens of the same reply does not show them', async () => {
    const reply = {
      access_token: 'fresh-access',
      refresh_token: 'fresh-refresh',
      session_key: 'fresh-session',
    }
    const error = await failing(
      'fresh-access fresh-refresh fresh-session old',
      (oauth) => oauth.refreshAccessToken('old'),
      reply,
    )
    expect(error.errmsg).to.equal('*** *** *** ***')
  })

  it('a value in place of a request id does not mistake it for one', async () => {
    for (const text of [`x, hints: [ req_id: ${code} ]`, `x hint: [${code}]`]) {
      const error = await failing(text, (oauth) => oauth.getAccessToken(code))
      expect(error.requestId).to.equal(undefined)
      expect(everything(error)).to.not.contain(code)
    }
  })

  it('credentials of other calls does not show them', async () => {
    for (const credential of [
      tokenReply().access_token,
      openid.replace('A', '1'),
      'tiihtNczf5v6AKRyjwEUhQ==',
      '0123456789abcdef0123456789abcdef',
    ]) {
      const error = await failing(`(${String(credential)})`, (oauth) => oauth.refreshAccessToken('refresh'))
      expect(error.errmsg).to.not.contain(String(credential).slice(0, 24))
    }
  })

  it('long words, addresses and request ids keeps them', async () => {
    const text =
      'invalid credential, access_token is invalid or not latest, could get access_token by getStableAccessToken, more details at ' +
      'https://mmbizurl.cn/s/JtxxFh33r rid: 65a33cd8-1ab2c3d4-5e6f7a8b'
    expect((await failing(text, (oauth) => oauth.refreshAccessToken('refresh'))).errmsg).to.equal(text)
  })

  it('another address with a query loses the query', async () => {
    const error = await failing(
      'see https://api.weixin.qq.com/sns/auth?access_token=other&openid=x for more',
      (oauth) => oauth.getAccessToken(code),
    )
    expect(error.errmsg).to.equal('see https://api.weixin.qq.com/sns/auth?*** for more')
  })

  it('words that this package itself puts into queries keeps them', async () => {
    const error = await failing('invalid grant_type authorization_code', (oauth) =>
      oauth.getAccessToken(code),
    )
    expect(error.errmsg).to.equal('invalid grant_type authorization_code')
  })

  it('control characters loses them', async () => {
    const error = await failing('a\u0000\u001b[31m\r\nb\u2028c', (oauth) => oauth.getAccessToken(code))
    expect(error.errmsg).to.equal('a [31m b c')
  })

  it('a long text is cut at 200 characters', async () => {
    const error = await failing('x'.repeat(5000), (oauth) => oauth.getAccessToken(code))
    expect(error.errmsg).to.equal('x'.repeat(200))
  })

  it('an emoji at the cut loses the whole emoji', async () => {
    const error = await failing(`${'x'.repeat(199)}🐼tail`, (oauth) => oauth.getAccessToken(code))
    expect(error.errmsg).to.equal('x'.repeat(199))
  })

  it('a secret across the cut does not show its beginning', async () => {
    const error = await failing(`${'x'.repeat(195)}${code}`, (oauth) => oauth.getAccessToken(code))
    expect(error.errmsg).to.equal(`${'x'.repeat(195)}***`)
  })

  it('many fields and a long text is processed quickly', async () => {
    const fields = Object.fromEntries(
      Array.from({ length: 20_000 }, (_, index) => [`f${index}`, `value${index}`]),
    )
    const before = process.cpuUsage()
    await failing('value'.repeat(100_000), (oauth) => oauth.getAccessToken(code), fields)
    const { user, system } = process.cpuUsage(before)
    // Counts CPU time, so that a busy machine does not matter.
    expect((user + system) / 1e6).to.be.lessThan(4)
  })

  it('half of a surrogate pair, in the text or beside it, is an ordinary errcode', async () => {
    server.answer((response) =>
      response.end(String.raw`{"errcode":40029,"errmsg":"bad \ud800 \udc00!","access_token":"\ud800abc"}`),
    )
    const error = await rejection(client({ endpoints: server.url }).getAccessToken(code), WechatAPIError)
    expect(error.errcode).to.equal(40029)
  })

  it('is not given to the logger', async () => {
    const seen: unknown[] = []
    const log = (...values: unknown[]): void => {
      seen.push(values)
    }
    const oauth = client({ endpoints: server.url, logger: { debug: log, warn: log } })
    server.answer(
      json({ errcode: 40029, errmsg: `${appSecret} ${code} a=b?c=d` }),
      json(tokenReply()),
      json({ errcode: -1, errmsg: token }),
    )
    await rejection(oauth.getAccessToken(code))
    await oauth.getAccessToken(code)
    await rejection(oauth.getUserByToken({ openid, access_token: token, create_at: 1 }))
    const text = inspect(seen, { depth: 9 })
    expect(seen).to.have.lengthOf.at.least(3)
    for (const hidden of [appSecret, code, token, 'c=d', 'access_token=', 'ACCESS-TOKEN'])
      expect(text).to.not.contain(hidden)
  })
})
