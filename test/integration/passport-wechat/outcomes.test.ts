import { WechatError } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import type { Browser } from '../../helpers/browser.js'
import { callback, desktop, failureOf, startSetting, type Setting, type StateStoreKind } from './setting.js'
import { inTime } from '../../helpers/pace.js'

for (const states of ['session', 'cookie'] satisfies StateStoreKind[]) {
  describe(`the outcome of a login in a real Express application, with states in the ${states}`, () => {
    let setting: Setting
    let browser: Browser
    let verify: () => unknown

    before(async () => {
      setting = await startSetting({
        states,
        strategy: { timeout: 300 },
        verify: ({ profile }) =>
          verify() ?? { id: profile.id, name: profile.displayName, mode: profile.mode },
      })
    })
    beforeEach(() => {
      setting.sandbox.reset()
      browser = setting.browser()
      verify = () => undefined
    })
    after(() => setting.close())

    const alice = (type: 'mp' | 'website' | 'miniprogram') =>
      setting.sandbox.idsOf({ appId: setting.appId(type), user: 'alice' })

    describe('a first visit', () => {
      it("is redirected to the official account's page inside WeChat", async () => {
        const { status, location } = await browser.open('/auth/wechat')
        expect(status).to.equal(302)
        expect(location?.pathname).to.equal('/connect/oauth2/authorize')
        expect([...(location?.searchParams.keys() ?? [])]).to.deep.equal([
          'appid',
          'redirect_uri',
          'response_type',
          'scope',
          'state',
        ])
        expect(location?.searchParams.get('redirect_uri')).to.equal(`${setting.app.url}/auth/wechat/callback`)
        expect(location?.hash).to.equal('#wechat_redirect')
      })

      it('is redirected to the QR code in other browsers', async () => {
        expect((await setting.browser(desktop).open('/auth/wechat')).location?.pathname).to.equal(
          '/connect/qrconnect',
        )
      })
    })

    describe('a callback', () => {
      it("logs the user in after WeChat's own redirect", async () => {
        setting.sandbox.updateUser('alice', { silent: true })
        const { location } = await browser.open('/auth/wechat')
        const wechat = await browser.open(location!)
        expect(wechat.status, wechat.text).to.equal(302)
        const { json } = await browser.open(wechat.location!)
        expect(json).to.deep.equal({
          user: { id: alice('mp').openid, name: '爱丽丝', mode: 'mp' },
          info: { appId: setting.appId('mp'), mode: 'mp', ...alice('mp') },
        })
        if (states === 'session')
          expect((await browser.open('/me')).json).to.have.nested.property('user.name', '爱丽丝')
      })

      it("logs a website's user in", async () => {
        const desk = setting.browser(desktop)
        const { json } = await desk.open(await setting.consent(desk))
        expect(json).to.deep.include({
          user: { id: alice('website').openid, name: '爱丽丝', mode: 'website' },
        })
      })

      it('logs in without a profile for snsapi_base', async () => {
        const { json } = await browser.open(await setting.consent(browser, { scope: 'snsapi_base' }))
        expect(json).to.have.nested.property('user.name', '')
        expect(setting.sandbox.count('/sns/userinfo')).to.equal(0)
      })

      it('is 403 ERR_WECHAT_STATE without a state', async () => {
        await setting.begin(browser)
        expect(failureOf(await browser.open(callback({ code: 'x' })))).to.include({
          httpStatus: 403,
          code: 'ERR_WECHAT_STATE',
          reason: 'missing',
        })
      })

      it('is 403 ERR_WECHAT_STATE with a state that was never issued', async () => {
        await setting.begin(browser)
        expect(failureOf(await browser.open(callback({ code: 'x', state: 'x' })))).to.include({
          httpStatus: 403,
          code: 'ERR_WECHAT_STATE',
          reason: 'unknown',
        })
      })

      it('is 403 ERR_WECHAT_STATE with the state of another mode', async () => {
        const { state } = await setting.begin(browser)
        const other = await startSetting({ states, call: { mode: 'website' } })
        try {
          const page = await other
            .browser()
            .open(callback({ code: 'x', state }), { headers: { cookie: browser.cookieHeader } })
          expect(failureOf(page)).to.include({
            httpStatus: 403,
            code: 'ERR_WECHAT_STATE',
            reason: states === 'cookie' ? 'mode' : 'unknown',
          })
        } finally {
          await other.close()
        }
      })

      it('is 401 ERR_WECHAT_DENIED if the user refuses, in each form of the callback', async () => {
        for (const refusal of [{}, { code: '' }, { code: 'authdeny' }]) {
          const { state } = await setting.begin(browser)
          expect(failureOf(await browser.open(callback({ ...refusal, state })))).to.include({
            httpStatus: 401,
            code: 'ERR_WECHAT_DENIED',
          })
        }
        expect(setting.sandbox.count('/sns/oauth2/access_token')).to.equal(0)
      })

      it('is 401 ERR_WECHAT_CODE for a code that WeChat does not know', async () => {
        const { state } = await setting.begin(browser)
        expect(failureOf(await browser.open(callback({ code: '0a1NOTACODE', state })))).to.include({
          httpStatus: 401,
          code: 'ERR_WECHAT_CODE',
          errcode: 40029,
        })
      })

      it('is 401 ERR_WECHAT_CODE for a code that was used', async () => {
        const { state, appId } = await setting.begin(browser)
        const code = setting.sandbox.issueCode({ appId, user: 'alice' })
        await setting.strategy.oauth('mp').getAccessToken(code)
        expect(failureOf(await browser.open(callback({ code, state })))).to.include({
          httpStatus: 401,
          code: 'ERR_WECHAT_CODE',
          errcode: 40163,
        })
      })

      it('is 401 ERR_WECHAT_CODE for a code that expired', async () => {
        const path = await setting.consent(browser)
        setting.sandbox.clock.advance(300_000)
        expect(failureOf(await browser.open(path))).to.include({ httpStatus: 401, code: 'ERR_WECHAT_CODE' })
      })

      for (const [errcode, failure, status] of [
        [42003, 'ERR_WECHAT_CODE', 401],
        [41008, 'ERR_WECHAT_CODE', 401],
        [50002, 'ERR_WECHAT_BLOCKED', 403],
      ] as const) {
        it(`is ${status} ${failure} when WeChat answers ${errcode}`, async () => {
          setting.sandbox.fail('/sns/oauth2/access_token', { errcode })
          expect(failureOf(await browser.open(await setting.consent(browser)))).to.include({
            httpStatus: status,
            code: failure,
            errcode,
          })
        })
      }

      it('is 401 ERR_WECHAT_CODE if the code occurs twice', async () => {
        const { state } = await setting.begin(browser)
        expect(failureOf(await browser.open(`${callback({ state })}&code=a&code=b`))).to.include({
          httpStatus: 401,
          code: 'ERR_WECHAT_CODE',
        })
      })

      it('is 401 ERR_WECHAT_SNAPSHOT_USER for the virtual account of a snapshot page', async () => {
        expect(failureOf(await browser.open(await setting.consent(browser, { snapshot: true })))).to.include({
          httpStatus: 401,
          code: 'ERR_WECHAT_SNAPSHOT_USER',
        })
        expect(setting.sandbox.count('/sns/userinfo')).to.equal(0)
      })

      it('is 403 ERR_WECHAT_BLOCKED for a user that WeChat blocks', async () => {
        setting.sandbox.updateUser('alice', { state: 'frozen' })
        expect(failureOf(await browser.open(await setting.consent(browser)))).to.include({
          httpStatus: 403,
          code: 'ERR_WECHAT_BLOCKED',
          errcode: 50002,
        })
      })

      it("is 401 with verify's own info, or ERR_WECHAT_VERIFY, if verify refuses", async () => {
        verify = () => Promise.resolve(false)
        expect(failureOf(await browser.open(await setting.consent(browser)))).to.include({
          httpStatus: 401,
          code: 'ERR_WECHAT_VERIFY',
        })
      })

      it("is verify's error, unchanged, when it throws or rejects", async () => {
        const failure = new Error('the database is down')
        for (const fail of [
          () => {
            throw failure
          },
          () => Promise.reject(failure),
        ]) {
          verify = fail
          const { status } = await browser.open(await setting.consent(browser))
          expect(status).to.equal(500)
          expect(setting.app.seen.errors.at(-1)).to.equal(failure)
        }
      })

      const faults: [string, Parameters<Setting['sandbox']['fail']>[1], number, string][] = [
        ['another errcode', { errcode: 40125 }, 500, 'ERR_WECHAT_API'],
        ['that it is busy', { errcode: -1 }, 503, 'ERR_WECHAT_API'],
        ['a rate limit', { errcode: 45011 }, 503, 'ERR_WECHAT_API'],
        ['HTTP 502', { status: 502, body: '<html>' }, 502, 'ERR_WECHAT_STATUS'],
        ['something that is not JSON', { body: 'hello' }, 502, 'ERR_WECHAT_RESPONSE'],
        ['half of a reply', 'truncate', 502, 'ERR_WECHAT_NETWORK'],
        ['a reset', 'reset', 502, 'ERR_WECHAT_NETWORK'],
        ['nothing', 'hang', 504, 'ERR_WECHAT_TIMEOUT'],
      ]
      for (const endpoint of ['/sns/oauth2/access_token', '/sns/userinfo']) {
        for (const [title, fault, status, code] of faults) {
          it(`is an error, ${status} ${code}, when ${endpoint} answers ${title}`, async () => {
            setting.sandbox.fail(endpoint, fault)
            const path = await setting.consent(browser)
            const startedAt = performance.now()
            const page = await browser.open(path)
            expect(page.json).to.have.nested.property('error.code', code)
            expect(page.status).to.equal(status)
            expect(setting.app.seen.errors.at(-1)).to.be.instanceOf(WechatError)
            expect(performance.now() - startedAt).to.be.below(inTime(2 * (2 * 300 + 250)))
          })
        }
      }
    })

    describe("a mini-program's request", () => {
      const login = (body: object) => browser.post('/auth/wechat/miniprogram', body)
      const wxLogin = () => setting.sandbox.wxLogin({ appId: setting.appId('miniprogram'), user: 'alice' })
      const encrypt = () => setting.sandbox.encrypt({ appId: setting.appId('miniprogram'), user: 'alice' })

      it('logs the user in with the code alone', async () => {
        expect((await login({ code: wxLogin() })).json).to.deep.equal({
          user: { id: alice('miniprogram').openid, name: '', mode: 'miniprogram' },
          info: { appId: setting.appId('miniprogram'), mode: 'miniprogram', ...alice('miniprogram') },
        })
      })

      it('logs the user in with encrypted data and its signature', async () => {
        const code = wxLogin()
        expect((await login({ code, ...encrypt() })).json).to.have.nested.property('user.name', '爱丽丝')
      })

      it('is 400 ERR_WECHAT_REQUEST without a code, or with one of the wrong type', async () => {
        for (const body of [{}, { code: 1 }, { code: [] }, { code: wxLogin(), iv: 'x' }]) {
          expect(failureOf(await login(body))).to.include({ httpStatus: 400, code: 'ERR_WECHAT_REQUEST' })
        }
      })

      it('is 401 ERR_WECHAT_CODE for a code that was used', async () => {
        const code = wxLogin()
        await login({ code })
        expect(failureOf(await login({ code }))).to.include({
          httpStatus: 401,
          code: 'ERR_WECHAT_CODE',
          errcode: 40163,
        })
      })

      it('is 403 ERR_WECHAT_BLOCKED for a user of high risk', async () => {
        setting.sandbox.updateUser('alice', { state: 'blocked' })
        expect(failureOf(await login({ code: wxLogin() }))).to.include({
          httpStatus: 403,
          code: 'ERR_WECHAT_BLOCKED',
          errcode: 40226,
        })
      })

      it('is 401 ERR_WECHAT_SIGNATURE if rawData was changed', async () => {
        const { rawData, signature } = encrypt()
        expect(failureOf(await login({ code: wxLogin(), rawData: `${rawData} `, signature }))).to.include({
          httpStatus: 401,
          code: 'ERR_WECHAT_SIGNATURE',
        })
      })

      it('is 401 ERR_WECHAT_SESSION_KEY when the data was encrypted with an older key', async () => {
        const { encryptedData, iv } = encrypt()
        const code = setting.sandbox.wxLogin({
          appId: setting.appId('miniprogram'),
          user: 'alice',
          renewSessionKey: true,
        })
        expect(failureOf(await login({ code, encryptedData, iv }))).to.include({
          httpStatus: 401,
          code: 'ERR_WECHAT_SESSION_KEY',
        })
      })

      it('is 401 ERR_WECHAT_OPENID_MISMATCH for data of another user', async () => {
        const data = { openId: 'oSOMEBODYELSE', nickName: 'Mallory' }
        const { encryptedData, iv } = setting.sandbox.encrypt({
          appId: setting.appId('miniprogram'),
          user: 'alice',
          data,
        })
        expect(failureOf(await login({ code: wxLogin(), encryptedData, iv }))).to.include({
          httpStatus: 401,
          code: 'ERR_WECHAT_OPENID_MISMATCH',
        })
      })

      it('is an error when WeChat does not answer', async () => {
        setting.sandbox.fail('/sns/jscode2session', 'hang')
        expect((await login({ code: wxLogin() })).json).to.have.nested.property(
          'error.code',
          'ERR_WECHAT_TIMEOUT',
        )
      })
    })
  })
}

describe("verify's own info", () => {
  it('is passed to the application after a failed login', async () => {
    const setting = await startSetting({
      strategy: { verifyArguments: 'object' },
      verify: Object.defineProperty(
        (...given: unknown[]) => {
          ;(given.at(-1) as (error: null, user: false, info: object) => void)(null, false, {
            message: 'banned',
            code: 'BANNED',
          })
        },
        'length',
        { value: 2 },
      ),
    })
    try {
      const browser = setting.browser()
      expect(failureOf(await browser.open(await setting.consent(browser)))).to.deep.equal({
        httpStatus: 401,
        message: 'banned',
        code: 'BANNED',
      })
    } finally {
      await setting.close()
    }
  })
})

describe('idSource unionid', () => {
  it('is 401 ERR_WECHAT_NO_UNIONID if WeChat sends none', async () => {
    const setting = await startSetting({ strategy: { idSource: 'unionid' } })
    try {
      const browser = setting.browser()
      expect(
        failureOf(await browser.open(await setting.consent(browser, { scope: 'snsapi_base' }))),
      ).to.include({ httpStatus: 401, code: 'ERR_WECHAT_NO_UNIONID' })
      const { unionid } = setting.sandbox.idsOf({ appId: setting.appId('mp'), user: 'alice' })
      expect((await browser.open(await setting.consent(browser))).json).to.have.nested.property(
        'user.id',
        unionid,
      )
    } finally {
      await setting.close()
    }
  })
})

describe('an Express application without session middleware', () => {
  it('gets an error with the reason, in both steps', async () => {
    const setting = await startSetting({ sessions: 'none' })
    try {
      for (const path of ['/auth/wechat', callback({ code: 'x', state: 'y' })]) {
        const { status, json } = await setting.browser().open(path)
        expect(status).to.equal(500)
        expect(json).to.have.nested.property('error.code', 'ERR_WECHAT_STATE_STORE')
      }
    } finally {
      await setting.close()
    }
  })
})
