import { jsSDKHandler, MemoryTokenStore, type WechatOAuth } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import { rejection, thrown } from '../../helpers/rejection.js'
import { appId, client, now } from '../../helpers/wechat-replies.js'

const ticket = 'sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg'

async function signer(): Promise<WechatOAuth> {
  const tokenStore = new MemoryTokenStore()
  const key = `ticket:jsapi:${appId}`
  await tokenStore.saveToken(key, { openid: key, access_token: ticket, expires_in: 7200, create_at: now })
  return client({ tokenStore, fetch: async () => Promise.reject(new Error('not to be called')) })
}

interface Answer {
  status: number
  headers: Record<string, string>
  body: string | undefined
}

/** The handler's response to `GET /sign?url=…`, or to another address or method. */
async function ask(
  handler: ReturnType<typeof jsSDKHandler>,
  request: { url?: string; method?: string },
  next?: (error?: unknown) => void,
): Promise<Answer> {
  const answer: Answer = { status: 0, headers: {}, body: undefined }
  const response = {
    statusCode: 200,
    setHeader: (name: string, value: string) => {
      answer.headers[name.toLowerCase()] = value
    },
    end: (body?: string) => {
      answer.body = body
    },
  }
  await handler({ method: 'GET', ...request }, response, next)
  return { ...answer, status: response.statusCode }
}

const addressFor = (page: string): { url: string } => ({ url: `/sign?url=${encodeURIComponent(page)}` })

describe('jsSDKSign', () => {
  it('signs as WeChat’s document does', async () => {
    const oauth = await signer()
    expect(
      await oauth.jsSDKSign('http://mp.weixin.qq.com?params=value', {
        nonceStr: 'Wm3WZYTPz0wzccnW',
        timestamp: 1414587457,
      }),
    ).to.deep.equal({
      appId,
      timestamp: 1414587457,
      nonceStr: 'Wm3WZYTPz0wzccnW',
      signature: '0f9de62fce790f9a083d5c99e95740ceb90c27ed',
      url: 'http://mp.weixin.qq.com?params=value',
    })
  })

  it('signs the address as it is, up to #', async () => {
    const oauth = await signer()
    const options = { nonceStr: 'n', timestamp: 1 }
    const raw = 'https://Example.com:443/a%2fb/../路?x=%E4%BD&y=a+b'
    const signed = await oauth.jsSDKSign(`${raw}#/route?z`, options)
    expect(signed.url).to.equal(raw)
    expect(signed).to.deep.equal(await oauth.jsSDKSign(raw, options))
    expect(signed.signature).to.not.equal((await oauth.jsSDKSign(new URL(raw).href, options)).signature)
  })

  it('uses the client’s clock, in seconds, and a random nonce', async () => {
    const oauth = await signer()
    const [one, two] = [
      await oauth.jsSDKSign('https://example.com/'),
      await oauth.jsSDKSign('https://example.com/'),
    ]
    expect(one.timestamp).to.equal(now / 1000)
    expect(one.nonceStr)
      .to.match(/^[0-9a-f]{32}$/)
      .and.not.equal(two.nonceStr)
  })

  it('never exposes the ticket', async () => {
    expect(JSON.stringify(await (await signer()).jsSDKSign('https://example.com/'))).to.not.contain(
      ticket.slice(0, 12),
    )
  })

  it('refuses wrong arguments', async () => {
    const oauth = await signer()
    const sign = oauth.jsSDKSign.bind(oauth) as (...values: unknown[]) => Promise<unknown>
    const pages = [
      undefined,
      null,
      5,
      '',
      'example.com',
      '/page',
      '#x',
      'ftp://example.com/',
      'javascript:alert(1)',
      'https://',
      ' https://example.com/',
      'https://example.com/\n',
      'https://example.com/\ud800',
      `https://example.com/${'x'.repeat(9000)}`,
    ]
    for (const page of pages) await rejection(sign(page), TypeError)
    for (const nonceStr of ['', 5, 'a&timestamp=1', 'a b', 'x'.repeat(129)])
      await rejection(sign('https://example.com/', { nonceStr }), TypeError)
    for (const timestamp of ['1', 1.5, NaN, -1])
      await rejection(sign('https://example.com/', { timestamp }), TypeError)
    for (const type of ['', 'jsapi ', 'constructor', null, 5])
      await rejection(oauth.getJsApiTicket(type as 'jsapi'), TypeError)
    for (const forceRefresh of [1, 'yes', null])
      await rejection(
        oauth.getClientAccessToken({ forceRefresh } as unknown as { forceRefresh: boolean }),
        TypeError,
      )
  })
})

describe('jsSDKHandler', () => {
  const hosts = ['good.example', 'good.example:8080']
  let handler: ReturnType<typeof jsSDKHandler>
  before(async () => {
    handler = jsSDKHandler(await signer(), { hosts })
  })

  for (const page of [
    'https://good.example/',
    'http://good.example/page?a=1&b=2',
    'https://good.example',
    'https://good.example?x',
    'https://GOOD.example/路',
    'https://good.example:443/',
    'http://good.example:8080/x?y=a+b%20',
  ]) {
    it(`signs for ${page}`, async () => {
      const { status, headers, body } = await ask(handler, addressFor(page))
      expect(status).to.equal(200)
      expect(headers).to.deep.equal({
        'cache-control': 'no-store',
        'content-type': 'application/json; charset=utf-8',
        'x-content-type-options': 'nosniff',
      })
      const signed = JSON.parse(body ?? '') as Record<string, unknown>
      expect(signed).to.have.all.keys('appId', 'timestamp', 'nonceStr', 'signature', 'url')
      expect(signed).to.include({ appId, url: page })
    })
  }

  it('signs up to #', async () => {
    const { body } = await ask(handler, addressFor('https://good.example/a#b'))
    expect(JSON.parse(body ?? '')).to.include({ url: 'https://good.example/a' })
  })

  const foreign = [
    'https://good.example.evil.com/',
    'https://evil.com/good.example',
    'https://evilgood.example/',
    'https://sub.good.example/',
    'https://good.example:8443/',
    'https://good.example.:443/',
    'https://user@good.example/',
    'https://user:pass@good.example/',
    'https://@good.example/',
    'https://good.example@evil.com/',
    'https://evil.com#@good.example/',
    'https://evil.com\\@good.example/',
    'https://good.example\\.evil.com/',
    'https://evil.com?@good.example/',
    '//good.example/',
    'good.example',
    '/page',
    'ftp://good.example/',
    'javascript://good.example/%0aalert(1)',
    'data:text/html,good.example',
    'https:good.example/',
    'https:///good.example/',
    'https:\\\\good.example/',
    'https://good\t.example/',
    ' https://good.example/',
    'https://good.example/ ',
    'https://good.example/\n',
    'https://good.example/\0',
    'https://good.example\0',
    'https://good.example\x7f',
    'https://good.example\x01/',
    'https://good\0.example/',
    '',
    `https://good.example/${'x'.repeat(9000)}`,
  ]
  for (const page of foreign) {
    it(`refuses to sign for ${JSON.stringify(page.slice(0, 50))}`, async () => {
      expect(await ask(handler, addressFor(page))).to.deep.equal({
        status: 403,
        headers: { 'cache-control': 'no-store' },
        body: undefined,
      })
    })
  }

  const good = encodeURIComponent('https://good.example/')
  for (const url of [
    undefined,
    '/sign',
    '/sign?',
    `/sign?URL=${good}`,
    `/sign?url=${good}&url=${good}`,
    `/sign?url[]=${good}`,
    `/sign?url[0]=${good}`,
    `/sign?url[host]=${good}`,
    '/sign?url=%E0%A4%A',
  ]) {
    it(`refuses the address ${url ?? 'undefined'}`, async () => {
      expect((await ask(handler, url === undefined ? {} : { url })).status).to.equal(403)
    })
  }

  for (const method of ['POST', 'HEAD', 'OPTIONS', 'PUT', 'get']) {
    it(`refuses ${method}`, async () => {
      expect(await ask(handler, { ...addressFor('https://good.example/'), method })).to.deep.equal({
        status: 405,
        headers: { 'cache-control': 'no-store', allow: 'GET' },
        body: undefined,
      })
    })
  }

  it('passes errors on, or responds with 502 and an empty body', async () => {
    const failure = new Error('secret-in-the-error')
    const failing = jsSDKHandler({ jsSDKSign: async () => Promise.reject(failure) }, { hosts })
    expect(await ask(failing, addressFor('https://good.example/'))).to.deep.equal({
      status: 502,
      headers: { 'cache-control': 'no-store' },
      body: undefined,
    })
    const passed: unknown[] = []
    const answer = await ask(failing, addressFor('https://good.example/'), (error) => {
      passed.push(error)
    })
    expect(passed).to.deep.equal([failure])
    expect(answer.body).to.be.undefined
  })

  it('refuses hosts that would never match, and a first argument that is not a client', () => {
    const make = jsSDKHandler as (...values: unknown[]) => unknown
    const oauth = client()
    for (const wrong of [
      undefined,
      null,
      'good.example',
      [],
      [''],
      [5],
      ['*.good.example'],
      ['https://good.example'],
      ['good.example/path'],
      ['user@good.example'],
      ['good.example?x'],
      ['good example'],
      ['good.example:99999'],
    ]) {
      expect(
        thrown(() => make(oauth, { hosts: wrong })),
        JSON.stringify(wrong),
      ).to.be.an.instanceOf(TypeError)
    }
    for (const wrong of [undefined, null, {}])
      expect(thrown(() => make(wrong, { hosts }))).to.be.an.instanceOf(TypeError)
    expect(thrown(() => make(oauth))).to.be.an.instanceOf(TypeError)
  })
})
