import { expect } from 'chai'
import { client } from '../../helpers/wechat-replies.js'

const redirect = 'https://example.com/auth/wechat/callback?next=/a b&x=1'
const encoded = 'https%3A%2F%2Fexample.com%2Fauth%2Fwechat%2Fcallback%3Fnext%3D%2Fa%20b%26x%3D1'
const mp = 'https://open.weixin.qq.com/connect/oauth2/authorize'
const website = 'https://open.weixin.qq.com/connect/qrconnect'

describe('getAuthorizeURL', () => {
  const oauth = client()

  it('asks for snsapi_base without a state by default', () => {
    expect(oauth.getAuthorizeURL(redirect)).to.equal(
      `${mp}?appid=wx00000000000000aa&redirect_uri=${encoded}&response_type=code&scope=snsapi_base&state=#wechat_redirect`,
    )
  })

  it('puts the parameters in the order that WeChat requires, and the fragment last', () => {
    expect(
      oauth.getAuthorizeURL(redirect, 'abc 1', 'snsapi_userinfo', { forceSnapShot: false, forcePopup: true }),
    ).to.equal(
      `${mp}?appid=wx00000000000000aa&redirect_uri=${encoded}&response_type=code&scope=snsapi_userinfo&state=abc%201` +
        '&forcePopup=true&forceSnapShot=false#wechat_redirect',
    )
  })

  it('does not send parameters of the QR page or unknown ones', () => {
    const extra = { style: 'white', appid: 'wxother', forcePopup: undefined }
    expect(oauth.getAuthorizeURL('https://a.cn/', 's', 'snsapi_base', extra as object)).to.equal(
      `${mp}?appid=wx00000000000000aa&redirect_uri=https%3A%2F%2Fa.cn%2F&response_type=code&scope=snsapi_base&state=s#wechat_redirect`,
    )
  })

  it('does not add a language', () => {
    expect(client({ lang: 'en' }).getAuthorizeURL('https://a.cn/')).to.not.contain('lang')
  })

  it('encodes the state, so that it cannot add parameters', () => {
    expect(oauth.getAuthorizeURL('https://a.cn/', 'a&scope=b#c')).to.match(
      /&state=a%26scope%3Db%23c#wechat_redirect$/,
    )
  })

  it('uses the configured endpoint, with or without a slash at its end', () => {
    expect(client({ endpoints: 'http://127.0.0.1:8080/' }).getAuthorizeURL('https://a.cn/')).to.match(
      /^http:\/\/127\.0\.0\.1:8080\/connect\/oauth2\/authorize\?appid=/,
    )
    expect(
      client({ endpoints: { open: 'https://proxy.example/wechat//' } }).getAuthorizeURL('https://a.cn/'),
    ).to.match(/^https:\/\/proxy\.example\/wechat\/connect\/oauth2\/authorize\?appid=/)
  })

  it('accepts a state of 128 bytes', () => {
    expect(oauth.getAuthorizeURL('https://a.cn/', 'a'.repeat(128))).to.contain(`&state=${'a'.repeat(128)}#`)
  })
})

describe('getAuthorizeURLForWebsite', () => {
  const oauth = client()

  it('asks for snsapi_login without a state by default', () => {
    expect(oauth.getAuthorizeURLForWebsite(redirect)).to.equal(
      `${website}?appid=wx00000000000000aa&redirect_uri=${encoded}&response_type=code&scope=snsapi_login&state=#wechat_redirect`,
    )
  })

  it('puts the page parameters after the state, in a fixed order', () => {
    const extra = {
      fast_login: 0,
      stylelite: 1,
      self_redirect: true,
      href: 'https://a.cn/x.css?y=1',
      style: 'white',
      lang: 'cn',
    } as const
    expect(oauth.getAuthorizeURLForWebsite('https://a.cn/', 's', 'snsapi_login', extra)).to.equal(
      `${website}?appid=wx00000000000000aa&redirect_uri=https%3A%2F%2Fa.cn%2F&response_type=code&scope=snsapi_login&state=s` +
        '&lang=cn&style=white&href=https%3A%2F%2Fa.cn%2Fx.css%3Fy%3D1&self_redirect=true&stylelite=1&fast_login=0#wechat_redirect',
    )
  })

  it("shows the page in English if the client's language is English", () => {
    expect(client({ lang: 'en' }).getAuthorizeURLForWebsite('https://a.cn/', 's')).to.match(
      /&state=s&lang=en#wechat_redirect$/,
    )
  })

  it('uses the language of a call', () => {
    expect(
      client({ lang: 'en' }).getAuthorizeURLForWebsite('https://a.cn/', 's', 'snsapi_login', { lang: 'cn' }),
    ).to.match(/&state=s&lang=cn#wechat_redirect$/)
  })

  it("uses the language of the client if the call's is undefined", () => {
    const extra = { lang: undefined } as unknown as { lang: 'en' }
    expect(
      client({ lang: 'en' }).getAuthorizeURLForWebsite('https://a.cn/', 's', 'snsapi_login', extra),
    ).to.match(/&lang=en#wechat_redirect$/)
  })

  it('adds no language for Chinese, which is the default of the page', () => {
    expect(client({ lang: 'zh_TW' }).getAuthorizeURLForWebsite('https://a.cn/', 's')).to.match(
      /&state=s#wechat_redirect$/,
    )
  })
})

describe('arguments of the authorize URLs', () => {
  const oauth = client()
  const wrong: [what: string, names: RegExp, args: unknown[]][] = [
    ['no redirect', /redirect/, []],
    ['an empty redirect', /redirect/, ['']],
    ['a path as redirect', /redirect/, ['/callback']],
    ['a redirect of another scheme', /redirect/, ['javascript:alert(1)']],
    ['a redirect that is not a string', /redirect/, [{ toString: () => 'https://a.cn/' }]],
    ['a redirect with blanks around it', /redirect/, [' https://a.cn/']],
    ['a redirect with a line break at its end', /redirect/, ['https://a.cn/\r\n']],
    ['a redirect with half of a surrogate pair', /redirect/, ['https://a.cn/?x=\ud800']],
    ['a state of 129 bytes', /state/, ['https://a.cn/', 'a'.repeat(129)]],
    ['a state of 43 characters that are 129 bytes', /state/, ['https://a.cn/', '中'.repeat(43)]],
    ['a state that is not a string', /state/, ['https://a.cn/', 5]],
    ['null as state', /state/, ['https://a.cn/', null]],
    ['a state with half of a surrogate pair', /state/, ['https://a.cn/', 'a\udc00']],
    ['an empty scope', /scope/, ['https://a.cn/', '', '']],
    ['an array as scope', /scope/, ['https://a.cn/', '', ['snsapi_base']]],
    ['a scope with half of a surrogate pair', /scope/, ['https://a.cn/', '', 'snsapi_\ud800']],
  ]
  for (const method of ['getAuthorizeURL', 'getAuthorizeURLForWebsite'] as const) {
    for (const [what, names, args] of wrong) {
      it(`${method} refuses ${what}`, () => {
        expect(() => (oauth[method] as (...values: unknown[]) => string)(...args)).to.throw(TypeError, names)
      })
    }
  }

  it('refuse a page parameter that is an object, and name it', () => {
    expect(() =>
      oauth.getAuthorizeURLForWebsite('https://a.cn/', '', 'snsapi_login', { href: {} } as never),
    ).to.throw(TypeError, /href/)
    expect(() =>
      oauth.getAuthorizeURL('https://a.cn/', '', 'snsapi_base', { forcePopup: [] } as never),
    ).to.throw(TypeError, /forcePopup/)
  })

  it('refuse a page parameter with half of a surrogate pair, and name it', () => {
    expect(() =>
      oauth.getAuthorizeURLForWebsite('https://a.cn/', '', 'snsapi_login', { href: 'https://a.cn/\ud800' }),
    ).to.throw(TypeError, /href/)
  })

  it('refuse a scope of the other page, and name the right one', () => {
    const cases = [
      [
        'getAuthorizeURL',
        'snsapi_login',
        'snsapi_login belongs to mode website. For mp write snsapi_userinfo or snsapi_base',
      ],
      [
        'getAuthorizeURLForWebsite',
        'snsapi_login,snsapi_base',
        'snsapi_base belongs to mode mp. For website write snsapi_login',
      ],
    ] as const
    for (const [method, scope, message] of cases) {
      const call = (): string => oauth[method]('https://a.cn/', '', scope)
      expect(call).to.throw(TypeError).with.property('message', `${method}: scope ${message}`)
    }
  })
})
