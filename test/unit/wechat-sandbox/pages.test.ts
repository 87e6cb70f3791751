import { createContext, Script } from 'node:vm'
import { expect } from 'chai'
import { texts } from '../../../packages/wechat-sandbox/src/pages/i18n.js'
import {
  afterConsentPage,
  consentPage,
  errorPage,
  homePage,
  miniProgramPage,
  phonePage,
  qrPage,
} from '../../../packages/wechat-sandbox/src/pages/index.js'
import type {
  ConsentView,
  HomeView,
  MiniProgramView,
  PageApp,
  PageLang,
  PageUser,
  PhoneView,
  QrView,
} from '../../../packages/wechat-sandbox/src/pages/views.js'

const langs: PageLang[] = ['zh_CN', 'en']
const harmless = 'harmless'
const hostileText =
  '</script></style></title></textarea><script>alert(1)</script><!--"\' onload=alert(1) x=`${alert(1)}`&lt;\u2028\u2029\u0000\ud83d\u202e'

/** Every view with `text` in each place where somebody else's text can be. */
function consentView(text: string, lang: PageLang): ConsentView {
  return {
    lang,
    app: app(text),
    scopes: ['snsapi_userinfo', text],
    redirectUri: `https://app.example/${text}`,
    users: users(text),
    selectedUser: 'bob',
    warnings: [text],
    action: `/authorize?${text}`,
    fields: { state: text, [`${text}!`]: text },
  }
}

function qrView(text: string, lang: PageLang): QrView {
  return {
    lang,
    app: app(text),
    uuid: text,
    qrUrl: `/qr/${text}`,
    confirmUrl: `/confirm?${text}`,
    pollUrl: `/poll?${text}`,
    redirectUri: `https://app.example/${text}`,
    state: text,
    selfRedirect: false,
    style: 'black',
    stylelite: false,
    cancelUrl: `https://app.example/?state=${text}`,
    href: `data:text/css,${text}`,
    warnings: [text],
  }
}

function phoneView(text: string, lang: PageLang, status: PhoneView['status']): PhoneView {
  return {
    lang,
    app: app(text),
    uuid: text,
    users: users(text),
    selectedUser: 'bob',
    action: `/confirm?${text}`,
    status,
  }
}

function miniProgramView(text: string, lang: PageLang): MiniProgramView {
  return {
    lang,
    apps: [app(text), { ...app(text), type: 'miniprogram' }],
    users: users(text),
    loginUrl: `/l?${text}`,
    encryptUrl: `/e?${text}`,
    requestUrl: `/r?${text}`,
    serverUrl: `http://127.0.0.1/${text}`,
  }
}

function homeView(text: string, lang: PageLang): HomeView {
  return {
    lang,
    url: `http://127.0.0.1:1/${text}`,
    users: users(text),
    miniProgramUrl: `/__sandbox/miniprogram?${text}`,
    apps: (['mp', 'website', 'miniprogram'] as const).map((type) => ({
      ...app(text),
      type,
      appSecret: text,
    })),
  }
}

function app(text: string): PageApp {
  return { appId: text, name: text, type: 'mp' }
}

function users(text: string): PageUser[] {
  return [
    { id: 'bob', nickname: text },
    { id: text, nickname: text, headimgurl: `/avatar/${text}` },
    { id: 'nobody', nickname: '' },
  ]
}

const everyPage: Record<string, (text: string, lang: PageLang) => string> = {
  'consent page': (text, lang) => consentPage(consentView(text, lang)),
  'page after closing': (_text, lang) => afterConsentPage({ lang, kind: 'closed' }),
  'page that calls back twice': (text, lang) =>
    afterConsentPage({ lang, kind: 'twice', twice: `https://app.example/?${text}` }),
  'QR page': (text, lang) => qrPage(qrView(text, lang)),
  'compact QR page': (text, lang) => qrPage({ ...qrView(text, lang), stylelite: true, style: 'white' }),
  'phone page': (text, lang) => phonePage(phoneView(text, lang, 'scanned')),
  'confirmed phone page': (text, lang) => phonePage(phoneView(text, lang, 'confirmed')),
  'cancelled phone page': (text, lang) => phonePage(phoneView(text, lang, 'cancelled')),
  'expired phone page': (text, lang) => phonePage(phoneView(text, lang, 'expired')),
  'mini-program console': (text, lang) => miniProgramPage(miniProgramView(text, lang)),
  'error page': (text, lang) => errorPage({ lang, number: 10003, text, hint: text }),
  'home page': (text, lang) => homePage(homeView(text, lang)),
}

interface Element {
  name: string
  attributes: Record<string, string>
}

const entities: Record<string, string> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&#96;': '`',
}

function decode(text: string): string {
  return text.replace(/&[#\w]+;/g, (entity) => entities[entity] ?? entity)
}

/** The tags of a document that quotes all its attributes; fails on anything that is neither such a tag nor text. */
function elements(html: string): Element[] {
  const markup = html.replace(/(<(script|style)>)[^]*?(<\/\2>)/g, '$1$3').replace(/^<!doctype html>/, '')
  const found: Element[] = []
  const rest = markup.replace(
    /<(\/?[a-z][a-z0-9]*)((?:\s+[a-z-]+(?:="[^"<>]*")?)*)\s*\/?>/gi,
    (_tag, name: string, attributes: string) => {
      found.push({
        name,
        attributes: Object.fromEntries(
          [...attributes.matchAll(/([a-z-]+)(?:="([^"]*)")?/gi)].map(([, key, value]) => [
            key!,
            decode(value ?? ''),
          ]),
        ),
      })
      return ''
    },
  )
  expect(rest).to.not.match(/[<>]/)
  return found
}

function byTestId(html: string, id: string): Element[] {
  return elements(html).filter(({ attributes }) => attributes['data-testid'] === id)
}

function scriptsOf(html: string): string[] {
  return [...html.matchAll(/<script>([^]*?)<\/script>/g)].map(([, code]) => code!)
}

function decisionsOf(html: string): string[] {
  return elements(html)
    .filter(({ name, attributes }) => name === 'button' && attributes['name'] === 'decision')
    .map(({ attributes }) => attributes['value']!)
}

function hiddenOf(html: string): Record<string, string> {
  return Object.fromEntries(
    elements(html)
      .filter(({ attributes }) => attributes['type'] === 'hidden')
      .map(({ attributes }) => [attributes['name']!, attributes['value']!]),
  )
}

/** What the script of a page gets from the view. */
function dataOf(html: string): Record<string, unknown> {
  return JSON.parse(/^const scriptData = (.*)$/m.exec(scriptsOf(html)[0]!)![1]!) as Record<string, unknown>
}

describe('pages of the sandbox', () => {
  for (const [title, page] of Object.entries(everyPage)) {
    for (const lang of langs) {
      describe(`${title} in ${lang}`, () => {
        const html = page(harmless, lang)

        it('is a document with its language, a title and a viewport', () => {
          const [first] = elements(html)
          expect(html).to.match(/^<!doctype html>/)
          expect(first).to.have.property('name', 'html')
          expect(first!.attributes['lang']).to.equal(lang === 'en' ? 'en' : 'zh-CN')
          expect(/<title>([^<]*)<\/title>/.exec(html)![1]!.trim()).to.not.equal('')
          expect(elements(html).filter(({ attributes }) => attributes['name'] === 'viewport')).to.have.length(
            1,
          )
        })

        it('says that it is not WeChat', () => {
          expect(byTestId(html, 'banner')).to.have.length(1)
          expect(html).to.include(texts[lang].banner)
        })

        it('has one style, one script and no handlers in attributes, and loads nothing from other hosts', () => {
          expect(html.match(/<style/g)).to.have.length(1)
          expect(html.match(/<script/g)).to.have.length(1)
          for (const { name, attributes } of elements(html)) {
            expect(Object.keys(attributes).filter((key) => key.startsWith('on'))).to.deep.equal([])
            if (name !== 'a')
              expect([attributes['src'], attributes['href'], attributes['action']].join(' ')).to.not.match(
                /\/\//,
              )
          }
          expect(/<style>([^]*?)<\/style>/.exec(html)![1]).to.not.match(/url\(|@import/)
        })

        it('has a script that compiles', () => {
          expect(() => new Script(scriptsOf(html)[0]!)).to.not.throw()
        })

        it('keeps its structure for any values', () => {
          const shape = (text: string): string[] =>
            elements(page(text, lang)).map(({ name, attributes }) =>
              [name, ...Object.keys(attributes)].join(' '),
            )
          expect(shape(hostileText)).to.deep.equal(shape(harmless))
        })

        it('keeps its script for any values', () => {
          const hostile = page(hostileText, lang)
          const [code] = scriptsOf(hostile)
          expect(scriptsOf(hostile)).to.have.length(1)
          expect(code).to.not.match(/<\/|<!--|[\u2028\u2029]/)
          expect(code!.replace(/^const scriptData = .*$/m, '')).to.equal(
            scriptsOf(html)[0]!.replace(/^const scriptData = .*$/m, ''),
          )
          expect(() => new Script(code!)).to.not.throw()
        })

        it('labels every field and names every button', () => {
          const labelled = elements(html)
            .filter(({ name }) => name === 'label')
            .map(({ attributes }) => attributes['for'])
          for (const { name, attributes } of elements(html)) {
            if (name === 'select' || name === 'textarea' || attributes['type'] === 'url')
              expect(labelled).to.include(attributes['id'])
          }
          expect(html).to.not.match(/<button[^>]*>\s*<\/button>/)
        })
      })
    }
  }

  it('say the same things in both languages', () => {
    const keys = (value: unknown, path = ''): string[] =>
      typeof value === 'object' && value !== null
        ? Object.entries(value).flatMap(([key, inner]) => keys(inner, `${path}.${key}`))
        : [path]
    expect(keys(texts.zh_CN)).to.deep.equal(keys(texts.en))
  })

  it('link to themselves in the other language with the same parameters', () => {
    const [link] = byTestId(consentPage(consentView('a&b', 'en')), 'lang-zh_CN')
    const query = new URLSearchParams(link!.attributes['href'])
    expect(Object.fromEntries(query)).to.include({
      lang: 'zh_CN',
      appid: 'a&b',
      response_type: 'code',
      state: 'a&b',
    })
    expect(query.get('redirect_uri')).to.equal('https://app.example/a&b')
    expect(
      byTestId(phonePage(phoneView('u', 'zh_CN', 'scanned')), 'lang-en')[0]!.attributes['href'],
    ).to.equal('?uuid=u&lang=en')
  })

  it('do not link to the other language if loading the page has an effect', () => {
    expect(phonePage(phoneView('u', 'en', 'cancelled'))).to.not.include('data-testid="lang-')
    expect(afterConsentPage({ lang: 'en', kind: 'closed' })).to.not.include('data-testid="lang-')
  })
})

describe('consent page', () => {
  const html = consentPage(consentView(hostileText, 'en'))

  it('copies the hidden fields exactly', () => {
    expect(hiddenOf(html)).to.deep.equal({ lang: 'en', state: hostileText, [`${hostileText}!`]: hostileText })
  })

  it('prefers the language of the given fields', () => {
    expect(hiddenOf(consentPage({ ...consentView('x', 'en'), fields: { lang: 'zh_TW' } }))).to.deep.equal({
      lang: 'zh_TW',
    })
  })

  it('posts to the action', () => {
    const [form] = elements(html).filter(({ name }) => name === 'form')
    expect(form!.attributes).to.include({ method: 'post', action: `/authorize?${hostileText}` })
  })

  it('offers “allow” first, so that Enter allows, and then every other decision', () => {
    expect(decisionsOf(html)[0]).to.equal('allow')
    expect(new Set(decisionsOf(html))).to.deep.equal(
      new Set(['allow', 'allow-twice', 'snapshot', 'refuse-state-only', 'refuse-authdeny', 'refuse-close']),
    )
    for (const decision of new Set(decisionsOf(html)))
      expect(byTestId(html, `decision-${decision}`), decision).to.have.length(1)
  })

  it('selects only the given user', () => {
    const radios = elements(html).filter(({ attributes }) => attributes['type'] === 'radio')
    expect(radios.map(({ attributes }) => attributes['value'])).to.deep.equal(['bob', hostileText, 'nobody'])
    expect(
      radios.filter(({ attributes }) => 'checked' in attributes).map(({ attributes }) => attributes['value']),
    ).to.deep.equal(['bob'])
  })

  it('selects the first user if the given one does not exist', () => {
    const [first] = byTestId(consentPage({ ...consentView('x', 'en'), selectedUser: 'gone' }), 'user-bob')
    expect(first!.attributes).to.have.property('checked')
  })

  it('shows warnings, and no empty box without them', () => {
    expect(byTestId(html, 'warnings')[0]!.attributes).to.not.have.property('hidden')
    expect(
      byTestId(consentPage({ ...consentView('x', 'en'), warnings: [] }), 'warnings')[0]!.attributes,
    ).to.have.property('hidden')
  })

  it('draws a letter for a user without a picture, and loads pictures only by http, data or from its own host', () => {
    const pictures = (headimgurl: string) =>
      elements(consentPage({ ...consentView('x', 'en'), users: [{ id: 'a', nickname: 'Z', headimgurl }] }))
        .filter(({ name }) => name === 'img')
        .map(({ attributes }) => attributes['src'])
    expect(pictures('https://pictures.example/1')).to.deep.equal(['https://pictures.example/1'])
    expect(pictures('/avatar/1')).to.deep.equal(['/avatar/1'])
    expect(pictures('javascript:alert(1)')).to.deep.equal([])
    expect(pictures('data:text/html,x')).to.deep.equal([])
    expect(consentPage({ ...consentView('x', 'en'), users: [{ id: 'a', nickname: '👨‍👩‍👧 family' }] })).to.match(
      />👨‍👩‍👧<\/span\s*>/u,
    )
  })
})

interface Fake {
  dataset: Record<string, string>
  textContent: string
  hidden: boolean
  href?: string
  target?: string
}

/** Runs the script of a page in a browser that has just enough for it. */
function browse(html: string, { framed = false, search = '', answers = [] as string[] } = {}) {
  const fakes = new Map<string, Fake>()
  const fake = (selector: string): Fake => {
    const known = fakes.get(selector)
    if (known) return known
    const made = {
      dataset: {},
      textContent: '',
      hidden: true,
      classList: { remove: () => {} },
      addEventListener: () => {},
      querySelector: fake,
      append: () => {},
    }
    fakes.set(selector, made)
    return made
  }
  const delays: { run: (...values: unknown[]) => unknown; delay: number; values: unknown[] }[] = []
  const requests: { url: string; init: Record<string, unknown> }[] = []
  const went: string[] = []
  const place = (window: string) => ({ set: (url: string) => went.push(`${window} ${url}`) })
  const self: Record<string, unknown> = {}
  const top: Record<string, unknown> = framed ? {} : self
  const location = {
    search,
    pathname: '/here',
    hash: '',
    replace: (url: string) => went.push(`replace ${url}`),
  }
  Object.defineProperty(self, 'location', { get: () => location, ...place('self') })
  if (framed) Object.defineProperty(top, 'location', place('top'))
  Object.assign(self, { self, top })
  const listeners: (() => void)[] = []
  const context = createContext({
    window: self,
    location,
    console: { warn: () => {} },
    AbortSignal,
    URLSearchParams,
    document: {
      documentElement: { classList: { toggle: () => {} } },
      querySelector: fake,
      querySelectorAll: () => [],
      createElement: () => fake('new'),
      addEventListener: (_event: string, listener: () => void) => {
        listeners.push(listener)
      },
    },
    fetch: (url: string, init: Record<string, unknown>) => {
      requests.push({ url, init })
      const answer = answers.shift()
      return answer === undefined
        ? Promise.reject(new Error('down'))
        : Promise.resolve({ text: () => Promise.resolve(answer) })
    },
    setTimeout: (run: () => unknown, delay: number, ...values: unknown[]) =>
      delays.push({ run, delay, values }),
  })
  new Script(scriptsOf(html)[0]!).runInContext(context)
  for (const listener of listeners) listener()
  const settled = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve()
  }
  return { element: (id: string) => fake(`[data-testid="${id}"]`), delays, requests, went, settled }
}

function answer(errcode: number, code = ''): string {
  return `window.wx_errcode=${errcode};window.wx_code='${code}';`
}

describe('QR page', () => {
  const view: QrView = {
    ...qrView('x', 'en'),
    pollUrl: '/connect/l/qrconnect?uuid=u',
    state: 's',
    redirectUri: 'https://app.example/cb',
  }
  delete view.cancelUrl

  const rows = [
    { errcode: 408, status: undefined, delay: 2000, last: '' },
    { errcode: 404, status: 'scanned', delay: 100, last: 'last=404&' },
    { errcode: 403, status: 'cancelled', delay: 2000, last: 'last=403&' },
  ]
  for (const { errcode, status, delay, last } of rows) {
    it(`on ${errcode} ${status ? `shows “${status}” and asks` : 'asks'} again after ${delay} ms`, async () => {
      const page = browse(qrPage(view), { answers: [answer(errcode), answer(408)] })
      await page.settled()
      expect(page.requests[0]!.url).to.match(/^\/connect\/l\/qrconnect\?uuid=u&_=\d+$/)
      expect(page.element('qr-status').dataset['status']).to.equal(status)
      expect(page.delays.map((timer) => timer.delay)).to.deep.equal([delay])
      await page.delays[0]!.run(...page.delays[0]!.values)
      expect(page.requests[1]!.url.replace(/_=\d+$/, '')).to.equal(`/connect/l/qrconnect?uuid=u&${last}`)
      expect(page.went).to.deep.equal([])
    })
  }

  for (const errcode of [402, 500]) {
    it(`on ${errcode} offers a new code and stops asking`, async () => {
      const page = browse(qrPage(view), { answers: [answer(errcode)] })
      await page.settled()
      expect(page.element('qr-status').dataset['status']).to.equal('expired')
      expect(page.element('qr-reload').hidden).to.be.false
      expect(page.delays).to.deep.equal([])
    })
  }

  it('asks again if the request fails', async () => {
    const page = browse(qrPage(view))
    await page.settled()
    expect(page.delays.map(({ delay }) => delay)).to.deep.equal([2000])
  })

  const confirmed = async (changes: Partial<QrView>, framed = false): Promise<string[]> => {
    const page = browse(qrPage({ ...view, ...changes }), { framed, answers: [answer(405, 'CODE')] })
    await page.settled()
    expect(page.element('qr-status').dataset['status']).to.equal('confirmed')
    return page.went
  }

  it('on 405 opens the redirect_uri with code and state', async () => {
    expect(await confirmed({})).to.deep.equal(['self https://app.example/cb?code=CODE&state=s'])
  })

  it('on 405 appends to a query, and after a fragment, as WeChat’s page does', async () => {
    expect(await confirmed({ redirectUri: 'https://app.example/cb?a=1&amp;b=2' })).to.deep.equal([
      'self https://app.example/cb?a=1&b=2&code=CODE&state=s',
    ])
    expect(await confirmed({ redirectUri: 'https://app.example/#/login' })).to.deep.equal([
      'self https://app.example/#/login?code=CODE&state=s',
    ])
  })

  it('on 405 in a frame redirects the top window, or the frame with self_redirect', async () => {
    expect(await confirmed({}, true)).to.deep.equal(['top https://app.example/cb?code=CODE&state=s'])
    expect(await confirmed({ selfRedirect: true }, true)).to.deep.equal([
      'self https://app.example/cb?code=CODE&state=s',
    ])
  })

  it('on 405 does not run a redirect_uri with a script', async () => {
    expect(await confirmed({ redirectUri: 'javascript:alert(1)//' })).to.deep.equal([])
  })

  it('opens the address for cancellations if there is one', async () => {
    const page = browse(qrPage({ ...view, cancelUrl: 'https://app.example/cb?state=s' }), {
      answers: [answer(403)],
    })
    await page.settled()
    expect(page.went).to.deep.equal(['self https://app.example/cb?state=s'])
  })

  it('shows the picture in the element that programs look for, and opens the phone page in a new tab', () => {
    expect(qrPage({ ...view, qrUrl: '/connect/qrcode/u' })).to.include(
      '<img class="qrcode lightBorder" src="/connect/qrcode/u"',
    )
    expect(byTestId(qrPage(view), 'qr-open-phone')[0]!.attributes).to.include({
      href: '/confirm?x',
      target: '_blank',
    })
  })

  it('uses the application’s style sheet unless it is compact', () => {
    const sheets = (changes: Partial<QrView>) =>
      elements(qrPage({ ...view, href: 'https://app.example/qr.css', ...changes }))
        .filter(({ attributes }) => attributes['rel'] === 'stylesheet')
        .map(({ attributes }) => attributes['href'])
    expect(sheets({})).to.deep.equal(['https://app.example/qr.css'])
    expect(sheets({ stylelite: true })).to.deep.equal([])
  })

  it('has classes for its style and the compact form', () => {
    const classes = (changes: Partial<QrView>) =>
      elements(qrPage({ ...view, ...changes }))[0]!.attributes['class']
    expect(classes({})).to.equal('black')
    expect(classes({ style: 'white', stylelite: true })).to.equal('white lite')
  })
})

describe('page after consent', () => {
  it('requests the callback in the background and opens it at once', () => {
    const page = browse(
      afterConsentPage({ lang: 'en', kind: 'twice', twice: 'https://app.example/cb?code=c&state=s' }),
    )
    expect(page.requests).to.have.length(1)
    expect(page.requests[0]!.url).to.equal('https://app.example/cb?code=c&state=s')
    expect(page.requests[0]!.init).to.include({ mode: 'no-cors', credentials: 'include', redirect: 'follow' })
    expect(page.went).to.deep.equal(['replace https://app.example/cb?code=c&state=s'])
  })

  for (const twice of ['javascript:alert(1)', 'data:text/html,x', '//app.example/', '']) {
    it(`does not request or link “${twice}”`, () => {
      const html = afterConsentPage({ lang: 'en', kind: 'twice', twice })
      const page = browse(html)
      expect([...page.requests, ...page.went]).to.deep.equal([])
      expect(elements(html).filter(({ name }) => name === 'a')).to.deep.equal([])
    })
  }
})

describe('phone page', () => {
  it('posts uuid, user and decision', () => {
    const html = phonePage(phoneView('u', 'en', 'scanned'))
    expect(hiddenOf(html)).to.deep.equal({ lang: 'en', uuid: 'u' })
    expect(decisionsOf(html)).to.deep.equal(['confirm', 'cancel'])
    expect(byTestId(html, 'user-bob')[0]!.attributes).to.include({
      type: 'radio',
      name: 'user',
      value: 'bob',
    })
  })

  for (const status of ['confirmed', 'cancelled', 'expired'] as const) {
    it(`asks nothing once it is ${status}`, () => {
      const html = phonePage(phoneView('u', 'en', status))
      expect(byTestId(html, 'phone-status')[0]!.attributes['data-status']).to.equal(status)
      expect(elements(html).filter(({ name }) => name === 'form' || name === 'button')).to.deep.equal([])
    })
  }
})

describe('mini-program console page', () => {
  it('offers only mini-programs', () => {
    const values = elements(
      miniProgramPage({
        ...miniProgramView('x', 'en'),
        apps: [
          { appId: 'wx1', name: 'A', type: 'mp' },
          { appId: 'wx2', name: 'B', type: 'miniprogram' },
        ],
        users: [],
      }),
    )
      .filter(({ name }) => name === 'option')
      .map(({ attributes }) => attributes['value'])
    expect(values).to.deep.equal(['wx2'])
  })

  it('says that there is no mini-program, and disables the login', () => {
    const html = miniProgramPage({ ...miniProgramView('x', 'en'), apps: [] })
    expect(byTestId(html, 'mp-no-apps')).to.have.length(1)
    expect(byTestId(html, 'mp-login')[0]!.attributes).to.have.property('disabled')
  })

  it("fills in the server's address and passes the other addresses to its script", () => {
    const html = miniProgramPage(miniProgramView(hostileText, 'en'))
    expect(byTestId(html, 'mp-server-url')[0]!.attributes['value']).to.equal(
      `http://127.0.0.1/${hostileText}`,
    )
    expect(dataOf(html)).to.include({
      loginUrl: `/l?${hostileText}`,
      encryptUrl: `/e?${hostileText}`,
      requestUrl: `/r?${hostileText}`,
    })
  })
})

describe('home page', () => {
  it('has examples with WeChat’s parameters in WeChat’s order that return to it', () => {
    const [link] = byTestId(
      homePage({ ...homeView('x', 'en'), url: 'http://127.0.0.1:1' }),
      'try-snsapi_userinfo-x',
    )
    expect(link!.attributes['href']).to.equal(
      '/connect/oauth2/authorize?appid=x&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2F' +
        '&response_type=code&scope=snsapi_userinfo&state=example&lang=en#wechat_redirect',
    )
  })

  it('shows the parameters of a returning example', () => {
    const html = homePage(homeView('x', 'en'))
    const callback = browse(html, { search: '?code=c0de&state=example' })
    expect(callback.element('home-callback').hidden).to.be.false
    expect(browse(html).element('home-callback').hidden).to.be.true
  })
})

describe('error page', () => {
  it('shows number, text and hint, if present', () => {
    const html = errorPage({ lang: 'en', number: 10003, text: 'wrong <host>', hint: 'register it' })
    expect(html)
      .to.include('<code data-testid="error-number">10003</code>')
      .and.include('wrong &lt;host&gt;')
      .and.include('register it')
    expect(errorPage({ lang: 'en', text: 'x' }))
      .to.not.include('error-number')
      .and.not.include('error-hint')
  })
})
