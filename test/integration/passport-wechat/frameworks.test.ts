import { CookieStateStore } from '@wechat-auth/passport-wechat'
import { expect } from 'chai'
import type { PassportVersion, SessionKind } from '../../helpers/express-app.js'
import { callback, failureOf, startSetting, type Setting } from './setting.js'

const cookies = () => new CookieStateStore({ secret: 'a secret of the tests, of 32 bytes and more' })

for (const passport of ['0.6', '0.7'] satisfies PassportVersion[]) {
  for (const initialize of [false, true]) {
    for (const sessions of ['express-session', 'cookie-session', 'none'] satisfies SessionKind[]) {
      describe(`Passport ${passport} ${initialize ? 'with' : 'without'} initialize(), ${sessions === 'none' ? 'without a session' : `with ${sessions}`}`, () => {
        let setting: Setting

        before(async () => {
          setting = await startSetting({
            passport,
            initialize,
            sessions,
            strategy: sessions === 'none' ? { store: cookies() } : {},
          })
        })
        after(() => setting.close())

        it('logs in', async () => {
          const browser = setting.browser()
          const { status, json } = await browser.open(await setting.consent(browser))
          expect(status).to.equal(200)
          expect(json).to.have.nested.property('user.name', '爱丽丝')
          const me = await browser.open('/me')
          if (sessions === 'none') expect(me.json).to.deep.equal({ user: null })
          else expect(me.json).to.have.nested.property('user.name', '爱丽丝')
        })

        it("logs in with Passport's default handling, which sets info as req.authInfo", async () => {
          const browser = setting.browser()
          const path = (await setting.consent(browser)).replace('/auth/wechat/callback', '/plain/callback')
          const { json } = await browser.open(path)
          expect(json).to.have.nested.property('user.name', '爱丽丝')
          expect(json).to.have.nested.property(
            'info.openid',
            setting.sandbox.idsOf({ appId: setting.appId('mp'), user: 'alice' }).openid,
          )
        })

        it('redirects to failureRedirect if the login fails', async () => {
          const browser = setting.browser()
          const { state } = await setting.begin(browser)
          const page = await browser.open(callback({ state, code: 'authdeny' }, '/plain/callback'))
          expect([page.status, page.location?.pathname]).to.deep.equal([302, '/login'])
        })

        it('passes errors to Express', async () => {
          setting.sandbox.fail('/sns/oauth2/access_token', { status: 500 }, { times: 1 })
          const browser = setting.browser()
          const path = (await setting.consent(browser)).replace('/auth/wechat/callback', '/plain/callback')
          expect((await browser.open(path)).status).to.equal(502)
        })

        it('does not accept a callback twice from different browsers', async () => {
          const browser = setting.browser()
          const path = await setting.consent(browser)
          await browser.open(path)
          expect(failureOf(await setting.browser().open(path))).to.include({
            httpStatus: 403,
            reason: 'replayed',
          })
        })
      })
    }
  }
}

describe('an application that sets its own cookies', () => {
  it('keeps them beside the state cookie', async () => {
    const setting = await startSetting({
      states: 'cookie',
      before: (app) =>
        app.use((_req, res, next) => {
          res.cookie('theme', 'dark')
          res.append('Set-Cookie', 'lang=zh; Path=/')
          next()
        }),
    })
    try {
      const browser = setting.browser()
      const path = await setting.consent(browser)
      expect([...browser.cookies.keys()].map((name) => name.split('.')[0])).to.deep.equal([
        'theme',
        'lang',
        'wechat',
      ])
      const { headers } = await browser.open(path)
      expect(headers.getSetCookie().map((cookie) => cookie.split(/[=.]/)[0])).to.deep.equal([
        'theme',
        'lang',
        'wechat',
      ])
    } finally {
      await setting.close()
    }
  })
})

describe('an application behind a proxy', () => {
  const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'shop.example' }

  it("gets the callback's address and a Secure cookie from the headers that Express trusts", async () => {
    const setting = await startSetting({ states: 'cookie', trustProxy: true })
    try {
      const browser = setting.browser(forwarded)
      const { location } = await browser.open('/auth/wechat')
      expect(location?.searchParams.get('redirect_uri')).to.equal('https://shop.example/auth/wechat/callback')
      expect([...browser.cookies.keys()].join()).to.match(/^__Host-wechat\./)
      const code = setting.sandbox.issueCode({ appId: setting.appId('website'), user: 'alice' })
      const state = location?.searchParams.get('state') ?? ''
      expect((await browser.open(callback({ code, state }))).status).to.equal(200)
    } finally {
      await setting.close()
    }
  })

  it('gets a Secure cookie because its callbackURL is https, trusts no proxy and reads no planted cookie', async () => {
    const callbackURL = 'https://shop.example/auth/wechat/callback'
    const setting = await startSetting({ states: 'cookie', strategy: { callbackURL } })
    try {
      const [victim, attacker] = [setting.browser(), setting.browser()]
      const [own, others] = [await setting.consent(victim), await setting.consent(attacker, { user: 'bob' })]
      for (const { cookieHeader } of [victim, attacker]) expect(cookieHeader).to.match(/^__Host-wechat\./)
      const planted = attacker.cookieHeader.replace('__Host-', '')
      const page = await victim.open(others, { headers: { cookie: `${victim.cookieHeader}; ${planted}` } })
      expect(failureOf(page)).to.include({ httpStatus: 403, code: 'ERR_WECHAT_STATE', reason: 'unknown' })
      expect(setting.sandbox.count('/sns/oauth2/access_token')).to.equal(0)
      const { status, headers } = await victim.open(own)
      expect(status).to.equal(200)
      const attributes = '; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Lax'
      expect(headers.getSetCookie().join()).to.match(new RegExp(`^__Host-wechat\\.[^;]+${attributes}$`))
    } finally {
      await setting.close()
    }
  })

  it('ignores the headers of untrusted senders', async () => {
    const setting = await startSetting({ states: 'cookie' })
    try {
      const browser = setting.browser(forwarded)
      const { location } = await browser.open('/auth/wechat')
      expect(location?.searchParams.get('redirect_uri')).to.equal(`${setting.app.url}/auth/wechat/callback`)
      expect([...browser.cookies.keys()].join()).to.match(/^wechat\./)
    } finally {
      await setting.close()
    }
  })
})

describe('a single-page application', () => {
  it('starts the login with getAuthorization and finishes it at the callback', async () => {
    const setting: Setting = await startSetting({
      before: (app) =>
        app.get('/auth/wechat/url', async (req, res) => {
          res.json(
            await setting.strategy.getAuthorization(req, { mode: 'website', state: { page: '/cart' } }),
          )
        }),
    })
    try {
      const browser = setting.browser()
      const { appid, state, url } = (await browser.open('/auth/wechat/url')).json as Record<
        'appid' | 'state' | 'url',
        string
      >
      expect(new URL(url).searchParams.get('state')).to.equal(state)
      const { json } = await browser.open(
        callback({ code: setting.sandbox.issueCode({ appId: appid, user: 'alice' }), state }),
      )
      expect(json).to.have.nested.property('info.state').that.deep.equals({ page: '/cart' })
    } finally {
      await setting.close()
    }
  })
})
