import { expect } from 'chai'
import jsQR from 'jsqr'
import { PNG } from 'pngjs'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { appOf, exchange, get, oneMinute, seen, type Answer } from './wechat.js'

const authorizePath = '/connect/oauth2/authorize'
const callbackUrl = 'http://localhost:3000/auth/wechat/callback'

function errorOf({ text }: Answer): [string | undefined, string | undefined] {
  return [
    /data-testid="error-number">([^<]*)</.exec(text)?.[1],
    /data-testid="error-text">([^<]*)</.exec(text)?.[1],
  ]
}

function locationOf({ headers }: { headers: Headers }): string {
  return headers.get('location') ?? ''
}

function codeIn(location: string): string {
  return new URL(location).searchParams.get('code') ?? ''
}

describe('pages of the sandbox', () => {
  let sandbox: Sandbox
  let mp: string
  let website: string

  before(async () => {
    sandbox = await startSandbox()
    mp = appOf(sandbox, 'mp').appId
    website = appOf(sandbox, 'website').appId
  })
  afterEach(() => sandbox.reset())
  after(() => sandbox.close())

  const post = async (path: string, fields: Record<string, string>): Promise<Response> =>
    fetch(sandbox.url + path, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' })

  describe(authorizePath, () => {
    const query = (changes: Record<string, string> = {}): Record<string, string> => ({
      appid: mp,
      redirect_uri: callbackUrl,
      response_type: 'code',
      scope: 'snsapi_userinfo',
      state: 'abc123',
      ...changes,
    })
    const ask = (changes: Record<string, string> = {}): Promise<Answer> =>
      get(sandbox, authorizePath, query(changes))
    const decide = (
      decision: string,
      user = 'alice',
      changes: Record<string, string> = {},
    ): Promise<Response> => post(authorizePath, { ...query(changes), decision, user })

    it('redirects at once for snsapi_base, with a code of that scope and the state', async () => {
      const answer = await ask({ scope: 'snsapi_base' })
      expect(answer.status).to.equal(302)
      expect(locationOf(answer)).to.match(
        /^http:\/\/localhost:3000\/auth\/wechat\/callback\?code=[A-Za-z0-9]{32}&state=abc123$/,
      )
      const { json } = await exchange(sandbox, 'mp', codeIn(locationOf(answer)))
      expect(json).to.include({
        scope: 'snsapi_base',
        openid: sandbox.idsOf({ appId: mp, user: 'alice' }).openid,
      })
    })

    it('logs in the current user', async () => {
      sandbox.currentUser = 'bob'
      const { json } = await exchange(sandbox, 'mp', codeIn(locationOf(await ask({ scope: 'snsapi_base' }))))
      expect(json['openid']).to.equal(sandbox.idsOf({ appId: mp, user: 'bob' }).openid)
    })

    it('asks for consent to snsapi_userinfo unless the user is silent', async () => {
      expect((await ask()).text).to.contain('data-testid="decision-allow"')
      sandbox.updateUser('alice', { silent: true })
      const answer = await ask()
      expect(answer.status).to.equal(302)
      expect((await exchange(sandbox, 'mp', codeIn(locationOf(answer)))).json).to.have.property(
        'scope',
        'snsapi_userinfo',
      )
    })

    it('keeps the query of redirect_uri and adds code and state before its fragment', async () => {
      const location = locationOf(
        await ask({ scope: 'snsapi_base', redirect_uri: 'http://localhost/cb?a=1&b=%2F#/pages/a?x=1' }),
      )
      expect(location).to.match(
        /^http:\/\/localhost\/cb\?a=1&b=%2F&code=\w{32}&state=abc123#\/pages\/a\?x=1$/,
      )
    })

    it('returns an empty state if none was sent', async () => {
      expect(locationOf(await ask({ scope: 'snsapi_base', state: '' }))).to.match(/&state=$/)
    })

    it('does not let redirect_uri or state add headers', async () => {
      const answer = await ask({
        scope: 'snsapi_base',
        redirect_uri: 'http://localhost/\r\nSet-Cookie: a=b',
        state: 'x\r\nSet-Cookie: a=b',
      })
      expect(answer.status).to.equal(302)
      expect(answer.headers.get('set-cookie')).to.equal(null)
      expect(locationOf(answer)).to.contain('state=x%0D%0ASet-Cookie%3A%20a%3Db')
    })

    it('allow: issues a code for the chosen user, and the browser remembers the user', async () => {
      const answer = await decide('allow', 'panda')
      expect(answer.status).to.equal(303)
      const { json } = await exchange(sandbox, 'mp', codeIn(locationOf(answer)))
      expect(json).to.include({
        openid: sandbox.idsOf({ appId: mp, user: 'panda' }).openid,
        scope: 'snsapi_userinfo',
      })
      const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? ''
      const silent = await fetch(
        `${sandbox.url}${authorizePath}?${new URLSearchParams(query({ scope: 'snsapi_base' })).toString()}`,
        { headers: { cookie }, redirect: 'manual' },
      )
      expect((await exchange(sandbox, 'mp', codeIn(locationOf(silent)))).json['openid']).to.equal(
        json['openid'],
      )
    })

    it('snapshot: issues a code for the virtual account', async () => {
      const { json } = await exchange(sandbox, 'mp', codeIn(locationOf(await decide('snapshot'))))
      expect(json).to.have.property('is_snapshotuser', 1)
    })

    it('allow-twice: shows a page that requests the callback twice', async () => {
      const answer = await decide('allow-twice')
      expect(answer.status).to.equal(200)
      const [, code = ''] = /code=(\w{32})/.exec(await answer.text()) ?? []
      expect((await exchange(sandbox, 'mp', code)).json).to.have.property('access_token')
      expect(answer.headers.get('content-security-policy')).to.contain("connect-src 'self' http: https:")
    })

    it('refuse: sends no code, or authdeny, or nothing', async () => {
      expect(locationOf(await decide('refuse-state-only'))).to.equal(`${callbackUrl}?state=abc123`)
      expect(locationOf(await decide('refuse-authdeny'))).to.equal(
        `${callbackUrl}?code=authdeny&state=abc123`,
      )
      const closed = await decide('refuse-close')
      expect([closed.status, closed.headers.get('location')]).to.deep.equal([200, null])
    })

    it('refuses an unknown decision or user, and a form with an invalid request', async () => {
      for (const answer of [
        await decide('perhaps'),
        await decide('allow', 'mallory'),
        await decide('allow', 'alice', { redirect_uri: 'javascript:alert(1)' }),
      ]) {
        expect([answer.status, answer.headers.get('location')]).to.deep.equal([200, null])
        expect(await answer.text()).to.contain('data-testid="error"')
      }
    })

    const steps: [string, Record<string, string>, [string | undefined, string]][] = [
      ['no appid', { appid: '', redirect_uri: '', scope: '' }, ['10012', 'appid不能为空']],
      ['no redirect_uri', { redirect_uri: '', scope: '' }, ['10011', 'redirect_uri不能为空']],
      ['no scope', { scope: '', appid: 'wx0' }, ['10010', 'scope不能为空']],
      [
        'an unknown appid',
        { appid: 'wx0', scope: 'x' },
        ['10016', '不支持微信开放平台的Appid，请使用公众号Appid'],
      ],
      [
        "a website's appid",
        { appid: 'wxsandbox000000002', scope: 'x' },
        ['10016', '不支持微信开放平台的Appid，请使用公众号Appid'],
      ],
      ['a response_type other than code', { response_type: 'token' }, [undefined, '该链接无法访问']],
      [
        'a scope of websites',
        { scope: 'snsapi_login', redirect_uri: 'nonsense' },
        ['10005', '此公众号并没有这些scope的权限'],
      ],
      [
        'a redirect_uri that is not a URL',
        { redirect_uri: 'nonsense' },
        [undefined, 'redirect_uri 参数错误'],
      ],
      [
        'a redirect_uri that is neither http nor https',
        { redirect_uri: 'javascript:alert(1)' },
        [undefined, 'redirect_uri 参数错误'],
      ],
      [
        'a port, not on this computer',
        { redirect_uri: 'https://app.example:8443/', state: 'x'.repeat(129) },
        ['10003', 'redirect_uri域名与后台配置不一致'],
      ],
      ['a state of 129 bytes', { state: 'x'.repeat(129) }, [undefined, 'state参数过长']],
      ['a state of 43 characters and 129 bytes', { state: '状'.repeat(43) }, [undefined, 'state参数过长']],
    ]
    for (const [what, changes, expected] of steps) {
      it(`${what}: the error page ${expected.filter(Boolean).join(' ')}`, async () => {
        const answer = await ask(changes)
        expect(answer.status).to.equal(200)
        expect(errorOf(answer)).to.deep.equal(expected)
      })
    }

    it('accepts a state of 128 bytes', async () => {
      expect(locationOf(await ask({ scope: 'snsapi_base', state: 'x'.repeat(128) }))).to.contain(
        `state=${'x'.repeat(128)}`,
      )
    })

    it('warns about parameters in another order, also in the request log', async () => {
      const { appid, redirect_uri, response_type, scope } = query() as Record<
        'appid' | 'redirect_uri' | 'response_type' | 'scope',
        string
      >
      const shuffled = { appid, redirect_uri, scope, response_type }
      expect((await get(sandbox, authorizePath, shuffled)).text).to.contain('参数顺序')
      expect(sandbox.requests.at(-1)?.warnings).to.have.length(1)
      expect((await ask()).text).not.to.contain('参数顺序')
      sandbox.configure({ parameterOrder: 'refuse' })
      expect(errorOf(await get(sandbox, authorizePath, shuffled))).to.deep.equal([
        undefined,
        'Scope 参数错误或没有 Scope 权限',
      ])
      sandbox.configure({ parameterOrder: 'ignore' })
      await get(sandbox, authorizePath, shuffled)
      expect(sandbox.requests.at(-1)?.warnings).to.deep.equal([])
    })

    it("uses the language of the query, or else the browser's, or else Chinese", async () => {
      const lang = async (
        changes: Record<string, string>,
        headers: Record<string, string> = {},
      ): Promise<string | undefined> => {
        const page = await fetch(
          `${sandbox.url}${authorizePath}?${new URLSearchParams(query(changes)).toString()}`,
          { headers },
        )
        return /<html lang="([^"]+)"/.exec(await page.text())?.[1]
      }
      expect(await lang({})).to.equal('zh-CN')
      expect(await lang({ lang: 'en' })).to.equal('en')
      expect(await lang({}, { 'accept-language': 'en-GB,en;q=0.9' })).to.equal('en')
      expect(await lang({ lang: 'zh_CN' }, { 'accept-language': 'en' })).to.equal('zh-CN')
    })

    it('is not cached, not framed, sends no referrer and runs only its own script', async () => {
      const { headers, text } = await ask()
      expect(headers.get('content-type')).to.equal('text/html; charset=utf-8')
      expect(headers.get('cache-control')).to.equal('no-store')
      expect(headers.get('referrer-policy')).to.equal('no-referrer')
      expect(headers.get('x-frame-options')).to.equal('DENY')
      expect(headers.get('content-security-policy')).to.match(
        /default-src 'none'.*script-src 'sha256-[^']+';.*frame-ancestors 'none'/,
      )
      expect(text.match(/<script/g)).to.have.length(1)
    })
  })

  describe('domains', () => {
    let strict: Sandbox
    const app = {
      appId: 'wxsandboxdomains01',
      appSecret: 's',
      type: 'mp' as const,
      domains: ['www.app.example', 'localhost:3000'],
    }

    before(async () => {
      strict = await startSandbox({ apps: [app] })
    })
    afterEach(() => strict.reset())
    after(() => strict.close())

    const isAllowed = async (redirectUri: string): Promise<boolean> =>
      (
        await get(strict, authorizePath, {
          appid: app.appId,
          redirect_uri: redirectUri,
          response_type: 'code',
          scope: 'snsapi_base',
        })
      ).status === 302

    it('must match exactly, without sub-domains or parents', async () => {
      expect(await isAllowed('https://www.app.example/any/path')).to.be.true
      expect(await isAllowed('http://WWW.app.example/')).to.be.true
      expect(await isAllowed('https://a.www.app.example/')).to.be.false
      expect(await isAllowed('https://app.example/')).to.be.false
      expect(await isAllowed('https://www.app.example@evil.example/')).to.be.false
    })

    it('allow a port only if the domain contains it or the settings allow ports', async () => {
      expect(await isAllowed('https://www.app.example:8443/')).to.be.false
      expect(await isAllowed('http://localhost:3000/')).to.be.true
      expect(await isAllowed('http://localhost:3001/')).to.be.false
      strict.configure({ allowPorts: true })
      expect(await isAllowed('https://www.app.example:8443/')).to.be.true
    })

    it('allow no port on this computer if allowPorts is false', async () => {
      const query = { appid: mp, redirect_uri: callbackUrl, response_type: 'code', scope: 'snsapi_base' }
      expect((await get(sandbox, authorizePath, query)).status).to.equal(302)
      sandbox.configure({ allowPorts: false })
      expect(errorOf(await get(sandbox, authorizePath, query))[0]).to.equal('10003')
    })
  })

  describe('/connect/qrconnect', () => {
    const query = (changes: Record<string, string> = {}): Record<string, string> => ({
      appid: website,
      redirect_uri: callbackUrl,
      response_type: 'code',
      scope: 'snsapi_login',
      state: 'abc123',
      ...changes,
    })
    const open = async (changes: Record<string, string> = {}): Promise<string> =>
      /<uuid><!\[CDATA\[(\w{16})\]\]><\/uuid>/.exec(
        (await get(sandbox, '/connect/qrconnect', query({ f: 'xml', ...changes }))).text,
      )?.[1] ?? ''
    const poll = async (uuid: string, last?: number): Promise<string> =>
      (
        await get(sandbox, '/connect/l/qrconnect', {
          uuid,
          ...(last === undefined ? {} : { last: String(last) }),
          _: '1',
        })
      ).text
    const wxErrcode = async (uuid: string, last?: number): Promise<number> =>
      Number(/^window\.wx_errcode=(\d+);window\.wx_code='';$/.exec(await poll(uuid, last))?.[1])
    const scan = (uuid: string): Promise<Answer> => get(sandbox, '/connect/confirm', { uuid })
    const decide = (uuid: string, decision: string, user = 'bob'): Promise<Response> =>
      post('/connect/confirm', { uuid, decision, user })

    it('shows a QR code with the address of the phone page', async () => {
      const { text, headers } = await get(sandbox, '/connect/qrconnect', query())
      expect(headers.get('content-security-policy')).to.contain('frame-ancestors *')
      expect(headers.get('x-frame-options')).to.equal(null)
      const [, path = ''] =
        /<img class="qrcode lightBorder" src="(\/connect\/qrcode\/\w{16})"/.exec(text) ?? []
      const picture = await fetch(sandbox.url + path)
      expect(picture.headers.get('content-type')).to.equal('image/png')
      const { data, width, height } = PNG.sync.read(Buffer.from(await picture.arrayBuffer()))
      const read = jsQR.default(Uint8ClampedArray.from(data), width, height)
      expect(read?.data).to.equal(`${sandbox.url}/connect/confirm?uuid=${path.split('/').pop() ?? ''}`)
    })

    it('replies to the long poll at once when the code is scanned, confirmed or cancelled', async () => {
      const uuid = await open()
      const waiting = wxErrcode(uuid)
      await seen(sandbox, '/connect/l/qrconnect')
      await scan(uuid)
      expect(await waiting).to.equal(404)
      expect(await wxErrcode(uuid)).to.equal(404)
      const scanned = wxErrcode(uuid, 404)
      await decide(uuid, 'cancel')
      expect(await scanned).to.equal(403)
      await scan(uuid)
      expect(await wxErrcode(uuid, 403)).to.equal(404)
      const confirming = poll(uuid, 404)
      await decide(uuid, 'confirm')
      const [, code = ''] =
        /^window\.wx_errcode=405;window\.wx_code='(\w{32})';$/.exec(await confirming) ?? []
      expect((await exchange(sandbox, 'website', code)).json).to.include({
        scope: 'snsapi_login',
        openid: sandbox.idsOf({ appId: website, user: 'bob' }).openid,
      })
    })

    it('replies with 408, or 404 once scanned, if nothing happens until the timeout', async () => {
      sandbox.configure({ longPollTimeout: 30 })
      const uuid = await open()
      expect(await wxErrcode(uuid)).to.equal(408)
      await scan(uuid)
      expect(await wxErrcode(uuid, 404)).to.equal(404)
      expect((await get(sandbox, '/connect/l/qrconnect', { uuid })).headers.get('content-type')).to.equal(
        'text/javascript',
      )
    })

    it('replies with 402 at once when the code expires, and for an unknown code', async () => {
      const uuid = await open()
      const waiting = wxErrcode(uuid)
      await seen(sandbox, '/connect/l/qrconnect')
      sandbox.clock.advance(5 * oneMinute)
      expect(await waiting).to.equal(402)
      expect(await wxErrcode('nonsense')).to.equal(402)
      expect((await scan(uuid)).text).to.contain('data-testid="phone-status" data-status="expired"')
    })

    it('ignores everything after a confirmation', async () => {
      const uuid = await open()
      await decide(uuid, 'confirm')
      const first = await poll(uuid)
      await decide(uuid, 'cancel')
      await decide(uuid, 'confirm', 'alice')
      await scan(uuid)
      expect(await poll(uuid)).to.equal(first)
    })

    it('does not count HEAD as a scan', async () => {
      const uuid = await open()
      await fetch(`${sandbox.url}/connect/confirm?uuid=${uuid}`, { method: 'HEAD' })
      sandbox.configure({ longPollTimeout: 20 })
      expect(await wxErrcode(uuid)).to.equal(408)
    })

    it("needs no response_type, as WeChat's widget sends none", async () => {
      expect(await open({ response_type: '' })).to.have.length(16)
    })

    it('redirects with the state after a cancellation, if configured', async () => {
      expect((await get(sandbox, '/connect/qrconnect', query())).text).not.to.contain('?state=abc123')
      sandbox.configure({ qrCancelRedirects: true })
      expect((await get(sandbox, '/connect/qrconnect', query())).text).to.contain(
        `${callbackUrl}?state=abc123`,
      )
    })

    it('accepts a style sheet only from http, https or data:text/css, and none with stylelite', async () => {
      const sheets = async (changes: Record<string, string>): Promise<string[]> =>
        (await get(sandbox, '/connect/qrconnect', query(changes))).text.match(
          /<link rel="stylesheet"[^>]*>/g,
        ) ?? []
      expect(await sheets({ href: 'https://app.example/a.css' })).to.have.length(1)
      expect(await sheets({ href: 'data:text/css;base64,YQ==' })).to.have.length(1)
      expect(await sheets({ href: 'javascript:alert(1)' })).to.have.length(0)
      expect(await sheets({ href: 'data:text/html,x' })).to.have.length(0)
      expect(await sheets({ href: 'https://app.example/a.css', stylelite: '1' })).to.have.length(0)
    })

    const errors: [string, Record<string, string>, [string | undefined, string]][] = [
      ['no appid', { appid: '' }, ['10012', 'appid不能为空']],
      ['an unknown appid', { appid: 'wx0' }, [undefined, 'Scope 参数错误或没有 Scope 权限']],
      [
        "an official account's appid",
        { appid: 'wxsandbox000000001' },
        [undefined, 'Scope 参数错误或没有 Scope 权限'],
      ],
      [
        'a scope of official accounts',
        { scope: 'snsapi_userinfo' },
        [undefined, 'Scope 参数错误或没有 Scope 权限'],
      ],
      ['a wrong domain', { redirect_uri: 'https://app.example:81/' }, [undefined, 'redirect_uri 参数错误']],
      ['a long state', { state: 'x'.repeat(129) }, [undefined, 'state参数过长']],
    ]
    for (const [what, changes, expected] of errors) {
      it(`${what}: the error page ${expected.filter(Boolean).join(' ')}`, async () => {
        expect(errorOf(await get(sandbox, '/connect/qrconnect', query(changes)))).to.deep.equal(expected)
      })
    }

    it('shows error pages for the phone and the picture of an unknown uuid', async () => {
      for (const path of ['/connect/confirm?uuid=nonsense', '/connect/qrcode/nonsense']) {
        expect(await (await fetch(sandbox.url + path)).text()).to.contain('data-testid="error"')
      }
    })
  })

  it('the home page lists apps with secrets, and users', async () => {
    const { text } = await get(sandbox, '/')
    for (const { appId, appSecret } of sandbox.apps) expect(text).to.contain(appId).and.contain(appSecret)
    for (const { nickname } of sandbox.users) expect(text).to.contain(nickname)
  })
})
