import { WechatStrategy } from '@wechat-auth/passport-wechat'
import { expect } from 'chai'
import type { RequestHandler } from 'express'
import { Passport, type AuthenticateCallback } from 'passport'
import { Browser } from '../../helpers/browser.js'
import {
  callback,
  desktop,
  failureOf,
  startSetting,
  stateStore,
  type Setting,
  type StateStoreKind,
} from './setting.js'

for (const states of ['session', 'cookie'] satisfies StateStoreKind[]) {
  describe(`attacks on the login, with states in the ${states}`, () => {
    let setting: Setting
    let victim: Browser
    let attacker: Browser
    let https = false

    before(async () => {
      setting = await startSetting({ states, trustProxy: true })
    })
    beforeEach(() => {
      setting.sandbox.reset()
      victim = setting.browser()
      attacker = setting.browser()
      https = false
    })
    after(() => setting.close())

    const exchanges = () =>
      setting.sandbox.count('/sns/oauth2/access_token') + setting.sandbox.count('/sns/jscode2session')
    const refused = async (path: string, browser = victim, headers: Record<string, string> = {}) => {
      const before = exchanges()
      const failure = failureOf(
        await browser.open(path, { headers: { ...headers, ...(https && { 'x-forwarded-proto': 'https' }) } }),
      )
      expect(failure).to.include({ httpStatus: 403, code: 'ERR_WECHAT_STATE' })
      expect(exchanges()).to.equal(before)
      return failure
    }

    it("a callback of the attacker's own login does not log the victim in", async () => {
      const path = await setting.consent(attacker, { user: 'bob' })
      await refused(path)
      await setting.begin(victim)
      await refused(path)
      expect((await victim.open('/me')).json).to.deep.equal({ user: null })
    })

    it("a state that only resembles the victim's is refused", async () => {
      const { state } = await setting.begin(victim)
      const code = setting.sandbox.issueCode({ appId: setting.appId('mp'), user: 'bob' })
      await refused(callback({ code, state: `${state.slice(0, -1)}${state.endsWith('0') ? '1' : '0'}` }))
      await refused(callback({ code, state: state.slice(0, 8) }))
      await refused(callback({ code, state: state.toUpperCase() + 'X' }))
    })

    for (const state of ['constructor', '__proto__', 'toString', 'hasOwnProperty', '0', 'length']) {
      it(`state=${state} is not a valid state`, async () => {
        await setting.begin(victim)
        expect(await refused(callback({ code: 'x', state }))).to.include({ reason: 'unknown' })
      })
    }

    it('the same state with another code is refused', async () => {
      const path = await setting.consent(victim, { user: 'alice' })
      const state = new URL(path, setting.app.url).searchParams.get('state') ?? ''
      const cookie = victim.cookieHeader
      expect((await victim.open(path)).status).to.equal(200)
      const code = setting.sandbox.issueCode({ appId: setting.appId('mp'), user: 'bob' })
      expect(await refused(callback({ code, state }), victim, { cookie })).to.include({ reason: 'code' })
    })

    it('a callback on a route of another mode is refused', async () => {
      const other = await startSetting({
        states,
        before: (app, authenticate) => app.get('/qr/callback', authenticate({ mode: 'website' })),
      })
      try {
        const browser = other.browser()
        const path = (await other.consent(browser)).replace('/auth/wechat/callback', '/qr/callback')
        expect(failureOf(await browser.open(path))).to.include({
          httpStatus: 403,
          code: 'ERR_WECHAT_STATE',
          reason: 'mode',
        })
        expect(other.sandbox.count('/sns/oauth2/access_token')).to.equal(0)
      } finally {
        await other.close()
      }
    })

    it('a callback on a route of another mode is refused even as the second of two', async () => {
      const other = await startSetting({
        states,
        before: (app, authenticate) => app.get('/qr/callback', authenticate({ mode: 'website' })),
      })
      try {
        const browser = other.browser()
        const path = await other.consent(browser)
        const cookie = browser.cookieHeader
        expect((await browser.open(path, { headers: { cookie } })).status).to.equal(200)
        expect(
          failureOf(
            await browser.open(path.replace('/auth/wechat/callback', '/qr/callback'), {
              headers: { cookie },
            }),
          ),
        ).to.include({ httpStatus: 403, reason: 'mode' })
      } finally {
        await other.close()
      }
    })

    it('a callback of another tenant is refused', async () => {
      const appOf = (req: { headers: Record<string, unknown> }) => `wx-${String(req.headers['x-tenant'])}`
      const other = await startSetting({
        states,
        strategy: { apps: { mp: { appId: appOf, appSecret: 'secret' } } },
      })
      try {
        const [red, blue] = ['red', 'blue'].map(
          (tenant) => new Browser(other.app.url, { 'x-tenant': tenant }),
        ) as [Browser, Browser]
        const { state, appId } = await other.begin(red)
        expect(appId).to.equal('wx-red')
        const failure = failureOf(
          await blue.open(callback({ code: 'x', state }), { headers: { cookie: red.cookieHeader } }),
        )
        expect(failure).to.include({
          httpStatus: 403,
          code: 'ERR_WECHAT_STATE',
          reason: 'app',
        })
        expect(other.sandbox.count('/sns/oauth2/access_token')).to.equal(0)
      } finally {
        await other.close()
      }
    })

    it('a callback at another strategy of the same app is refused', async () => {
      const other: Setting = await startSetting({
        states,
        before: (app) =>
          app.get('/link/callback', (req, res, next) => {
            const { sandbox } = other
            const { appId, appSecret } = sandbox.apps.find(({ type }) => type === 'mp')!
            const link = new WechatStrategy(
              {
                appId,
                appSecret,
                name: 'link',
                callbackURL: '/link/callback',
                endpoints: sandbox.endpoints,
                ...(states === 'cookie' && { store: stateStore() }),
              },
              ({ profile }) => Promise.resolve({ id: profile.id }),
            )
            const answer: AuthenticateCallback = (error, user, failure, status) => {
              if (error) next(error)
              else res.status(Number(status ?? 200)).json({ user, failure })
            }
            const handle = new Passport().authenticate(link, answer) as RequestHandler
            void handle(req, res, next)
          }),
      })
      try {
        const browser = other.browser()
        const path = await other.consent(browser)
        const elsewhere = path.replace('/auth/wechat/callback', '/link/callback')
        const failure = failureOf(await browser.open(elsewhere))
        expect(failure).to.include({ httpStatus: 403, code: 'ERR_WECHAT_STATE', reason: 'strategy' })
        expect(other.sandbox.count('/sns/oauth2/access_token')).to.equal(0)
      } finally {
        await other.close()
      }
    })

    it('a forged User-Agent on the callback changes nothing', async () => {
      const path = await setting.consent(victim)
      const { json } = await victim.open(path, { headers: desktop })
      expect(json).to.have.nested.property('info.mode', 'mp')
      expect(json).to.have.nested.property('info.appId', setting.appId('mp'))
    })

    if (states === 'cookie') {
      it('a cookie that a sibling domain planted without the prefix __Host- is not read over https', async () => {
        const path = await setting.consent(attacker, { user: 'bob' })
        https = true
        const planted = attacker.cookieHeader
        expect(planted).to.match(/^wechat\./)
        await refused(path, victim, { cookie: planted })
      })

      it("the attacker's cookie under another name is not read", async () => {
        https = true
        const path = await setting.consent(new Browser(setting.app.url, { 'x-forwarded-proto': 'https' }), {
          user: 'bob',
        })
        const secure = new Browser(setting.app.url, { ...desktop, 'x-forwarded-proto': 'https' })
        const own = await setting.consent(secure, { user: 'bob' })
        const [[name, value]] = [...secure.cookies] as [[string, string]]
        expect(name).to.match(/^__Host-wechat\./)
        for (const other of [name.replace('__Host-', ''), name.toLowerCase(), ` ${name}x`])
          await refused(own, victim, { cookie: `${other}=${value}` })
        await refused(path, victim, { cookie: `${name}=${value}` })
      })

      it('a cookie with a forged signature is refused', async () => {
        const path = await setting.consent(victim)
        const [[name, value]] = [...victim.cookies] as [[string, string]]
        const [body = '', signature = ''] = value.split('.')
        const forged = Buffer.from(signature, 'base64url')
        forged[0] = (forged[0] ?? 0) ^ 1
        await refused(path, victim, { cookie: `${name}=${body}.${forged.toString('base64url')}` })
      })
    }

    describe("from another site's page to the mini-program's route", () => {
      const code = () => setting.sandbox.wxLogin({ appId: setting.appId('miniprogram'), user: 'bob' })
      const forms: [string, string, (code: string) => string][] = [
        ['a form', 'application/x-www-form-urlencoded', (value) => `code=${value}`],
        ['a form of the type text/plain', 'text/plain', (value) => `{"code":"${value}","x":"="}`],
        [
          'a form with files',
          'multipart/form-data; boundary=x',
          (value) => `--x\r\nContent-Disposition: form-data; name="code"\r\n\r\n${value}\r\n--x--\r\n`,
        ],
      ]
      for (const [title, contentType, body] of forms) {
        it(`${title} does not log the victim in`, async () => {
          const page = await victim.open('/auth/wechat/miniprogram', {
            method: 'POST',
            headers: { 'content-type': contentType },
            body: body(code()),
          })
          expect(failureOf(page)).to.include({ httpStatus: 400, code: 'ERR_WECHAT_REQUEST' })
          expect(exchanges()).to.equal(0)
          expect((await victim.open('/me')).json).to.deep.equal({ user: null })
        })
      }

      it('a link with the code in the query does not log the victim in', async () => {
        const page = await victim.open(`/auth/wechat/miniprogram?code=${code()}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{}',
        })
        expect(failureOf(page)).to.include({ httpStatus: 400, code: 'ERR_WECHAT_REQUEST' })
        expect(exchanges()).to.equal(0)
      })
    })
  })
}
