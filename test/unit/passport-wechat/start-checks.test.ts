import { once } from 'node:events'
import { CookieStateStore, type WechatOneAppOptions, type WechatStrategy } from '@wechat-auth/passport-wechat'
import { expect } from 'chai'
import { requestOf, type RequestParts } from '../../helpers/authenticate.js'
import { mpStrategy } from '../../helpers/strategies.js'
import { appId } from '../../helpers/wechat-replies.js'

type Line = [level: string, message: string, facts: Record<string, unknown>]

/** Starts a login, and returns what the logger got. */
async function start(parts: RequestParts, options: Partial<WechatOneAppOptions> = {}): Promise<Line[]> {
  const lines: Line[] = []
  const log =
    (level: string) =>
    (message: string, facts: Record<string, unknown> = {}) => {
      lines.push([level, message, facts])
    }
  const strategy = mpStrategy(undefined, { logger: { debug: log('debug'), warn: log('warn') }, ...options })
  await begin(strategy, parts)
  return lines
}

function begin(strategy: WechatStrategy, { headers, ...parts }: RequestParts): Promise<unknown> {
  const req = { session: {}, headers: { host: 'shop.example:8080', ...headers }, ...parts }
  return strategy.getAuthorization(requestOf(req))
}

const strict = { session: { cookie: { sameSite: 'strict' } } }
const secure = { session: { cookie: { secure: true } }, sessionID: 'SESSION-ID' }
const behindProxy = { headers: { 'x-forwarded-proto': 'https' } }
const relative = { callbackURL: '/callback?from=home' }

describe('the start of a login', () => {
  it('is logged with the app and the host that WeChat compares, without the query', async () => {
    const facts = { mode: 'mp', appId, scope: 'snsapi_userinfo', callbackHost: 'shop.example:8080' }
    expect(await start({}, relative)).to.deep.equal([['debug', 'A login with WeChat starts', facts]])
  })

  const store = new CookieStateStore({ secret: 'a secret of the tests, of 32 bytes and more' })
  const res = { appendHeader: () => undefined }
  const sound: Record<string, Parameters<typeof start>> = {
    'the session cookie is SameSite=Lax': [{ session: { cookie: { sameSite: 'lax', secure: false } } }],
    'the session cookie is SameSite=Strict, but the state has its own cookie': [
      { ...strict, res },
      { store },
    ],
    'the session cookie is SameSite=Strict, but there is no state': [strict, { state: false }],
    'the session cookie is Secure on https': [{ ...secure, secure: true }],
    'the session cookie is Secure and came with the request': [
      { ...secure, headers: { cookie: 'connect.sid=s%3ASESSION-ID.x' } },
    ],
    'the session cookie is Secure, and a proxy reports https to a session that may trust it': [
      { ...secure, ...behindProxy },
    ],
    'a proxy reports https, and callbackURL is absolute': [behindProxy],
    'a proxy reports https and is trusted by the strategy': [behindProxy, { ...relative, proxy: true }],
    'a proxy reports https and is trusted by the framework': [{ ...behindProxy, secure: true }, relative],
    'a proxy reports http': [{ headers: { 'x-forwarded-proto': 'http' } }, relative],
  }
  for (const [title, given] of Object.entries(sound)) {
    it(`causes no warning if ${title}`, async () => {
      expect((await start(...given)).map(([level]) => level)).to.deep.equal(['debug'])
    })
  }

  // The process is warned once, so each mistake may occur in one test only.
  it('warns a process without a logger of a mistake that no login survives', async () => {
    const warning = once(process, 'warning') as Promise<[Error]>
    await begin(mpStrategy(), strict)
    const [{ name, message }] = await warning
    expect(name).to.equal('PassportWechatWarning')
    expect(message).to.match(/^This login with WeChat will fail\. The session cookie is SameSite=Strict/)
    expect((await start(strict)).map(([level]) => level)).to.deep.equal(['debug'])
  })

  it('warns the logger once of an http address behind a proxy, even if it was silent without a logger', async () => {
    await begin(mpStrategy(undefined, relative), behindProxy)
    const [[level, message, facts] = []] = await start(behindProxy, relative)
    expect(level).to.equal('warn')
    expect(message).to.match(/^WeChat gets an http address for the callback.*trust proxy/)
    expect(facts).to.deep.equal({ cause: 'http-callback', mode: 'mp' })
    expect((await start(behindProxy, relative)).map(([one]) => one)).to.deep.equal(['debug'])
  })
})
