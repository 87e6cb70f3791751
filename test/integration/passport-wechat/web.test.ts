import { WechatStrategy } from '@wechat-auth/passport-wechat'
import {
  WechatLogin,
  type WechatLoginOptions,
  type WechatLoginResult,
} from '@wechat-auth/passport-wechat/web'
import { WechatError } from '@wechat-auth/wechat-oauth'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { expect } from 'chai'
import { inspect } from 'node:util'
import { optionsFor } from '../../../examples/shared/framework.js'
import { rejection } from '../../helpers/rejection.js'

const site = 'https://shop.example.com'
const callbackURL = `${site}/auth/wechat/callback`
const cookie = { secret: 'a secret that has more than 32 bytes' }
const inWechat = { 'user-agent': 'Mozilla/5.0 MicroMessenger/8.0.50' }

/** The cookies of one browser. */
class Cookies {
  readonly #values = new Map<string, string>()
  readonly attributes: string[] = []

  keep(headers: Headers): void {
    for (const line of headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split('; ')
      const [name = ''] = pair.split('=')
      if (attributes.includes('Max-Age=0')) this.#values.delete(name)
      else this.#values.set(name, pair)
      this.attributes.push(...attributes)
    }
  }

  request(url: string, init: RequestInit = {}): Request {
    const headers = new Headers(init.headers)
    headers.set('cookie', [...this.#values.values()].join('; '))
    return new Request(url, { ...init, headers })
  }
}

describe('WechatLogin', () => {
  let sandbox: Sandbox
  let login: WechatLogin
  let cookies: Cookies

  before(async () => {
    sandbox = await startSandbox()
  })
  beforeEach(() => {
    sandbox.reset()
    login = new WechatLogin(options())
    cookies = new Cookies()
  })
  after(() => sandbox.close())

  const apps = () => optionsFor(sandbox).apps
  const options = (others: Partial<WechatLoginOptions> = {}) =>
    ({ apps: apps(), callbackURL, cookie, endpoints: sandbox.url, ...others }) as WechatLoginOptions

  async function start(
    call: Parameters<WechatLogin['handle']>[1] = {},
    headers: HeadersInit = inWechat,
  ): Promise<URL> {
    const result = await login.handle(cookies.request(`${site}/auth/wechat`, { headers }), call)
    if (result.action !== 'redirect') throw new Error(`Expected a redirect, not ${result.action}`)
    expect(result.response.status).to.equal(302)
    cookies.keep(result.response.headers)
    return new URL(result.response.headers.get('location')!)
  }

  async function comeBack(
    page: URL,
    { code, state }: { code?: string; state?: string } = {},
  ): Promise<Exclude<WechatLoginResult, { action: 'redirect' }>> {
    const appId = page.searchParams.get('appid')!
    const query = new URLSearchParams({
      code: code ?? sandbox.issueCode({ appId, user: 'alice' }),
      state: state ?? page.searchParams.get('state')!,
    })
    const result = await login.handle(cookies.request(`${callbackURL}?${query.toString()}`))
    if (result.action === 'redirect') throw new Error('Expected no redirect')
    cookies.keep(result.headers)
    return result
  }

  const post = (body: string, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
    new Request(`${site}/auth/wechat/miniprogram`, { method: 'POST', body, headers })
  const wxLogin = () =>
    JSON.stringify({ code: sandbox.wxLogin({ appId: apps().miniprogram.appId, user: 'alice' }) })

  describe('in a browser', () => {
    it('redirects to the page that works in this browser', async () => {
      expect((await start()).pathname).to.equal('/connect/oauth2/authorize')
      expect((await start({}, {})).pathname).to.equal('/connect/qrconnect')
    })

    it('logs the user in, and returns what WeChat says and the application’s state', async () => {
      const result = await comeBack(await start({ mode: 'website', state: { page: '/cart' } }))
      const ids = sandbox.idsOf({ appId: apps().website.appId, user: 'alice' })

      expect(result.action).to.equal('success')
      expect(result).to.have.nested.property('profile.displayName', '爱丽丝')
      expect(result).to.have.nested.property('profile.id', ids.openid)
      expect(result.info).to.deep.equal({
        state: { page: '/cart' },
        appId: apps().website.appId,
        mode: 'website',
        ...ids,
      })
      expect(result).to.have.property('accessToken').that.is.a('string')
      expect(result).to.have.property('refreshToken').that.is.a('string')
      expect(result).to.have.nested.property('params.openid', ids.openid)
      expect(result).not.to.have.nested.property('params.refresh_token')
    })

    it('keeps the state in a Secure cookie that scripts cannot read', async () => {
      await start()
      expect(cookies.attributes).to.include.members(['Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax'])
    })

    it('finishes the logins of two tabs', async () => {
      const [first, second] = [await start(), await start()]
      expect((await comeBack(first)).action).to.equal('success')
      expect((await comeBack(second)).action).to.equal('success')
    })

    it('gives both of two equal callbacks the login, from one exchange of the code', async () => {
      const page = await start()
      const query = { code: sandbox.issueCode({ appId: apps().mp.appId, user: 'alice' }) }
      const both = await Promise.all([comeBack(page, query), comeBack(page, query)])

      expect(both.map(({ action }) => action)).to.deep.equal(['success', 'success'])
      expect(sandbox.count('/sns/oauth2/access_token')).to.equal(1)
    })

    it('is a 401 with ERR_WECHAT_DENIED if the user refuses', async () => {
      const result = await comeBack(await start(), { code: 'authdeny' })
      expect(result).to.deep.include({ action: 'fail', status: 401 })
      expect(result.info).to.include({ code: 'ERR_WECHAT_DENIED' })
    })

    it('is a 403 with ERR_WECHAT_STATE for a forged state, and for another browser', async () => {
      const page = await start()
      const forged = await comeBack(page, { state: 'forged' })
      cookies = new Cookies()
      const elsewhere = await comeBack(page)

      for (const result of [forged, elsewhere]) {
        expect(result).to.deep.include({ action: 'fail', status: 403 })
        expect(result.info).to.include({ code: 'ERR_WECHAT_STATE', reason: 'unknown' })
      }
    })

    it('answers with its result: it has the status and the headers of a response', async () => {
      const result = await comeBack(await start(), { code: 'authdeny' })
      const response = Response.json(result.info, result)

      expect(response.status).to.equal(401)
      expect(response.headers.getSetCookie()).to.have.lengthOf(1)
      expect(await response.json()).to.include({ code: 'ERR_WECHAT_DENIED' })
    })

    it('rejects with a typed error if WeChat is busy', async () => {
      const page = await start()
      sandbox.fail('/sns/oauth2/access_token', { errcode: -1 })
      expect(await rejection(comeBack(page))).to.include({ code: 'ERR_WECHAT_API', status: 503 })
    })

    it('sends no second code for a state after an error, if the answer has the headers of the error', async () => {
      const page = await start()
      sandbox.fail('/sns/oauth2/access_token', { errcode: -1 })
      const error = await rejection(comeBack(page, { code: 'first' }))
      cookies.keep(login.headersOf(error))
      const asked = sandbox.count('/sns/oauth2/access_token')

      const result = await comeBack(page, { code: 'second' })
      expect(result.info).to.include({ code: 'ERR_WECHAT_STATE' })
      expect(sandbox.count('/sns/oauth2/access_token')).to.equal(asked)
      expect([...login.headersOf(new Error('another')), ...login.headersOf(undefined)]).to.deep.equal([])
    })

    it('starts a login without a redirect', async () => {
      const { authorization, headers } = await login.getAuthorization(cookies.request(`${site}/`), {
        mode: 'website',
      })
      cookies.keep(headers)
      expect(authorization).to.include({ appid: apps().website.appId, redirect_uri: callbackURL })
      expect((await comeBack(new URL(authorization.url))).action).to.equal('success')
    })

    it('makes a relative callbackURL absolute with the Host header, or with a proxy’s if that is trusted', async () => {
      const headers = {
        ...inWechat,
        host: 'shop.example.com',
        'x-forwarded-host': 'proxied.example.com',
        'x-forwarded-proto': 'https',
      }
      const redirectOf = async (proxy: boolean) => {
        login = new WechatLogin(options({ callbackURL: '/back', proxy }))
        const request = new Request('http://localhost:3000/auth/wechat', { headers })
        const result = await login.handle(request)
        return result.action === 'redirect'
          ? new URL(result.response.headers.get('location')!).searchParams.get('redirect_uri')
          : result.action
      }
      expect(await redirectOf(false)).to.equal('http://shop.example.com/back')
      expect(await redirectOf(true)).to.equal('https://proxied.example.com/back')
    })

    it('gives functions for appId and appSecret the request', async () => {
      const seen: unknown[] = []
      login = new WechatLogin({
        callbackURL,
        cookie,
        endpoints: sandbox.url,
        appId: (request) => {
          seen.push(request)
          return apps().mp.appId
        },
        appSecret: (request) => Promise.resolve(request.headers.get('user-agent') ? apps().mp.appSecret : ''),
      })
      const request = new Request(`${site}/auth/wechat`, { headers: inWechat })
      expect((await login.handle(request)).action).to.equal('redirect')
      expect(seen).to.deep.equal([request])
      expect((await login.oauthFor(request)).appId).to.equal(apps().mp.appId)
    })
  })

  describe('for a mini-program', () => {
    const miniprogram = { mode: 'miniprogram' } as const

    it('logs in with a JSON body, and returns no session_key', async () => {
      const result = await login.handle(post(wxLogin()), miniprogram)
      const ids = sandbox.idsOf({ appId: apps().miniprogram.appId, user: 'alice' })

      expect(result).to.deep.include({ action: 'success', accessToken: undefined, params: ids })
      expect(inspect(result, { depth: 9 })).not.to.contain('session_key')
    })

    it('needs no cookie option if it is the only mode', async () => {
      login = new WechatLogin({ ...apps().miniprogram, ...miniprogram, endpoints: sandbox.url })
      expect((await login.handle(post(wxLogin()))).action).to.equal('success')
    })

    const refused: [string, () => Request, RegExp][] = [
      [
        'a form',
        () => post('code=1', { 'content-type': 'application/x-www-form-urlencoded' }),
        /application\/json/,
      ],
      ['text that is not JSON', () => post('{"code":'), /not JSON/],
      ['no body', () => post(''), /not JSON/],
      ['JSON without a code', () => post('{}'), /code/],
      ['an array', () => post('[]'), /JSON object/],
      [
        'a body of more than 100 KB',
        () => post(JSON.stringify({ code: 'x'.repeat(200_000) })),
        /longer than 100 KB/,
      ],
    ]
    for (const [body, request, message] of refused) {
      it(`is a 400 with ERR_WECHAT_REQUEST for ${body}`, async () => {
        const result = await login.handle(request(), miniprogram)
        expect(result).to.deep.include({ action: 'fail', status: 400 })
        expect(result).to.have.nested.property('info.code', 'ERR_WECHAT_REQUEST')
        expect(result).to.have.nested.property('info.message').that.matches(message)
      })
    }

    it('stops reading a body that does not end', async () => {
      let isCancelled = false
      const body = new ReadableStream({
        pull: (controller) => controller.enqueue(new TextEncoder().encode(' '.repeat(64 * 1024))),
        cancel: () => {
          isCancelled = true
        },
      })
      const init = { method: 'POST', body, duplex: 'half', headers: { 'content-type': 'application/json' } }
      const result = await login.handle(new Request(`${site}/`, init), miniprogram)

      expect(result).to.have.nested.property('info.code', 'ERR_WECHAT_REQUEST')
      expect(isCancelled).to.equal(true)
    })

    it('does not wait longer than `timeout` for a body', async () => {
      login = new WechatLogin(options({ timeout: 50 }))
      let cancel = (): void => {}
      const cancelled = new Promise<void>((resolve) => {
        cancel = resolve
      })
      const body = new ReadableStream({ cancel })
      const init = { method: 'POST', body, duplex: 'half', headers: { 'content-type': 'application/json' } }
      const result = await login.handle(new Request(`${site}/`, init), miniprogram)

      expect(result).to.have.nested.property('info.message', 'The body did not arrive within 50 ms')
      await cancelled
    })

    it('says so if the application has read the body', async () => {
      const request = post(wxLogin())
      await request.text()
      const error = await rejection(login.handle(request, miniprogram))
      expect(error).to.be.instanceOf(WechatError).and.to.include({ code: 'ERR_WECHAT_CONFIG' })
      expect(error).to.have.property('message').that.contains('request.clone()')
    })
  })

  describe('refuses', () => {
    const wrong: [string, object, RegExp][] = [
      [
        'a missing cookie option',
        { cookie: undefined },
        /^WechatLogin: cookie must be an object with a secret/,
      ],
      ['a short secret', { cookie: { secret: 'short' } }, /secret must be a string of at least 32 bytes/],
      ['a missing callbackURL', { callbackURL: undefined }, /^WechatLogin: callbackURL is required/],
      ['a state store', { store: {} }, /^WechatLogin: store is not an option.*cookie/],
      ['state: false', { state: false }, /^WechatLogin: state is not an option. The state is always checked/],
      ['setCookie', { cookie: { ...cookie, setCookie: () => {} } }, /^WechatLogin: cookie.setCookie is not/],
      ['verify', { verify: () => {} }, /^WechatLogin: verify is not an option. handle returns the user/],
      ['the name of another package', { callbackUrl: callbackURL }, /^WechatLogin: .*callbackURL/],
    ]
    for (const [what, others, message] of wrong) {
      it(`${what}, and names the option`, () => {
        expect(() => new WechatLogin(options(others))).to.throw(TypeError, message)
      })
    }

    it('a request that is not a web Request, and a wrong option of a call', async () => {
      const express = { url: '/auth/wechat', headers: {} } as unknown as Request
      expect(await rejection(login.handle(express))).to.be.instanceOf(TypeError)
      const error = await rejection(login.handle(cookies.request(site), { mode: 'web' as never }))
      expect(error).to.be.instanceOf(TypeError)
      expect(error)
        .to.have.property('message')
        .that.matches(/^WechatLogin: mode/)
    })
  })

  it('is what WechatStrategy names for a web Request', async () => {
    const strategy = new WechatStrategy({ ...apps().mp, callbackURL }, () => {})
    const error = await rejection(strategy.getAuthorization(new Request(site)))
    expect(error).to.have.property('message').that.contains('Use WechatLogin')
  })

  it('shows no secret when it is inspected', () => {
    const shown = inspect(login, { depth: 9, showHidden: true })
    expect(shown).not.to.contain(apps().mp.appSecret).and.not.to.contain(cookie.secret)
  })
})
