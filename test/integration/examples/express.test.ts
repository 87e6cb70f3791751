import { createHash } from 'node:crypto'
import type { JsSDKSignature } from '@wechat-auth/wechat-oauth'
import type { Sandbox } from '@wechat-auth/wechat-sandbox'
import { expect } from 'chai'
import { startDemo, type Demo } from '../../../examples/express/src/start.js'
import { Browser, type Page } from '../../helpers/browser.js'
import { contentOf, linkOf } from './page-content.js'

const wechatUserAgent = 'Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 Mobile MicroMessenger/8.0.50'

describe('The Express example', () => {
  let demo: Demo
  let sandbox: Sandbox
  let browser: Browser
  const logged: unknown[] = []

  before(async () => {
    demo = await startDemo({ logError: (error) => logged.push(error) })
    if (!demo.sandbox) throw new Error('the demo has no sandbox')
    sandbox = demo.sandbox
  })

  after(() => demo.close())

  beforeEach(() => {
    sandbox.reset()
    logged.length = 0
    browser = new Browser(demo.url, { 'accept-language': 'en' })
  })

  const appIdOf = (type: string): string => sandbox.apps.find((app) => app.type === type)?.appId ?? ''

  /** Begins a login and returns WeChat's page, as the query says it. */
  const begin = async (path: string): Promise<URLSearchParams> => {
    const { location } = await browser.open(path)
    return location?.searchParams ?? new URLSearchParams()
  }

  /** The callback as WeChat makes it after the user has agreed. */
  const callback = async (path: string, user: string, snapshot = false): Promise<string> => {
    const query = await begin(path)
    const code = sandbox.issueCode({ appId: query.get('appid') ?? '', user, snapshot })
    return `/auth/wechat/callback?code=${code}&state=${query.get('state') ?? ''}`
  }

  const logIn = async (path: string, user: string): Promise<Page> => {
    const { location } = await browser.open(await callback(path, user))
    expect(location?.pathname).to.equal('/profile')
    return browser.open('/profile')
  }

  const postCode = (user: string): Promise<Page> =>
    browser.post('/auth/wechat/miniprogram', {
      code: sandbox.wxLogin({ appId: appIdOf('miniprogram'), user }),
    })

  /** Follows the callback of a failed login to the page that explains it. */
  const failure = async (path: string): Promise<Page> => {
    const { location } = await browser.open(path)
    expect(location?.pathname).to.equal('/login/failed')
    expect((await browser.open('/profile')).location?.pathname).to.equal('/')
    return browser.open(location?.href ?? '')
  }

  describe('on its start page', () => {
    it('offers each of the three ways to log in, and says who plays WeChat', async () => {
      const { status, text } = await browser.open('/')

      expect(status).to.equal(200)
      expect(linkOf(text, 'login-mp')).to.equal('/auth/wechat/mp')
      expect(linkOf(text, 'login-website')).to.equal('/auth/wechat/website')
      expect(linkOf(text, 'login-miniprogram')).to.equal(
        `${sandbox.url}/__sandbox/miniprogram?url=${encodeURIComponent(`${demo.url}/auth/wechat/miniprogram`)}&lang=en`,
      )
      expect(text).to.contain(`href="${sandbox.url}"`)
    })

    it('creates no session for a visitor who does not log in', async () => {
      await browser.open('/')

      expect([...browser.cookies]).to.deep.equal([])
    })

    it('lets the strategy choose in WeChat’s browser', async () => {
      const inside = new Browser(demo.url, { 'user-agent': wechatUserAgent })
      const link = linkOf((await inside.open('/')).text, 'login-mp') ?? ''

      expect(link).to.equal('/auth/wechat')
      expect((await inside.open(link)).location?.pathname).to.equal('/connect/oauth2/authorize')
      expect((await browser.open(link)).location?.pathname).to.equal('/connect/qrconnect')
    })

    it('links to pages of WeChat that accept the request', async () => {
      for (const [path, sign] of [
        ['/auth/wechat/mp', 'data-testid="consent"'],
        ['/auth/wechat/website', 'data-testid="qr"'],
      ] as const) {
        const { location } = await browser.open(path)
        expect(await (await fetch(location ?? '')).text()).to.contain(sign)
        expect(sandbox.requests.at(-1)).to.have.deep.property('warnings', [])
      }
    })

    it('shows the QR code of a started login in a frame', async () => {
      const { text, headers } = await browser.open(linkOf((await browser.open('/')).text, 'inline-qr') ?? '')
      const frame = new URL(/<iframe\s+src="([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? '')

      expect(frame.origin + frame.pathname).to.equal(`${sandbox.url}/connect/qrconnect`)
      expect(headers.get('content-security-policy')).to.contain(`frame-src ${sandbox.url};`)
      expect(await (await fetch(frame)).text()).to.contain('data-testid="qr"')

      const code = sandbox.issueCode({ appId: appIdOf('website'), user: 'bob', scope: 'snsapi_login' })
      const { location } = await browser.open(
        `/auth/wechat/callback?code=${code}&state=${frame.searchParams.get('state') ?? ''}`,
      )
      expect(location?.pathname).to.equal('/profile')
    })
  })

  describe('after a login', () => {
    it('shows who is logged in with the official account', async () => {
      const { text } = await logIn('/auth/wechat/mp', 'alice')
      const ids = sandbox.idsOf({ appId: appIdOf('mp'), user: 'alice' })

      expect(contentOf(text, 'profile-name')).to.equal('爱丽丝')
      expect(contentOf(text, 'profile-mode')).to.equal('mp')
      expect(contentOf(text, 'profile-openid')).to.equal(ids.openid)
      expect(contentOf(text, 'profile-unionid')).to.equal(ids.unionid)
      expect(text).to.contain(`<img src="${sandbox.url}`)
      expect((await browser.open('/')).text).to.contain('data-testid="logged-in"')
    })

    it('shows who is logged in on the website', async () => {
      const { text } = await logIn('/auth/wechat/website', 'bob')

      expect(contentOf(text, 'profile-name')).to.equal('Bob')
      expect(contentOf(text, 'profile-mode')).to.equal('website')
      expect(contentOf(text, 'profile-openid')).to.equal(
        sandbox.idsOf({ appId: appIdOf('website'), user: 'bob' }).openid,
      )
    })

    it('knows the same person in all three apps as one user', async () => {
      await logIn('/auth/wechat/mp', 'panda')
      const { json } = await postCode('panda')
      browser = new Browser(demo.url, { 'accept-language': 'en' })
      const { text } = await logIn('/auth/wechat/website', 'panda')

      for (const mode of ['mp', 'website', 'miniprogram']) {
        expect(contentOf(text, `account-${mode}`)).to.contain(
          sandbox.idsOf({ appId: appIdOf(mode), user: 'panda' }).openid,
        )
      }
      // The mini-program was told the name, which its own login does not bring.
      expect(json).to.have.nested.property('user.name', '熊猫🐼👨‍👩‍👧')
    })

    it('keeps the session in a cookie that scripts and other sites cannot use', async () => {
      const { headers } = await browser.open('/auth/wechat/mp')

      expect(headers.get('set-cookie')).to.match(/^wechat-demo=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/)
    })

    it('gives the session a new id', async () => {
      const path = await callback('/auth/wechat/mp', 'alice')
      const before = browser.cookies.get('wechat-demo')
      await browser.open(path)

      expect(browser.cookies.get('wechat-demo')).to.be.a('string').and.not.equal(before)
    })

    it('shows no token, no secret and no code on any page', async () => {
      const sessionKey = sandbox.renewSessionKey({ appId: appIdOf('miniprogram'), user: 'alice' })
      const path = await callback('/auth/wechat/mp', 'alice')
      await browser.open(path)
      const pages = [await browser.open('/'), await browser.open('/profile'), await postCode('alice')]
      const tokens = sandbox.requests.flatMap(({ query }) => [
        query.access_token,
        query.code,
        query.js_code,
        query.secret,
      ])
      const secrets = [sessionKey, ...tokens, new URL(path, demo.url).searchParams.get('code')].filter(
        (secret) => typeof secret === 'string',
      )

      expect(secrets).to.have.length.above(5)
      for (const { text } of pages) for (const secret of secrets) expect(text).not.to.contain(secret)
    })

    it('escapes the user’s name', async () => {
      sandbox.updateUser('bob', { nickname: '</bdi><script>alert("1")</script>' })
      const { text } = await logIn('/auth/wechat/mp', 'bob')

      expect(text)
        .to.contain('&lt;/bdi&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;')
        .and.not.contain('<script')
    })

    it('does not show a picture whose address is not a web address', async () => {
      sandbox.updateUser('bob', { headimgurl: 'javascript:alert(1)' })
      const { text } = await logIn('/auth/wechat/mp', 'bob')

      expect(text).not.to.contain('src="javascript')
    })

    it('lets a logged-in user log in as somebody else', async () => {
      await logIn('/auth/wechat/mp', 'alice')
      const { text } = await logIn('/auth/wechat/website', 'bob')

      expect(contentOf(text, 'profile-openid')).to.equal(
        sandbox.idsOf({ appId: appIdOf('website'), user: 'bob' }).openid,
      )
    })
  })

  describe('when the callback comes twice', () => {
    it('logs in once, with the same outcome for both requests', async () => {
      const path = await callback('/auth/wechat/mp', 'alice')
      const both = await Promise.all([browser.open(path), browser.open(path)])

      expect(both.map(({ location }) => location?.pathname)).to.deep.equal(['/profile', '/profile'])
      expect(sandbox.count('/sns/oauth2/access_token')).to.equal(1)
    })

    it('sends a logged-in user who reloads it to the profile', async () => {
      const path = await callback('/auth/wechat/mp', 'alice')
      await browser.open(path)
      const { location } = await browser.open(path)

      expect((await browser.open(location ?? '')).location?.pathname).to.equal('/profile')
    })

    it('redirects a tab to the profile if another tab has logged in first', async () => {
      const [quick, late] = [
        await callback('/auth/wechat/mp', 'alice'),
        await callback('/auth/wechat/mp', 'alice'),
      ]
      const { cookieHeader: cookie } = browser
      await browser.open(quick)
      // It had left before the browser knew of its new session.
      const { location } = await browser.open(late, { headers: { cookie } })

      expect(location?.pathname).to.equal('/login/failed')
      expect((await browser.open(location ?? '')).location?.pathname).to.equal('/profile')
    })

    it('refuses it to another browser', async () => {
      const path = await callback('/auth/wechat/mp', 'alice')
      await browser.open(path)
      browser = new Browser(demo.url)

      expect(contentOf((await failure(path)).text, 'failure-code')).to.equal('ERR_WECHAT_STATE')
    })
  })

  describe('when a login fails', () => {
    it('says that the user refused, in each way that WeChat reports it', async () => {
      for (const answer of ['code=authdeny&', '']) {
        const state = (await begin('/auth/wechat/mp')).get('state') ?? ''
        const { status, text } = await failure(`/auth/wechat/callback?${answer}state=${state}`)

        expect(status).to.equal(401)
        expect(contentOf(text, 'failure-code')).to.equal('ERR_WECHAT_DENIED')
        expect(contentOf(text, 'failure-message')).to.match(/^You refused when WeChat asked/)
        expect(linkOf(text, 'try-again')).to.equal('/')
      }
    })

    it('tells a snapshot user what to tap', async () => {
      const { status, text } = await failure(await callback('/auth/wechat/mp', 'alice', true))

      expect(status).to.equal(401)
      expect(contentOf(text, 'failure-code')).to.equal('ERR_WECHAT_SNAPSHOT_USER')
      expect(contentOf(text, 'failure-message')).to.contain('使用完整服务')
    })

    it('refuses a state that it did not issue', async () => {
      await begin('/auth/wechat/mp')
      const { status, text } = await failure('/auth/wechat/callback?code=abc&state=somebodyelses')

      expect(status).to.equal(403)
      expect(contentOf(text, 'failure-code')).to.equal('ERR_WECHAT_STATE')
    })

    it('says that a code did not work', async () => {
      const state = (await begin('/auth/wechat/mp')).get('state') ?? ''
      const { status, text } = await failure(
        `/auth/wechat/callback?code=0123456789abcdef0123456789abcdef&state=${state}`,
      )

      expect(status).to.equal(401)
      expect(contentOf(text, 'failure-code')).to.equal('ERR_WECHAT_CODE')
    })

    it('says that WeChat has limited the account', async () => {
      const path = await callback('/auth/wechat/mp', 'bob')
      sandbox.updateUser('bob', { state: 'frozen' })
      const { status, text } = await failure(path)

      expect(status).to.equal(403)
      expect(contentOf(text, 'failure-code')).to.equal('ERR_WECHAT_BLOCKED')
    })

    it('has a page for other reasons too, which repeats nothing from its address', async () => {
      const { status, text } = await browser.open('/login/failed?code=%3Cscript%3E')

      expect(status).to.equal(401)
      expect(text).not.to.contain('<script').and.not.to.contain('data-testid="failure-code"')
    })

    it('shows an error page that leaks nothing when WeChat is down, and logs the error', async () => {
      sandbox.fail('/sns/oauth2/access_token', { errcode: 50001, errmsg: 'the-words-of-wechat' })
      const path = await callback('/auth/wechat/mp', 'alice')
      const { status, text } = await browser.open(path)
      const { searchParams } = new URL(path, demo.url)

      expect(status).to.equal(500)
      expect(contentOf(text, 'failure-code')).to.equal('ERR_WECHAT_API')
      expect(logged).to.have.length(1)
      expect(logged[0]).to.have.property('errcode', 50001)
      const secrets = [
        'the-words-of-wechat',
        '50001',
        'at file:',
        searchParams.get('code')!,
        searchParams.get('state')!,
        ...sandbox.apps.map(({ appSecret }) => appSecret),
      ]
      for (const secret of secrets) expect(text).not.to.contain(secret)
    })

    it('answers with a status that says which side failed', async () => {
      sandbox.fail('/sns/oauth2/access_token', 'reset')
      const { status, text } = await browser.open(await callback('/auth/wechat/mp', 'alice'))

      expect(status).to.equal(502)
      expect(contentOf(text, 'failure-code')).to.equal('ERR_WECHAT_NETWORK')
    })
  })

  describe('for a mini-program', () => {
    it('answers with a token that identifies the user in later requests', async () => {
      const { status, json, headers } = await postCode('alice')
      const { token, user } = json as { token: string; user: Record<string, unknown> }
      const ids = sandbox.idsOf({ appId: appIdOf('miniprogram'), user: 'alice' })

      expect(status).to.equal(200)
      expect(headers.get('set-cookie')).to.equal(null)
      expect(user).to.include({
        mode: 'miniprogram',
        appId: appIdOf('miniprogram'),
        openid: ids.openid,
        unionid: ids.unionid,
      })
      expect(
        (await browser.open('/api/me', { headers: { authorization: `Bearer ${token}` } })).json,
      ).to.deep.equal({ user })
    })

    it('refuses requests without a token, or with a wrong one', async () => {
      for (const authorization of ['', 'Bearer', 'Bearer x', 'Basic x']) {
        const { status, headers } = await browser.open('/api/me', { headers: { authorization } })
        expect(status).to.equal(401)
        expect(headers.get('www-authenticate')).to.equal('Bearer')
      }
    })

    it('refuses a code that was used, in JSON', async () => {
      const code = sandbox.wxLogin({ appId: appIdOf('miniprogram'), user: 'alice' })
      await browser.post('/auth/wechat/miniprogram', { code })
      const { status, json } = await browser.post('/auth/wechat/miniprogram', { code })

      expect(status).to.equal(401)
      expect(json).to.have.property('code', 'ERR_WECHAT_CODE')
      expect(JSON.stringify(json)).not.to.contain(code)
    })

    it('refuses a form, which another site could post', async () => {
      const { status, json } = await browser.open('/auth/wechat/miniprogram', {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `code=${sandbox.wxLogin({ appId: appIdOf('miniprogram'), user: 'alice' })}`,
      })

      expect(status).to.equal(400)
      expect(json).to.have.property('code', 'ERR_WECHAT_REQUEST')
    })

    it('answers in JSON if the body is not JSON, and if WeChat is down', async () => {
      const broken = await browser.open('/auth/wechat/miniprogram', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{secret',
      })
      expect(broken.status).to.equal(400)
      expect(broken.json).to.deep.equal({ message: 'This request was not accepted' })

      sandbox.fail('/sns/jscode2session', { status: 503 })
      const failed = await postCode('alice')
      expect(failed.status).to.equal(502)
      expect(failed.json).to.deep.equal({
        code: 'ERR_WECHAT_STATUS',
        message: 'WeChat did not respond as expected',
      })
    })
  })

  describe('on its JS-SDK page', () => {
    const sign = (page: string): Promise<Page> =>
      browser.open(`/wechat/js-sdk?url=${encodeURIComponent(page)}`)

    it('is linked from the start page, and runs only WeChat’s script and its own', async () => {
      const { status, text, headers } = await browser.open(
        linkOf((await browser.open('/')).text, 'to-inside-wechat') ?? '',
      )
      const [, script = ''] = /<script src="([^"]+)"><\/script>/.exec(text) ?? []
      const [, own = ''] = /<script>([^]+?)<\/script>/.exec(text) ?? []
      const hash = createHash('sha256').update(own).digest('base64')

      expect(status).to.equal(200)
      expect(script).to.equal(`${sandbox.url}/open/js/jweixin-1.6.0.js`)
      expect(headers.get('content-security-policy'))
        .to.contain("default-src 'none'")
        .and.to.contain(`script-src ${sandbox.url} 'sha256-${hash}'; connect-src 'self';`)
        .and.to.contain("frame-ancestors 'none'")
      expect((await fetch(script)).headers.get('content-type')).to.contain('text/javascript')
    })

    it('has a signature that WeChat accepts for this page, and for no other', async () => {
      const page = `${demo.url}/inside-wechat?moves=1`
      const { status, headers, json } = await sign(page)
      const signed = json as JsSDKSignature

      expect(status).to.equal(200)
      expect(headers.get('cache-control')).to.equal('no-store')
      expect(Object.keys(signed)).to.have.members(['appId', 'timestamp', 'nonceStr', 'signature', 'url'])
      expect(signed.appId).to.equal(appIdOf('mp'))
      expect(sandbox.checkJsSdkSignature(signed)).to.equal('ok')
      expect(sandbox.checkJsSdkSignature({ ...signed, url: `${demo.url}/inside-wechat` })).to.equal(
        'invalid signature',
      )
    })

    it('has no signature for pages of other hosts', async () => {
      for (const page of [
        'https://evil.example/',
        `${demo.url}.evil.example/`,
        `http://user@${new URL(demo.url).host}/`,
        sandbox.url,
      ]) {
        expect((await sign(page)).status, page).to.equal(403)
      }
    })
  })

  describe('logging out', () => {
    const post = (headers: Record<string, string> = {}): Promise<Page> =>
      browser.open('/logout', { method: 'POST', headers })

    it('ends the session', async () => {
      await logIn('/auth/wechat/mp', 'alice')
      const old = browser.cookieHeader
      const { status, location } = await post({ origin: demo.url })

      expect(status).to.equal(303)
      expect(location?.pathname).to.equal('/')
      expect((await browser.open('/profile')).location?.pathname).to.equal('/')
      expect((await browser.open('/profile', { headers: { cookie: old } })).location?.pathname).to.equal('/')
    })

    it('is refused to other origins', async () => {
      await logIn('/auth/wechat/mp', 'alice')

      for (const origin of ['https://evil.example', sandbox.url, 'null'])
        expect((await post({ origin })).status).to.equal(403)
      expect((await browser.open('/profile')).status).to.equal(200)
    })

    it('cannot be done by a link or an image', async () => {
      await logIn('/auth/wechat/mp', 'alice')

      expect((await browser.open('/logout')).status).to.equal(404)
      expect((await browser.open('/profile')).status).to.equal(200)
    })
  })

  describe('in two languages', () => {
    it('follows the browser', async () => {
      const chinese = { headers: { 'accept-language': 'zh-CN,zh;q=0.9,en;q=0.8' } }

      expect((await browser.open('/', chinese)).text)
        .to.contain('<html lang="zh-CN">')
        .and.to.contain('微信登录的三种方式')
      expect((await browser.open('/')).text).to.contain('<html lang="en">')
      expect((await browser.open('/', { headers: { 'accept-language': 'fr' } })).text).to.contain(
        '<html lang="en">',
      )
    })

    it('can be switched on every page, and remembers it', async () => {
      for (const path of [
        '/',
        '/?qr=here',
        '/inside-wechat',
        '/inside-wechat?moves=1',
        '/login/failed?code=ERR_WECHAT_DENIED',
        '/nowhere',
      ]) {
        browser = new Browser(demo.url, { 'accept-language': 'en' })
        const link = linkOf((await browser.open(path)).text, 'lang-switch') ?? ''
        expect((await browser.open(link)).text).to.contain('<html lang="zh-CN">')
        expect((await browser.open(path)).text).to.contain('<html lang="zh-CN">')
      }
    })

    it('asks for the QR page in the same language', async () => {
      expect((await begin('/auth/wechat/website?lang=en')).get('lang')).to.equal('en')
      expect((await begin('/auth/wechat/website?lang=zh')).get('lang')).to.equal('cn')
    })
  })

  it('has a page for unknown addresses', async () => {
    const { status, text } = await browser.open('/nowhere')

    expect(status).to.equal(404)
    expect(contentOf(text, 'failure-message')).to.equal('Check the address for typing errors.')
  })

  it('runs no scripts and cannot be put into a frame', async () => {
    for (const path of ['/', '/login/failed', '/nowhere']) {
      const policy = (await browser.open(path)).headers.get('content-security-policy')
      expect(policy)
        .to.contain("default-src 'none'")
        .and.to.contain("frame-ancestors 'none'")
        .and.not.to.contain('script-src')
    }
  })
})
