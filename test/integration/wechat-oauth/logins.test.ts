import {
  MemoryTokenStore,
  NoOAuthTokenError,
  WechatAPIError,
  WechatDecryptError,
  WechatOAuth,
  WechatTransportError,
  type WechatOAuthOptions,
} from '@wechat-auth/wechat-oauth'
import { startSandbox, type AppType, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { expect } from 'chai'
import { rejection } from '../../helpers/rejection.js'

const rid = /^[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$/
const exchange = '/sns/oauth2/access_token'
const refresh = '/sns/oauth2/refresh_token'
const userinfo = '/sns/userinfo'

describe('the client against the sandbox', () => {
  let sandbox: Sandbox
  before(async () => {
    sandbox = await startSandbox()
  })
  beforeEach(() => {
    sandbox.reset()
  })
  after(async () => sandbox.close())

  const app = (type: AppType): { appId: string; appSecret: string } => {
    const { appId, appSecret } = sandbox.apps.find((each) => each.type === type)!
    return { appId, appSecret }
  }
  const oauthFor = (type: AppType, options: Partial<WechatOAuthOptions> = {}): WechatOAuth =>
    new WechatOAuth({ ...app(type), endpoints: sandbox.url, now: sandbox.clock.now, ...options })
  const codeFor = (
    type: 'mp' | 'website',
    fields: { user?: string; scope?: string; snapshot?: boolean } = {},
  ): string => sandbox.issueCode({ appId: app(type).appId, user: 'alice', ...fields })

  for (const type of ['mp', 'website'] as const) {
    describe(`with an app of type ${type}`, () => {
      const scope = type === 'mp' ? 'snsapi_userinfo' : 'snsapi_login'

      it('exchanges a code and reads the user', async () => {
        const oauth = oauthFor(type)
        const ids = sandbox.idsOf({ appId: app(type).appId, user: 'alice' })
        const token = await oauth.getAccessToken(codeFor(type))
        expect(token).to.include({ ...ids, scope, expires_in: 7200 })
        expect(token.create_at).to.be.closeTo(sandbox.clock.now(), 5000)
        expect(await oauth.getUser(token.openid)).to.include({ ...ids, nickname: '爱丽丝', sex: 0, city: '' })
        expect(await oauth.verifyToken(token.openid, token.access_token)).to.equal(true)
        expect(sandbox.requests.map(({ path }) => path)).to.deep.equal([exchange, userinfo, '/sns/auth'])
      })

      it('reads the user by a code', async () => {
        expect(
          await oauthFor(type).getUserByCode({ code: codeFor(type, { user: 'panda' }), lang: 'en' }),
        ).to.include({ nickname: '熊猫🐼👨‍👩‍👧' })
        expect(sandbox.requests.at(-1)?.query).to.include({ lang: 'en' })
      })

      it('reports a code that was used, has expired, or is of another app', async () => {
        const oauth = oauthFor(type)
        const code = codeFor(type)
        await oauth.getAccessToken(code)
        const late = codeFor(type)
        sandbox.clock.advance(300_001)
        const foreign = codeFor(type === 'mp' ? 'website' : 'mp')
        for (const [bad, errcode] of [
          [late, 40029],
          [foreign, 40029],
          ['nonsense', 40029],
        ] as const) {
          const error = await rejection(oauth.getAccessToken(bad), WechatAPIError)
          expect(error).to.include({ errcode, kind: 'code', endpoint: exchange, status: 500 })
          expect(error.requestId).to.match(rid)
        }
        const fresh = codeFor(type)
        await oauth.getAccessToken(fresh)
        expect(await rejection(oauth.getAccessToken(fresh), WechatAPIError)).to.include({
          errcode: 40163,
          kind: 'code',
        })
      })

      it('spends a code once for several calls at once', async () => {
        const oauth = oauthFor(type)
        const code = codeFor(type)
        const results = await Promise.allSettled(
          Array.from({ length: 10 }, async () => oauth.getAccessToken(code)),
        )
        expect(results.filter(({ status }) => status === 'fulfilled')).to.have.lengthOf(1)
      })

      it('reports that the secret is wrong, without showing it', async () => {
        const error = await rejection(
          oauthFor(type, { appSecret: 'not-the-secret' }).getAccessToken(codeFor(type)),
          WechatAPIError,
        )
        expect(error).to.include({ errcode: 40125, kind: 'config' })
        expect(JSON.stringify(error) + String(error.stack)).to.not.contain('not-the-secret')
      })
    })
  }

  describe('when a token has expired', () => {
    const login = async (
      options: Partial<WechatOAuthOptions> = {},
    ): Promise<{ oauth: WechatOAuth; openid: string; accessToken: string }> => {
      const oauth = oauthFor('mp', options)
      const { openid, access_token: accessToken } = await oauth.getAccessToken(codeFor('mp'))
      return { oauth, openid, accessToken }
    }

    it('refreshes it once for 100 callers at once', async () => {
      const { oauth, openid } = await login()
      sandbox.clock.advance(7_200_000)
      const users = await Promise.all(Array.from({ length: 100 }, async () => oauth.getUser(openid)))
      expect(new Set(users.map(({ nickname }) => nickname))).to.deep.equal(new Set(['爱丽丝']))
      expect(sandbox.count(refresh)).to.equal(1)
      expect(sandbox.count(userinfo)).to.equal(100)
    })

    it('refreshes it once for 100 callers in ten processes that share a store with locks', async () => {
      const tokenStore = new MemoryTokenStore()
      const { openid } = await login({ tokenStore })
      sandbox.clock.advance(7_200_000)
      const clients = Array.from({ length: 10 }, () => oauthFor('mp', { tokenStore }))
      await Promise.all(Array.from({ length: 100 }, async (_, index) => clients[index % 10]!.getUser(openid)))
      expect(sandbox.count(refresh)).to.equal(1)
    })

    it('keeps the unionid, which a refresh does not return', async () => {
      const tokenStore = new MemoryTokenStore()
      const { oauth, openid } = await login({ tokenStore })
      sandbox.clock.advance(7_200_000)
      await oauth.getUser(openid)
      expect(await tokenStore.getToken(openid)).to.include(
        sandbox.idsOf({ appId: app('mp').appId, user: 'alice' }),
      )
    })

    it('finds that the token of the login is invalid', async () => {
      const { oauth, openid, accessToken } = await login()
      sandbox.clock.advance(7_200_001)
      expect(await oauth.verifyToken(openid, accessToken)).to.equal(false)
    })

    it("learns from WeChat that it has, because this machine's clock may be slow", async () => {
      const start = Date.now()
      const { oauth, openid } = await login({ now: () => start })
      sandbox.clock.advance(7_200_001)
      expect(await oauth.getUser(openid)).to.include({ openid })
      expect(sandbox.requests.map(({ path }) => path)).to.deep.equal([exchange, userinfo, refresh, userinfo])
    })

    it('uses the new refresh tokens that WeChat returns', async () => {
      sandbox.configure({ rotateRefreshTokens: true })
      const { oauth, openid } = await login()
      for (const times of [1, 2, 3]) {
        sandbox.clock.advance(7_200_000)
        await oauth.getUser(openid)
        expect(sandbox.count(refresh)).to.equal(times)
      }
    })

    it('asks for a new login after 30 days, each time', async () => {
      const tokenStore = new MemoryTokenStore()
      const { oauth, openid } = await login({ tokenStore })
      const before = await tokenStore.getToken(openid)
      sandbox.clock.advance(2_592_000_001)
      for (const times of [1, 2]) {
        expect(await rejection(oauth.getUser(openid), WechatAPIError)).to.include({
          errcode: 42002,
          kind: 'refresh',
        })
        expect(sandbox.count(refresh)).to.equal(times)
      }
      expect(await tokenStore.getToken(openid)).to.deep.equal(before)
    })

    it('asks for a new login after the password was changed, and works after it', async () => {
      const { oauth, openid } = await login()
      sandbox.changePassword('alice')
      expect(await rejection(oauth.getUser(openid), WechatAPIError)).to.include({
        errcode: 42007,
        kind: 'refresh',
      })
      sandbox.clock.advance(7_200_000)
      expect(await rejection(oauth.getUser(openid), WechatAPIError)).to.include({
        errcode: 42007,
        kind: 'refresh',
      })
      await oauth.getAccessToken(codeFor('mp'))
      expect(await oauth.getUser(openid)).to.include({ openid })
    })

    it('repeats a call when WeChat is busy', async () => {
      const { oauth, openid } = await login()
      sandbox.clock.advance(7_200_000)
      sandbox.fail(refresh, { errcode: -1 }, { times: 1 })
      sandbox.fail(userinfo, 'reset', { times: 1 })
      expect(await oauth.getUser(openid)).to.include({ openid })
      expect([sandbox.count(refresh), sandbox.count(userinfo)]).to.deep.equal([2, 2])
    })

    it('cannot read the user after a silent login, even with a refresh', async () => {
      const oauth = oauthFor('mp')
      const { openid, unionid } = await oauth.getAccessToken(codeFor('mp', { scope: 'snsapi_base' }))
      expect(unionid).to.equal(undefined)
      expect(await rejection(oauth.getUser(openid), WechatAPIError)).to.include({
        errcode: 48001,
        kind: 'scope',
      })
    })
  })

  it('a silent login does not replace the token that reads the profile', async () => {
    const oauth = oauthFor('mp')
    const { openid } = await oauth.getAccessToken(codeFor('mp'))
    sandbox.clock.advance(1000)
    await oauth.getAccessToken(codeFor('mp', { scope: 'snsapi_base' }))
    expect(await oauth.getUser(openid)).to.include({ nickname: '爱丽丝' })
  })

  it('a snapshot user is marked and not saved', async () => {
    const oauth = oauthFor('mp')
    const token = await oauth.getAccessToken(codeFor('mp', { snapshot: true }))
    expect(token).to.include({ is_snapshotuser: 1 })
    await rejection(oauth.getUser(token.openid), NoOAuthTokenError)
  })

  it('a code is not sent again if its exchange is interrupted', async () => {
    for (const fault of ['reset', 'truncate'] as const) {
      sandbox.reset()
      sandbox.fail(exchange, fault)
      expect(await rejection(oauthFor('mp').getAccessToken(codeFor('mp')), WechatTransportError)).to.include({
        code: 'ERR_WECHAT_NETWORK',
      })
      expect(sandbox.count(exchange)).to.equal(1)
    }
  })

  describe('with a mini-program', () => {
    const login = async (): Promise<{ oauth: WechatOAuth; openid: string; sessionKey: string }> => {
      const oauth = oauthFor('miniprogram')
      const { openid, session_key: sessionKey } = await oauth.code2Session(
        sandbox.wxLogin({ appId: app('miniprogram').appId, user: 'alice' }),
      )
      return { oauth, openid, sessionKey }
    }

    it('exchanges the code of wx.login, decrypts the data and checks the signature', async () => {
      const { oauth, openid, sessionKey } = await login()
      expect(openid).to.equal(sandbox.idsOf({ appId: app('miniprogram').appId, user: 'alice' }).openid)
      const { encryptedData, iv, rawData, signature } = sandbox.encrypt({
        appId: app('miniprogram').appId,
        user: 'alice',
      })
      expect(await oauth.decryptForUser(openid, { encryptedData, iv })).to.include({
        openId: openid,
        nickName: '爱丽丝',
      })
      expect(oauth.verifyUserSignature({ rawData, signature, sessionKey })).to.equal(true)
      expect(
        oauth.verifyUserSignature({ rawData: rawData.replace('爱丽丝', '爱丽斯'), signature, sessionKey }),
      ).to.equal(false)
    })

    it('does not decrypt the data of another user, who has another key', async () => {
      const { oauth, openid } = await login()
      const data = sandbox.encrypt({ appId: app('miniprogram').appId, user: 'bob' })
      expect(await rejection(oauth.decryptForUser(openid, data), WechatDecryptError)).to.include({
        reason: 'data',
      })
    })

    it('decrypts new data after a new login when the key has changed', async () => {
      const { oauth, openid } = await login()
      const { appId } = app('miniprogram')
      const code = sandbox.wxLogin({ appId, user: 'alice', renewSessionKey: true })
      const data = sandbox.encrypt({ appId, user: 'alice' })
      expect(await rejection(oauth.decryptForUser(openid, data), WechatDecryptError)).to.include({
        code: 'ERR_WECHAT_SESSION_KEY',
      })
      expect(await oauth.checkSession(openid)).to.equal(false)
      expect(await rejection(oauth.resetSession(openid), WechatAPIError)).to.include({
        code: 'ERR_WECHAT_SESSION_KEY',
      })
      sandbox.clock.advance(1)
      await oauth.code2Session(code)
      expect(await oauth.decryptForUser(openid, data)).to.include({ openId: openid })
    })

    it('reports that a code was used, and that a user is blocked', async () => {
      const oauth = oauthFor('miniprogram')
      const { appId } = app('miniprogram')
      const code = sandbox.wxLogin({ appId, user: 'alice' })
      await oauth.code2Session(code)
      expect(await rejection(oauth.code2Session(code), WechatAPIError)).to.include({
        errcode: 40163,
        kind: 'code',
      })
      sandbox.updateUser('bob', { state: 'blocked' })
      expect(
        await rejection(oauth.code2Session(sandbox.wxLogin({ appId, user: 'bob' })), WechatAPIError),
      ).to.include({ errcode: 40226, kind: 'denied' })
    })

    it('cannot read a user', async () => {
      const { oauth, openid } = await login()
      await rejection(oauth.getUser(openid), NoOAuthTokenError)
    })
  })
})
