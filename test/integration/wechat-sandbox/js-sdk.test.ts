import { createHash } from 'node:crypto'
import { createContext, runInContext } from 'node:vm'
import { expect } from 'chai'
import { startSandbox, type JsSDKPage, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { appOf, appToken, get, oneHour, oneMinute, oneSecond, type Json } from './wechat.js'

const pageUrl = 'http://localhost:3000/inside?a=1&b=%E4%B8%80'

/** The rule as WeChat documents it. */
function sign(ticket: string, nonceStr: string, timestamp: number, url: string): string {
  return createHash('sha1')
    .update(`jsapi_ticket=${ticket}&noncestr=${nonceStr}&timestamp=${String(timestamp)}&url=${url}`)
    .digest('hex')
}

describe('the sandbox and the JS-SDK', () => {
  let sandbox: Sandbox
  let appId: string

  before(async () => {
    sandbox = await startSandbox()
    ;({ appId } = appOf(sandbox, 'mp'))
  })
  afterEach(() => sandbox.reset())
  after(() => sandbox.close())

  const ticketOf = async (type = 'jsapi'): Promise<string> =>
    String(
      (await get(sandbox, '/cgi-bin/ticket/getticket', { access_token: await appToken(sandbox), type })).json[
        'ticket'
      ],
    )
  const signed = (
    ticket: string,
    url = pageUrl,
    nonceStr = 'Wm3WZYTPz0wzccnW',
    timestamp = 1_414_587_457,
  ): JsSDKPage & { timestamp: number } => ({
    appId,
    url,
    nonceStr,
    timestamp,
    signature: sign(ticket, nonceStr, timestamp, url),
  })

  it("the signatures of these tests match WeChat's example", () => {
    const ticket = 'sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg'
    expect(signed(ticket, 'http://mp.weixin.qq.com?params=value').signature).to.equal(
      '0f9de62fce790f9a083d5c99e95740ceb90c27ed',
    )
  })

  describe('checkJsSdkSignature', () => {
    it('accepts a signature with the ticket, ignores the part after #, and takes the timestamp as a string or a number', async () => {
      const page = signed(await ticketOf())
      expect(sandbox.checkJsSdkSignature(page)).to.equal('ok')
      expect(
        sandbox.checkJsSdkSignature({ ...page, url: `${pageUrl}#top`, timestamp: String(page.timestamp) }),
      ).to.equal('ok')
    })

    it('refuses values that differ from the signed ones', async () => {
      const page = signed(await ticketOf())
      for (const changes of [
        { url: 'http://localhost:3000/inside' },
        { url: pageUrl.replace('%E4%B8%80', '一') },
        { nonceStr: 'other' },
        { timestamp: 1 },
        { signature: '' },
        { signature: page.signature.toUpperCase() },
      ]) {
        expect(sandbox.checkJsSdkSignature({ ...page, ...changes }), JSON.stringify(changes)).to.equal(
          'invalid signature',
        )
      }
    })

    it("refuses signatures with the ticket for cards, with another sandbox's ticket, and without a ticket", async () => {
      expect(sandbox.checkJsSdkSignature(signed(''))).to.equal('invalid signature')
      await ticketOf()
      expect(sandbox.checkJsSdkSignature(signed(await ticketOf('wx_card')))).to.equal('invalid signature')
      const ticket = await ticketOf()
      sandbox.reset()
      expect(sandbox.checkJsSdkSignature(signed(ticket))).to.equal('invalid signature')
    })

    it("accepts a replaced ticket until it expires by the sandbox's clock", async () => {
      const old = await ticketOf()
      sandbox.clock.advance(2 * oneHour - 4 * oneMinute)
      const next = await ticketOf()
      expect([old, next].map((ticket) => sandbox.checkJsSdkSignature(signed(ticket)))).to.deep.equal([
        'ok',
        'ok',
      ])
      sandbox.clock.advance(4 * oneMinute)
      expect([old, next].map((ticket) => sandbox.checkJsSdkSignature(signed(ticket)))).to.deep.equal([
        'invalid signature',
        'ok',
      ])
    })

    it('expires tickets after the configured time', async () => {
      sandbox.configure({ ticketLifetime: 10 * oneSecond })
      const page = signed(await ticketOf())
      expect(sandbox.checkJsSdkSignature(page)).to.equal('ok')
      sandbox.clock.advance(10 * oneSecond)
      expect(sandbox.checkJsSdkSignature(page)).to.equal('invalid signature')
    })

    it('refuses pages on unregistered hosts before it checks the signature', async () => {
      const own = await startSandbox({ apps: [{ ...appOf(sandbox, 'mp'), domains: ['app.example'] }] })
      try {
        const page = signed('', 'https://good.app.example/')
        expect(own.checkJsSdkSignature(page)).to.equal('invalid url domain')
        expect(own.checkJsSdkSignature({ ...page, url: 'https://app.example/' })).to.equal(
          'invalid signature',
        )
        expect(own.checkJsSdkSignature({ ...page, url: 'https://app.example:8443/' })).to.equal(
          'invalid url domain',
        )
      } finally {
        await own.close()
      }
      for (const url of ['', 'inside', 'javascript:alert(1)']) {
        expect(sandbox.checkJsSdkSignature(signed('', url)), url).to.equal('invalid url domain')
      }
    })
  })

  describe('the stub of jweixin', () => {
    /** What a page's script notes down, in order. */
    type Notes = unknown[]

    /** A page with as much of a browser as the stub uses: scripts that are appended are fetched and run, and those that cannot be had fail. */
    const open = async (
      url: string,
      body: string,
      values: Json = {},
      scriptOrigin = sandbox.url,
    ): Promise<Notes> => {
      const notes: Notes = []
      let end: () => void = () => undefined
      const ended = new Promise<void>((resolve) => {
        end = resolve
      })
      const loading: Promise<void>[] = []
      const src = `${scriptOrigin}/open/js/jweixin-1.6.0.js`
      const head = {
        appendChild: (script: { src: string; onerror: () => void }) => {
          loading.push(
            fetch(script.src).then(
              async (response) => {
                runInContext(await response.text(), context)
              },
              () => script.onerror(),
            ),
          )
        },
      }
      const page: Json = {
        ...values,
        URL,
        URLSearchParams,
        console: {
          log: (...texts: unknown[]) => {
            notes.push(['log', ...texts])
          },
        },
        note: (...texts: unknown[]) => {
          notes.push(texts.length === 1 ? texts[0] : texts)
        },
        end,
        location: { href: url },
        document: { currentScript: { src }, head, createElement: () => ({ remove: () => undefined }) },
      }
      page['window'] = page
      const context = createContext(page)
      runInContext(await (await fetch(`${sandbox.url}/open/js/jweixin-1.6.0.js`)).text(), context)
      runInContext(body, context)
      await ended
      await Promise.all(loading)
      return JSON.parse(JSON.stringify(notes)) as Notes
    }

    const listenCode =
      'wx.ready(() => { note("ready"); end() }); wx.error((result) => note("error", result.errMsg));'

    it('can be loaded by pages of any origin', async () => {
      const response = await fetch(`${sandbox.url}/open/js/jweixin-1.6.0.js`)
      expect(response.status).to.equal(200)
      expect(response.headers.get('content-type')).to.equal('text/javascript; charset=utf-8')
      expect(response.headers.get('cross-origin-resource-policy')).to.equal('cross-origin')
    })

    it("calls ready and not error for a valid signature of the page's URL up to #", async () => {
      const config = { ...signed(await ticketOf()), jsApiList: ['chooseImage'] }
      expect(await open(`${pageUrl}#top`, `${listenCode} wx.config(config)`, { config })).to.deep.equal([
        'ready',
      ])
      expect(
        await open('http://localhost:3000/other', `${listenCode} wx.config(config)`, { config }),
      ).to.deep.equal([['error', 'config:invalid signature'], 'ready'])
    })

    it("calls error and then ready for a wrong signature, like WeChat's script", async () => {
      const config = { ...signed('no ticket'), jsApiList: [] }
      expect(await open(pageUrl, `${listenCode} wx.config(config)`, { config })).to.deep.equal([
        ['error', 'config:invalid signature'],
        'ready',
      ])
    })

    it('reports a wrong domain and an unknown app', async () => {
      sandbox.configure({ allowPorts: false })
      expect(
        await open(pageUrl, `${listenCode} wx.config(config)`, { config: signed(await ticketOf()) }),
      ).to.deep.equal([['error', 'config:invalid url domain'], 'ready'])
      expect(await open(pageUrl, `${listenCode} wx.config({ appId: "wx0" })`)).to.deep.equal([
        ['error', 'config:invalid appid'],
        'ready',
      ])
    })

    it('reports a failure if the sandbox does not respond', async () => {
      const gone = await startSandbox()
      await gone.close()
      expect(await open(pageUrl, `${listenCode} wx.config({})`, {}, gone.url)).to.deep.equal([
        ['error', 'config:fail'],
        'ready',
      ])
    })

    it('reports the result to callbacks that are registered later', async () => {
      const body = `wx.config(config)
        wx.ready(() => {
          wx.error((result) => note('late error', result.errMsg))
          wx.ready(() => note('late ready'))
          end()
        })`
      expect(await open(pageUrl, body, { config: signed('no ticket') })).to.deep.equal([
        ['late error', 'config:invalid signature'],
        'late ready',
      ])
      expect(await open(pageUrl, body, { config: signed(await ticketOf()) })).to.deep.equal(['late ready'])
    })

    it('offers the requested functions, which work only after a success', async () => {
      const body = `wx.ready(() => {
          const options = { success: ({ errMsg }) => note('success', errMsg), fail: ({ errMsg }) => note('fail', errMsg), complete: () => note('complete') }
          wx.chooseImage(options)
          wx.checkJsApi({ jsApiList: ['chooseImage', 'scanQRCode'], success: ({ checkResult }) => note(checkResult) })
          end()
        })
        wx.config({ ...config, debug: true, jsApiList: ['chooseImage'] })`
      const available = { chooseImage: true, scanQRCode: false }
      expect(await open(pageUrl, body, { config: signed(await ticketOf()) })).to.deep.equal([
        ['log', 'wx.config', 'config:ok'],
        ['success', 'chooseImage:ok'],
        'complete',
        available,
      ])
      expect(await open(pageUrl, body, { config: signed('no ticket') })).to.deep.equal([
        ['log', 'wx.config', 'config:invalid signature'],
        ['fail', 'chooseImage:permission denied'],
        'complete',
        available,
      ])
    })

    it('loads its verdict as a script that repeats nothing from the query', async () => {
      const answer = await get(sandbox, '/__sandbox/js-sdk.js', {
        id: '7',
        appId: '</script>',
        url: 'alert(1)',
      })
      expect(answer.text).to.equal('window.__wechatSandbox7({"errMsg":"config:invalid appid"})\n')
      expect(answer.headers.get('x-content-type-options')).to.equal('nosniff')
      for (const id of ['', 'x', '1;alert(1)', '1'.repeat(10)]) {
        const refused = await get(sandbox, '/__sandbox/js-sdk.js', { id, appId })
        expect(refused.headers.get('content-type'), id).to.equal('text/html; charset=utf-8')
      }
    })
  })
})
