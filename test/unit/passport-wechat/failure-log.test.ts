import {
  WechatStrategy,
  type WechatFailureCode,
  type WechatOneAppOptions,
} from '@wechat-auth/passport-wechat'
import { WechatLogin } from '@wechat-auth/passport-wechat/web'
import { expect } from 'chai'
import { action, authenticate, requestOf, type RequestParts } from '../../helpers/authenticate.js'
import { FakeWechat } from '../../helpers/fake-wechat.js'
import { appsStrategy, callbackURL, mpStrategy } from '../../helpers/strategies.js'
import { appId, appSecret, code, openid, tokenReply } from '../../helpers/wechat-replies.js'

type Line = [level: string, message: string, facts: Record<string, unknown>]

class Recorder {
  readonly lines: Line[] = []
  debug(message: string, facts: Record<string, unknown> = {}): void {
    this.lines.push(['debug', message, facts])
  }
  warn(message: string, facts: Record<string, unknown> = {}): void {
    this.lines.push(['warn', message, facts])
  }
  get failures(): Line[] {
    return this.lines.filter(([, message]) => message.startsWith('A login with WeChat failed'))
  }
}

/** Starts a login and ends it with this callback. */
async function logIn(
  strategy: WechatStrategy,
  query: Record<string, unknown> = { code },
  { start, parts }: { start?: object; parts?: RequestParts } = {},
): Promise<() => ReturnType<typeof authenticate>> {
  const session = {}
  const { state } = await strategy.getAuthorization(requestOf({ session }), start)
  const headers = { cookie: 'sid=1' }
  return () => authenticate(strategy, requestOf({ session, headers, query: { state, ...query }, ...parts }))
}

const mini = { mode: 'miniprogram' as const, callbackURL: null }
const json = { 'content-type': 'application/json' }
const frozen = { '/sns/oauth2/access_token': { errcode: 50002, errmsg: `user limited ${openid}` } }
const snapshot = { '/sns/oauth2/access_token': tokenReply({ is_snapshotuser: 1 }) }
const invalid = { '/sns/oauth2/access_token': { errcode: 40029, errmsg: 'invalid code' } }

interface Case {
  title: string
  code: WechatFailureCode
  level: 'debug' | 'warn'
  query?: Record<string, unknown>
  replies?: FakeWechat['replies']
  options?: Partial<WechatOneAppOptions>
  request?: RequestParts
  facts?: object
}

const cases: Case[] = [
  { title: 'the user refused', code: 'ERR_WECHAT_DENIED', level: 'debug', query: { code: 'authdeny' } },
  {
    title: 'the code is invalid',
    code: 'ERR_WECHAT_CODE',
    level: 'debug',
    replies: invalid,
    facts: {
      errcode: 40029,
      meaning: 'the code is invalid, expired, long used, or was issued to another appid',
    },
  },
  {
    title: 'WeChat blocks the user',
    code: 'ERR_WECHAT_BLOCKED',
    level: 'warn',
    replies: frozen,
    facts: { errcode: 50002, meaning: 'the user or the account is restricted' },
  },
  {
    title: 'the user is a virtual account',
    code: 'ERR_WECHAT_SNAPSHOT_USER',
    level: 'warn',
    replies: snapshot,
    facts: { hint: 'Ask for consent only after a click, not as soon as a page opens' },
  },
  {
    title: 'there is no unionid',
    code: 'ERR_WECHAT_NO_UNIONID',
    level: 'warn',
    options: { idSource: 'unionid' },
  },
  {
    title: 'the body was not parsed',
    code: 'ERR_WECHAT_REQUEST',
    level: 'warn',
    options: mini,
    request: { headers: json },
  },
  {
    title: 'the body is no login',
    code: 'ERR_WECHAT_REQUEST',
    level: 'debug',
    options: mini,
    request: { headers: json, body: {} },
  },
  {
    title: 'the signature is wrong',
    code: 'ERR_WECHAT_SIGNATURE',
    level: 'debug',
    options: mini,
    request: { headers: json, body: { code, rawData: 'x', signature: 'y' } },
  },
]

describe('a failed login', () => {
  for (const { title, code: expected, level, query, replies, options, request, facts } of cases) {
    it(`is logged at the level ${level} if ${title}`, async () => {
      const logger = new Recorder()
      const wechat = new FakeWechat()
      Object.assign(wechat.replies, replies)
      const strategy = mpStrategy(wechat, { logger, ...options })
      const taken = request ? authenticate(strategy, requestOf(request)) : (await logIn(strategy, query))()
      const { message } = (await action('fail', taken)).info as { message: string }
      const mode = options?.mode ?? 'mp'
      expect(logger.failures).to.deep.equal([
        [level, `A login with WeChat failed: ${message}`, { code: expected, ...facts, mode }],
      ])
      const told = JSON.stringify(logger.lines)
      for (const hidden of [code, openid, appSecret]) expect(told).not.to.contain(hidden)
    })
  }

  it('is logged once if two callbacks share it', async () => {
    const logger = new Recorder()
    const strategy = mpStrategy(new FakeWechat(), { logger, idSource: 'unionid' })
    const callback = await logIn(strategy)
    const [first, second] = await Promise.all([action('fail', callback()), action('fail', callback())])
    expect(second.info).to.deep.equal(first.info)
    await action('fail', callback())
    expect(logger.failures).to.have.length(1)
  })

  it('is logged with the mode of its record, whatever the browser of the callback', async () => {
    const logger = new Recorder()
    const wechat = new FakeWechat()
    Object.assign(wechat.replies, invalid)
    const strategy = appsStrategy(wechat, { logger })
    const parts = { headers: { cookie: 'sid=1', 'user-agent': 'MicroMessenger' } }
    const callback = await logIn(strategy, { code }, { start: { mode: 'website' }, parts })
    await action('fail', callback())
    expect(logger.failures[0]?.[2]).to.include({ mode: 'website' })
  })

  it('is logged by WechatLogin, too', async () => {
    const logger = new Recorder()
    const cookie = { secret: 'a secret of the tests, of 32 bytes and more' }
    const login = new WechatLogin({ appId, appSecret, callbackURL, cookie, logger })
    const { action: taken } = await login.handle(new Request(`${callbackURL}?code=${code}`))
    expect(taken).to.equal('fail')
    expect(logger.failures.map(([level, , facts]) => [level, facts])).to.deep.equal([
      ['debug', { code: 'ERR_WECHAT_STATE', reason: 'missing', mode: 'mp' }],
    ])
  })

  it('is not logged for a login that succeeds or ends in an error', async () => {
    const logger = new Recorder()
    const wechat = new FakeWechat()
    const strategy = mpStrategy(wechat, { logger })
    await action('success', (await logIn(strategy))())
    wechat.replies['/sns/oauth2/access_token'] = { errcode: 40125, errmsg: 'invalid appsecret' }
    await action('error', (await logIn(strategy))())
    expect(logger.failures).to.deep.equal([])
  })
})

describe('a login that verify refuses', () => {
  const refuse = async (info: object | string | undefined): Promise<Line[]> => {
    const logger = new Recorder()
    const strategy = new WechatStrategy(
      { appId, appSecret, callbackURL, fetch: new FakeWechat().fetch, logger },
      (_access, _refresh, _profile, done) => {
        done(null, false, info)
      },
    )
    await action('fail', (await logIn(strategy))())
    return logger.failures
  }
  const message = 'A login with WeChat failed: This application does not allow this WeChat user to log in'

  it("is logged with the code of verify's info, and nothing else of it", async () => {
    const line = ['debug', message, { code: 'BANNED', mode: 'mp' }]
    expect(await refuse({ code: 'BANNED', message: 'Alice is banned', name: 'Alice' })).to.deep.equal([line])
  })

  for (const info of [
    undefined,
    'Alice is banned',
    { message: 'Alice is banned' },
    { code: 'Alice is banned' },
    { code: { name: 'Alice' } },
  ]) {
    it(`is logged with our code if verify answers ${typeof info === 'object' ? JSON.stringify(info) : String(info)}`, async () => {
      expect(await refuse(info)).to.deep.equal([
        ['debug', message, { code: 'ERR_WECHAT_VERIFY', mode: 'mp' }],
      ])
    })
  }
})
