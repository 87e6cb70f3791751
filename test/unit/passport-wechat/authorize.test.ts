import { WechatStrategy, type WechatAuthenticateOptions } from '@wechat-auth/passport-wechat'
import { WechatError } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import type { Request } from 'express'
import OAuth2Strategy from 'passport-oauth2'
import { action, authenticate, requestOf, type RequestParts } from '../../helpers/authenticate.js'
import { FakeWechat } from '../../helpers/fake-wechat.js'
import { rejection } from '../../helpers/rejection.js'
import { apps, appsStrategy, callbackURL, mpStrategy } from '../../helpers/strategies.js'
import { appId, appSecret, code } from '../../helpers/wechat-replies.js'

const inWechat =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.50(0x1800323d) NetType/WIFI Language/zh_CN'
const userAgents: [string, string, 'mp' | 'website'][] = [
  ['WeChat on an iPhone', inWechat, 'mp'],
  [
    'WeChat on Windows',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/122.0 Safari/537.36 NetType/WIFI MicroMessenger/7.0.20.1781(0x6700143B) WindowsWechat(0x63090a13) XWEB/9129',
    'mp',
  ],
  [
    'WeChat on a Mac',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) MicroMessenger/6.8.0(0x16080000) MacWechat/3.8.7(0x13080710) Flue',
    'mp',
  ],
  ['the web view of a mini-program', `${inWechat} miniProgram/wx0000000000000000`, 'mp'],
  ['WeCom on a phone', `${inWechat} wxwork/4.1.22`, 'website'],
  [
    'WeCom on Windows',
    'Mozilla/5.0 (Windows NT 10.0) Chrome/78 Safari/537.36 wxwork/4.1.10 (MicroMessenger/6.2) WindowsWechat',
    'website',
  ],
  ['Chrome', 'Mozilla/5.0 (X11; Linux x64) Chrome/140.0 Safari/537.36', 'website'],
]

const start = async (
  strategy: WechatStrategy,
  options?: WechatAuthenticateOptions,
  parts: RequestParts = {},
) =>
  new URL(
    (await action('redirect', authenticate(strategy, requestOf({ session: {}, ...parts }), options))).url,
  )

const pathOf = { mp: '/connect/oauth2/authorize', website: '/connect/qrconnect' }

describe('the redirect to WeChat', () => {
  it("has the parameters in WeChat's order and #wechat_redirect at the end", async () => {
    const { url } = await action('redirect', authenticate(mpStrategy(), requestOf({ session: {} })))
    const state = new URL(url).searchParams.get('state') ?? ''
    expect(url).to.equal(
      `https://open.weixin.qq.com/connect/oauth2/authorize?appid=${appId}&redirect_uri=${encodeURIComponent(callbackURL)}` +
        `&response_type=code&scope=snsapi_userinfo&state=${state}#wechat_redirect`,
    )
  })

  it('has a new state of at most 128 letters and digits for each login', async () => {
    const strategy = mpStrategy()
    const states = await Promise.all(
      Array.from({ length: 20 }, async () => (await start(strategy)).searchParams.get('state') ?? ''),
    )
    expect(new Set(states).size).to.equal(20)
    for (const state of states) expect(state).to.match(/^[a-zA-Z0-9]{32,128}$/)
  })

  it("leads a website's users to the QR code, with the website's scope regardless of the top-level scope", async () => {
    const strategy = new WechatStrategy({ apps, callbackURL, scope: 'snsapi_base' }, () => undefined)
    const url = await start(strategy)
    expect(url.pathname).to.equal('/connect/qrconnect')
    expect(url.searchParams.get('scope')).to.equal('snsapi_login')
  })

  for (const [title, userAgent, mode] of userAgents) {
    it(`uses the ${mode} app for ${title}`, async () => {
      const url = await start(appsStrategy(), {}, { headers: { 'user-agent': userAgent } })
      expect(url.pathname).to.equal(pathOf[mode])
      expect(url.searchParams.get('appid')).to.equal(apps[mode].appId)
    })
  }

  it('uses the website for a request without User-Agent', async () => {
    expect((await start(appsStrategy())).pathname).to.equal(pathOf.website)
  })

  it('uses the only app that has a page, regardless of the User-Agent', async () => {
    const { mp, website, miniprogram } = apps
    expect((await start(appsStrategy(undefined, { apps: { mp, miniprogram } }))).pathname).to.equal(pathOf.mp)
    const headers = { 'user-agent': inWechat }
    expect(
      (await start(appsStrategy(undefined, { apps: { website, miniprogram } }), {}, { headers })).pathname,
    ).to.equal(pathOf.website)
  })

  it('prefers the mode of the call to the User-Agent', async () => {
    expect((await start(appsStrategy(), { mode: 'mp' })).pathname).to.equal(pathOf.mp)
  })

  it('is an error if the call asks for a mode without an app', async () => {
    const { error } = await action(
      'error',
      authenticate(mpStrategy(), requestOf({ session: {} }), { mode: 'website' }),
    )
    expect(error).to.be.instanceOf(WechatError).with.property('code', 'ERR_WECHAT_CONFIG')
  })

  it('takes scope, callbackURL and page parameters from the call', async () => {
    const url = await start(mpStrategy(), {
      scope: ['snsapi_base', 'snsapi_userinfo'],
      callbackURL: 'https://other.example/cb',
      forcePopup: true,
      forceSnapShot: false,
    })
    expect([...url.searchParams].filter(([name]) => name !== 'state')).to.deep.equal([
      ['appid', appId],
      ['redirect_uri', 'https://other.example/cb'],
      ['response_type', 'code'],
      ['scope', 'snsapi_base,snsapi_userinfo'],
      ['forcePopup', 'true'],
      ['forceSnapShot', 'false'],
    ])
  })

  it('takes the parameters of the QR page from the call', async () => {
    const url = await start(appsStrategy(), {
      mode: 'website',
      lang: 'en',
      style: 'white',
      href: 'https://shop.example/qr.css',
      self_redirect: true,
      stylelite: 1,
      fast_login: 0,
    })
    expect([...url.searchParams].slice(5)).to.deep.equal([
      ['lang', 'en'],
      ['style', 'white'],
      ['href', 'https://shop.example/qr.css'],
      ['self_redirect', 'true'],
      ['stylelite', '1'],
      ['fast_login', '0'],
    ])
  })

  it("does not send the official account's scopes to the website's page", async () => {
    expect((await start(appsStrategy(), { scope: 'snsapi_base' })).searchParams.get('scope')).to.equal(
      'snsapi_login',
    )
    expect(
      (await start(appsStrategy(), { mode: 'mp', scope: 'snsapi_base' })).searchParams.get('scope'),
    ).to.equal('snsapi_base')
  })

  it("does not send the website's scope to the official account's page", async () => {
    for (const scope of ['snsapi_login', ['snsapi_base', 'snsapi_login']]) {
      expect((await start(appsStrategy(), { mode: 'website', scope })).searchParams.get('scope')).to.equal(
        'snsapi_login',
      )
    }
    expect(
      (await start(appsStrategy(), { mode: 'mp', scope: 'snsapi_login' })).searchParams.get('scope'),
    ).to.equal('snsapi_userinfo')
    expect(
      (await start(appsStrategy(), { mode: 'mp', scope: ['snsapi_base', 'snsapi_login'] })).searchParams.get(
        'scope',
      ),
    ).to.equal('snsapi_base')
  })

  it('is an error if a strategy with one page is asked for a scope of the other page only', async () => {
    const { website, miniprogram } = apps
    const strategies: [WechatStrategy, string, string][] = [
      [mpStrategy(), 'snsapi_login', 'belongs to mode website. For mp write snsapi_userinfo or snsapi_base'],
      [
        appsStrategy(undefined, { apps: { website, miniprogram } }),
        'snsapi_base',
        'belongs to mode mp. For website write snsapi_login',
      ],
    ]
    for (const [strategy, scope, message] of strategies) {
      const { error } = await action('error', authenticate(strategy, requestOf({ session: {} }), { scope }))
      expect(error).to.be.instanceOf(TypeError)
      expect(error).to.have.property('message', `WechatStrategy: scope ${scope} ${message}`)
    }
    const url = await start(mpStrategy(), { scope: ['snsapi_login', 'snsapi_base'] })
    expect(url.searchParams.get('scope')).to.equal('snsapi_base')
  })

  it('separates scopes with commas, in whatever form they were passed', async () => {
    const both = 'snsapi_base,snsapi_userinfo'
    for (const scope of [both.replace(',', ', '), both.replace(',', ' '), both.split(',')]) {
      const urls = [await start(mpStrategy(), { scope }), await start(mpStrategy(undefined, { scope }))]
      for (const url of urls) expect(url.searchParams.get('scope')).to.equal(both)
    }
  })

  it('prefers scope and callbackURL of the app to those of the strategy', async () => {
    const strategy = appsStrategy(undefined, {
      apps: {
        mp: { ...apps.mp, scope: 'snsapi_base', callbackURL: 'https://mp.example/cb' },
        website: apps.website,
      },
    })
    const mp = await start(strategy, { mode: 'mp' })
    expect(mp.searchParams.get('scope')).to.equal('snsapi_base')
    expect(mp.searchParams.get('redirect_uri')).to.equal('https://mp.example/cb')
    expect((await start(strategy)).searchParams.get('redirect_uri')).to.equal(callbackURL)
  })

  it("never sends the state of the call, which is the application's", async () => {
    const url = await start(mpStrategy(), { state: 'my-secret-thing' })
    expect(url.href).not.to.contain('my-secret-thing')
  })

  it('sends the state of the call unchanged with `state: false`, or an empty one', async () => {
    const strategy = mpStrategy(undefined, { state: false })
    expect(
      (await start(strategy, { state: 'verbatim_1' }, { session: undefined })).searchParams.get('state'),
    ).to.equal('verbatim_1')
    expect((await start(strategy, {}, { session: undefined })).searchParams.get('state')).to.equal('')
  })

  it('is an error with `state: false` and a state that is not a string', async () => {
    const { error } = await action(
      'error',
      authenticate(mpStrategy(undefined, { state: false }), requestOf(), { state: { a: 1 } }),
    )
    expect(error).to.be.instanceOf(TypeError)
  })

  const bad: [string, unknown][] = [
    ['mode', { mode: 'web' }],
    ['scope', { scope: '' }],
    ['lang', { lang: 'fr' }],
    ['callbackURL', { callbackURL: 'ftp://x/' }],
    ['callbackURL', { callbackURL: '/cb ' }],
    ['callbackUrl', { callbackUrl: 'https://shop.example/cb' }],
    ['client', { client: 'web' }],
    ['state', { state: () => 1 }],
    ['state', { state: 1n }],
  ]
  for (const [name, options] of bad) {
    it(`is a TypeError that names ${name} if the call passes a bad one`, async () => {
      const { error } = await action(
        'error',
        authenticate(mpStrategy(), requestOf({ session: {} }), options as WechatAuthenticateOptions),
      )
      expect(error).to.be.instanceOf(TypeError).with.property('message').that.contains(name)
    })
  }

  it('does not change the options of the call', async () => {
    const options = Object.freeze({
      scope: Object.freeze(['snsapi_base']) as string[],
      state: Object.freeze({ a: 1 }),
    })
    await start(mpStrategy(), options)
    await start(mpStrategy(), options)
    expect(options).to.deep.equal({ scope: ['snsapi_base'], state: { a: 1 } })
  })
})

describe('a relative callbackURL', () => {
  const redirectUri = async (parts: RequestParts, options: { proxy?: boolean; callbackURL?: string } = {}) =>
    (await start(mpStrategy(undefined, { callbackURL: '/cb', ...options }), {}, parts)).searchParams.get(
      'redirect_uri',
    )
  const host = 'shop.example:8080'

  it('is resolved against the request', async () => {
    expect(await redirectUri({ headers: { host } })).to.equal('http://shop.example:8080/cb')
    expect(await redirectUri({ headers: { host }, socket: { encrypted: true } })).to.equal(
      'https://shop.example:8080/cb',
    )
  })

  it('is resolved against the original URL, which a router may have shortened', async () => {
    expect(
      await redirectUri(
        { headers: { host }, url: '/wechat', originalUrl: '/auth/wechat' },
        { callbackURL: 'wechat/callback' },
      ),
    ).to.equal('http://shop.example:8080/auth/wechat/callback')
  })

  it('ignores X-Forwarded headers unless proxy is true', async () => {
    const headers = { host, 'x-forwarded-proto': 'https', 'x-forwarded-host': 'real.example, inner.example' }
    expect(await redirectUri({ headers })).to.equal('http://shop.example:8080/cb')
    expect(await redirectUri({ headers }, { proxy: true })).to.equal('https://real.example/cb')
  })

  it('works with a request of Fastify, which has no connection', async () => {
    expect(
      await redirectUri({
        headers: { host },
        protocol: 'https',
        host: 'fast.example:3000',
        hostname: 'fast.example',
      }),
    ).to.equal('https://fast.example:3000/cb')
  })

  it('works with a request of koa-passport, whose host does not know whether Koa trusts the proxy', async () => {
    const app = { get: () => undefined }
    expect(
      await redirectUri({ headers: { host }, app, host, protocol: 'https', ctx: { host: 'shop.example' } }),
    ).to.equal('https://shop.example/cb')
  })

  it('is an error for a request without a Host, or with one that is not a host', async () => {
    for (const headers of [{}, { host: 'a@b' }, { host: 'a/b' }, { host: 'a b' }]) {
      const { error } = await action(
        'error',
        authenticate(
          mpStrategy(undefined, { callbackURL: '/cb' }),
          requestOf({ session: {}, headers: headers }),
        ),
      )
      expect(error).to.be.instanceOf(WechatError).with.property('code', 'ERR_WECHAT_CONFIG')
    }
  })
})

describe('a callbackURL of null', () => {
  it('requires each call to pass its own', async () => {
    const strategy = mpStrategy(undefined, { callbackURL: null })
    expect(
      (await start(strategy, { callbackURL: 'https://a.example/cb' })).searchParams.get('redirect_uri'),
    ).to.equal('https://a.example/cb')
    const { error } = await action('error', authenticate(strategy, requestOf({ session: {} })))
    expect(error).to.be.instanceOf(WechatError).with.property('code', 'ERR_WECHAT_CONFIG')
  })
})

describe('the query of a request', () => {
  it('is read once in each step, because Express parses it each time', async () => {
    const strategy = mpStrategy(new FakeWechat())
    const session = {}
    const { state } = await strategy.getAuthorization(requestOf({ session }))
    for (const [query, outcome] of [
      [{}, 'redirect'],
      [{ code, state }, 'success'],
    ] as const) {
      let times = 0
      const req = Object.defineProperty(requestOf({ session }), 'query', {
        get: () => {
          times += 1
          return query
        },
      })
      await action(outcome, authenticate(strategy, req))
      expect(times).to.equal(1)
    }
  })
})

describe('isCallback', () => {
  it('replaces the check for `code` and `state` in the query', async () => {
    const strategy = mpStrategy(undefined, { isCallback: (req: Request) => req.url.startsWith('/callback') })
    const parts = { session: {}, query: { state: 'utm' } }
    expect((await authenticate(strategy, requestOf(parts))).action).to.equal('redirect')
    const { status } = await action(
      'fail',
      authenticate(strategy, requestOf({ ...parts, query: {}, url: '/callback' })),
    )
    expect(status).to.equal(403)
  })

  it('is an error when it throws', async () => {
    const failure = new Error('isCallback is broken')
    const strategy = mpStrategy(undefined, {
      isCallback: () => {
        throw failure
      },
    })
    expect(await authenticate(strategy, requestOf({ session: {} }))).to.deep.equal({
      action: 'error',
      error: failure,
    })
  })

  it('may answer later, fail later, or never answer', async () => {
    const decide = (isCallback: () => unknown) =>
      mpStrategy(undefined, { timeout: 30, isCallback: isCallback as () => boolean })
    const failure = new Error('isCallback is broken')
    expect(
      (
        await authenticate(
          decide(async () => false),
          requestOf({ session: {}, query: { state: 'utm' } }),
        )
      ).action,
    ).to.equal('redirect')
    expect(
      await authenticate(
        decide(async () => {
          throw failure
        }),
        requestOf({ session: {} }),
      ),
    ).to.deep.equal({ action: 'error', error: failure })
    const { error } = await action(
      'error',
      authenticate(
        decide(() => new Promise(() => {})),
        requestOf({ session: {} }),
      ),
    )
    expect(error).to.be.instanceOf(WechatError).with.property('code', 'ERR_WECHAT_CONFIG')
  })
})

describe('getAuthorization', () => {
  it('returns the parts of the address and keeps the state for the callback', async () => {
    const session: Record<string, unknown> = {}
    const authorization = await appsStrategy().getAuthorization(requestOf({ session }), { mode: 'website' })
    expect(authorization).to.deep.equal({
      url: authorization.url,
      appid: apps.website.appId,
      redirect_uri: callbackURL,
      scope: 'snsapi_login',
      state: authorization.state,
    })
    expect(new URL(authorization.url).searchParams.get('state')).to.equal(authorization.state)
    expect(session[`wechat:${apps.website.appId}`])
      .to.be.an('array')
      .with.nested.property('[0].state', authorization.state)
  })

  it('is a TypeError for a mini-program', async () => {
    await rejection(
      appsStrategy().getAuthorization(requestOf({ session: {} }), { mode: 'miniprogram' }),
      TypeError,
    )
  })

  it('rejects without a session', async () => {
    const error = await rejection(mpStrategy().getAuthorization(requestOf()), WechatError)
    expect(error.code).to.equal('ERR_WECHAT_STATE_STORE')
  })
})

describe('the class', () => {
  it('is an OAuth2Strategy', () => {
    expect(mpStrategy()).to.be.instanceOf(OAuth2Strategy)
    expect(mpStrategy()).to.be.instanceOf(WechatStrategy)
  })

  it('returns its client if there is exactly one', () => {
    expect(mpStrategy().oauth().appId).to.equal(appId)
    expect(mpStrategy().oauth('mp').appId).to.equal(appId)
    expect(() => mpStrategy().oauth('website')).to.throw(TypeError, 'website')
    expect(appsStrategy().oauth('miniprogram').appId).to.equal(apps.miniprogram.appId)
    expect(() => appsStrategy().oauth()).to.throw(TypeError, 'several')
    expect(() => mpStrategy(undefined, { appSecret: () => appSecret }).oauth()).to.throw(
      TypeError,
      'oauthFor',
    )
  })

  it('returns the client for a request', async () => {
    const strategy = appsStrategy()
    expect((await strategy.oauthFor(requestOf())).appId).to.equal(apps.website.appId)
    expect((await strategy.oauthFor(requestOf({ headers: { 'user-agent': inWechat } }))).appId).to.equal(
      apps.mp.appId,
    )
    expect((await strategy.oauthFor(requestOf(), 'miniprogram')).appId).to.equal(apps.miniprogram.appId)
    expect(await strategy.oauthFor(requestOf(), 'mp')).to.equal(strategy.oauth('mp'))
  })
})
