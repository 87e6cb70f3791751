import { WechatStrategy, type WechatOneAppOptions } from '@wechat-auth/passport-wechat'
import { MemoryTokenStore, WechatError, type WechatToken } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import type { Request } from 'express'
import { action, authenticate, requestOf } from '../../helpers/authenticate.js'
import { FakeWechat } from '../../helpers/fake-wechat.js'
import { rejection } from '../../helpers/rejection.js'
import { apps, appsStrategy, callbackURL, mpStrategy } from '../../helpers/strategies.js'
import { code, openid, sessionReply } from '../../helpers/wechat-replies.js'

const tenantOf = (req: Request) => req.headers.host?.split('.')[0] ?? ''
const tenants = {
  appId: (req: Request) => `wx-${tenantOf(req)}`,
  appSecret: async (req: Request) => `secret-of-${tenantOf(req)}`,
}
const at = (host: string) => ({ headers: { host: `${host}.example` } })

describe('an app that depends on the request', () => {
  it('is resolved in both steps', async () => {
    const wechat = new FakeWechat()
    const strategy = mpStrategy(wechat, tenants)
    const session = {}
    const { appid, state } = await strategy.getAuthorization(requestOf({ session, ...at('red') }))
    expect(appid).to.equal('wx-red')
    const { info } = await action(
      'success',
      authenticate(strategy, requestOf({ session, ...at('red'), query: { code, state } })),
    )
    expect(info).to.have.property('appId', 'wx-red')
    const sent = wechat.requests[0]?.searchParams
    expect([sent?.get('appid'), sent?.get('secret')]).to.deep.equal(['wx-red', 'secret-of-red'])
  })

  it("refuses the callback of another tenant's login", async () => {
    const wechat = new FakeWechat()
    const strategy = mpStrategy(wechat, tenants)
    const session = {}
    const { state } = await strategy.getAuthorization(requestOf({ session, ...at('red') }))
    const { status, info } = await action(
      'fail',
      authenticate(strategy, requestOf({ session, ...at('blue'), query: { code, state } })),
    )
    expect(status).to.equal(403)
    expect(info).to.include({ code: 'ERR_WECHAT_STATE', reason: 'app' }).and.not.have.property('hint')
    expect(wechat.requests).to.deep.equal([])
  })

  it('has its appId resolved once for each request', async () => {
    let calls = 0
    const strategy = mpStrategy(undefined, { ...tenants, appId: () => `wx-${++calls}` })
    await strategy.getAuthorization(requestOf({ session: {} }))
    expect(calls).to.equal(1)
  })

  it('has one client for each pair of appId and appSecret, and at most 100 clients', async () => {
    const strategy = mpStrategy(undefined, tenants)
    const first = await strategy.oauthFor(requestOf(at('t0')))
    expect(await strategy.oauthFor(requestOf(at('t0')))).to.equal(first)
    for (let i = 1; i < 100; i++) await strategy.oauthFor(requestOf(at(`t${i}`)))
    expect(await strategy.oauthFor(requestOf(at('t0')))).to.equal(first)
    await strategy.oauthFor(requestOf(at('t100')))
    await strategy.oauthFor(requestOf(at('t101')))
    expect(await strategy.oauthFor(requestOf(at('t0')))).to.equal(first)
    const second = await strategy.oauthFor(requestOf(at('t1')))
    for (let i = 200; i < 300; i++) await strategy.oauthFor(requestOf(at(`t${i}`)))
    expect(await strategy.oauthFor(requestOf(at('t1')))).not.to.equal(second)
    expect(second.appId).to.equal('wx-t1')
  })

  it('gets another client after its secret changes', async () => {
    let appSecret = 'old'
    const strategy = mpStrategy(undefined, { appId: 'wxa', appSecret: () => appSecret })
    const client = await strategy.oauthFor(requestOf())
    appSecret = 'new'
    expect(await strategy.oauthFor(requestOf())).not.to.equal(client)
  })

  const failure = new Error('no such tenant')
  const broken: [string, WechatOneAppOptions['appId'], (error: unknown) => void][] = [
    [
      'throws',
      () => {
        throw failure
      },
      (error) => expect(error).to.equal(failure),
    ],
    ['rejects', () => Promise.reject(failure), (error) => expect(error).to.equal(failure)],
    [
      'returns nothing',
      () => undefined as unknown as string,
      (error) => expect(error).to.be.instanceOf(WechatError).with.property('code', 'ERR_WECHAT_CONFIG'),
    ],
    [
      'returns a string with white space around it',
      () => 'wxa\n',
      (error) => {
        const what = /^app(Id|Secret) returned a string with white space at its start or end/
        expect(error).to.be.instanceOf(WechatError).with.property('code', 'ERR_WECHAT_CONFIG')
        expect(error).to.have.property('message').that.matches(what)
      },
    ],
    [
      'returns an empty string',
      () => '',
      (error) => expect(error).to.be.instanceOf(WechatError).with.property('code', 'ERR_WECHAT_CONFIG'),
    ],
    [
      'never answers',
      () => new Promise<string>(() => {}),
      (error) => expect(error).to.be.instanceOf(WechatError).with.property('code', 'ERR_WECHAT_CONFIG'),
    ],
  ]
  for (const [title, value, check] of broken) {
    for (const option of ['appId', 'appSecret'] as const) {
      it(`is an error in both steps when ${option} ${title}`, async () => {
        const good = { appId: 'wxa', appSecret: 'secret' }
        const session = {}
        const { state } = await mpStrategy(undefined, good).getAuthorization(requestOf({ session }))
        const strategy = mpStrategy(undefined, { ...good, timeout: 40, [option]: value })
        for (const query of [{}, { code, state }]) {
          const { error } = await action('error', authenticate(strategy, requestOf({ session, query })))
          check(error)
        }
      })
    }
  }
})

describe('several apps', () => {
  it('share the token store', async () => {
    const saved: Record<string, WechatToken> = {}
    const tokenStore = {
      getToken: async (key: string) => saved[key],
      saveToken: async (key: string, token: WechatToken) => {
        saved[key] = token
      },
    }
    const wechat = new FakeWechat()
    wechat.replies['/sns/jscode2session'] = sessionReply({ openid: 'oMINI' })
    const strategy = appsStrategy(wechat, { tokenStore })
    await strategy.oauth('mp').getAccessToken(code)
    await strategy.oauth('miniprogram').code2Session(code)
    expect(Object.keys(saved)).to.deep.equal([openid, 'oMINI'])
  })

  it('share one memory store by default', async () => {
    const strategy = appsStrategy(new FakeWechat())
    await strategy.oauth('mp').getAccessToken(code)
    expect(await strategy.oauth('website').getUser(openid)).to.have.property('openid', openid)
  })

  it('of two strategies share nothing', async () => {
    await appsStrategy(new FakeWechat()).oauth('mp').getAccessToken(code)
    const error = await rejection(appsStrategy(new FakeWechat()).oauth('mp').getUser(openid), WechatError)
    expect(error.code).to.equal('ERR_WECHAT_NO_TOKEN')
  })

  it('refuse a callback whose route has another mode', async () => {
    const wechat = new FakeWechat()
    const strategy = appsStrategy(wechat)
    const session = {}
    const { state } = await strategy.getAuthorization(requestOf({ session }), { mode: 'mp' })
    const { status, info } = await action(
      'fail',
      authenticate(strategy, requestOf({ session, query: { code, state } }), { mode: 'website' }),
    )
    expect(status).to.equal(403)
    expect(info).to.include({ code: 'ERR_WECHAT_STATE', reason: 'mode' })
    expect(wechat.requests).to.deep.equal([])
  })

  it('accept functions of the application instead of a store', async () => {
    const saved: string[] = []
    const strategy = new WechatStrategy(
      {
        apps,
        callbackURL,
        fetch: new FakeWechat().fetch,
        getToken: (_openid, callback) => callback(null, null),
        saveToken: (key: string, _token: WechatToken, callback: (error?: unknown) => void) => {
          saved.push(key)
          callback()
        },
      },
      async ({ profile }) => ({ id: profile.id }),
    )
    const session = {}
    const { state } = await strategy.getAuthorization(requestOf({ session }))
    await action('success', authenticate(strategy, requestOf({ session, query: { code, state } })))
    expect(saved).to.deep.equal([openid])
  })
})

describe('a token store that fails', () => {
  it('is an error, and verify is not called', async () => {
    const failure = new Error('down')
    let calls = 0
    const tokenStore = Object.assign(new MemoryTokenStore(), { saveToken: () => Promise.reject(failure) })
    const strategy = new WechatStrategy(
      { ...apps.mp, callbackURL, fetch: new FakeWechat().fetch, tokenStore },
      () => {
        calls += 1
      },
    )
    const session = {}
    const { state } = await strategy.getAuthorization(requestOf({ session }))
    await action('error', authenticate(strategy, requestOf({ session, query: { code, state } })))
    expect(calls).to.equal(0)
  })
})
