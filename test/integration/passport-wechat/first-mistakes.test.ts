import { spawn, type ChildProcess } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { expect } from 'chai'
import { Browser, type Page } from '../../helpers/browser.js'
import { inTime } from '../../helpers/pace.js'
import { root } from '../../helpers/run.js'
import { chinese, codeIn, english, readmeOf, tableOf } from '../readme/markdown.js'

const inWords = /^(?:What the server prints|服务器打印了什么)$/
const fixture = new URL('fixtures/mistakes.ts', import.meta.url).pathname

/** What the applications print, as one text. */
class Output {
  #text = ''
  readonly #heard = new EventEmitter()

  constructor(child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#text += text
        this.#heard.emit('text')
      })
    }
  }

  get length(): number {
    return this.#text.length
  }

  since(start: number): string {
    return this.#text.slice(start).replace(/\s+/g, ' ')
  }

  /** Waits until it has all these words. */
  async waitFor(start: number, words: readonly string[]): Promise<void> {
    const missing = (): string[] => words.filter((word) => !this.since(start).includes(word))
    const signal = AbortSignal.timeout(Math.ceil(inTime(5000)))
    while (missing().length > 0) {
      await once(this.#heard, 'text', { signal }).catch((cause: unknown) => {
        throw new Error(`expected ${missing().join(' | ')}, got ${this.since(start)}`, { cause })
      })
    }
  }
}

/** A row of the README's table, with the way to make its mistake. */
interface Mistake {
  name: string
  make: (browser: Browser) => Promise<Page>
  /** Of the page. Default 500. */
  status?: number
}

describe('the mistakes of a new setup, in a real Express application that logs to the console', function () {
  this.timeout(inTime(30_000))
  let sandbox: Sandbox
  let child: ChildProcess
  let output: Output
  let urls: Record<string, string>

  const credentials = (type: string): object => {
    const { appId, appSecret } = sandbox.apps.find((app) => app.type === type)!
    return { appId, appSecret }
  }

  before(async () => {
    sandbox = await startSandbox({ allowPorts: false, ipWhitelist: ['192.0.2.1'] })
    const apps = {
      mp: credentials('mp'),
      website: credentials('website'),
      miniprogram: credentials('miniprogram'),
    }
    child = spawn(process.execPath, [...process.execArgv, fixture], {
      cwd: root,
      env: { ...process.env, NODE_ENV: 'development', SANDBOX: sandbox.url, APPS: JSON.stringify(apps) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    output = new Output(child)
    ;[urls] = (await Promise.race([once(child, 'message'), rejectAtEnd()])) as [Record<string, string>]
  })
  after(async () => {
    const ended = once(child, 'exit')
    child.disconnect()
    await ended
    await sandbox.close()
  })

  async function rejectAtEnd(): Promise<never> {
    await once(child, 'exit')
    throw new Error(`the applications ended: ${output.since(0)}`)
  }

  const start = (browser: Browser): Promise<Page> => browser.open('/auth/wechat')
  const logIn = async (browser: Browser): Promise<Page> => {
    const { location, text } = await start(browser)
    if (!location) throw new Error(`expected a redirect to WeChat, got ${text}`)
    const code = sandbox.issueCode({ appId: location.searchParams.get('appid') ?? '', user: 'alice' })
    const state = location.searchParams.get('state') ?? ''
    return browser.open(`/auth/wechat/callback?${new URLSearchParams({ code, state }).toString()}`)
  }
  const startAtWechat = async (browser: Browser): Promise<Page> => {
    const { location } = await start(browser)
    return new Browser(sandbox.url).open(location!)
  }

  /** In the order of the README's table. Some rows name two messages, so they are made in two ways. */
  const rows: Mistake[][] = [
    [
      { name: 'no session middleware', make: start },
      { name: 'no session middleware, no passport.session()', make: start },
    ],
    [{ name: 'wrong secret', make: logIn }],
    [
      { name: 'wrong domain', make: startAtWechat, status: 200 },
      { name: 'wrong domain of a website', make: startAtWechat, status: 200 },
    ],
    [
      {
        name: 'IP address not in the whitelist',
        make: (browser) => browser.open(`/js-sdk?url=${encodeURIComponent('https://shop.example/')}`),
      },
    ],
    [
      {
        name: 'http behind a proxy',
        make: (browser) => browser.open('/auth/wechat', { headers: { 'x-forwarded-proto': 'https' } }),
        status: 302,
      },
    ],
    [
      {
        name: 'no express.json()',
        make: (browser) => browser.post('/auth/wechat/miniprogram', { code: '0a1CODE' }),
        status: 400,
      },
    ],
    [{ name: 'SameSite=Strict', make: start, status: 302 }],
    [{ name: 'Secure on http', make: start, status: 302 }],
    [
      { name: 'two strategies of one name', make: logIn, status: 302 },
      { name: 'two strategies of one name in passport.use', make: (browser) => browser.open('/phone') },
    ],
    [{ name: 'no serializeUser', make: logIn }],
  ]

  it('are the rows of the table in both READMEs, with the same words', () => {
    const [en, zh] = [english, chinese].map((file) =>
      tableOf(readmeOf('packages/passport-wechat', file), inWords).map(([cell = '']) => codeIn(cell)),
    )
    expect(en).to.have.length(rows.length)
    expect(zh).to.deep.equal(en)
    for (const words of en ?? []) expect(words).to.have.length.of.at.least(1)
  })

  for (const [index, mistakes] of rows.entries()) {
    it(`print what the README says: ${mistakes.map(({ name }) => name).join('; ')}`, async () => {
      const [seen = ''] = tableOf(readmeOf('packages/passport-wechat', english), inWords)[index] ?? []
      const start = output.length
      let shown = ''
      for (const { name, make, status = 500 } of mistakes) {
        const page = await make(new Browser(urls[name] ?? ''))
        expect(page.status, name).to.equal(status)
        // Only WeChat's own page counts. Express shows errors during development, too.
        if (name.startsWith('wrong domain')) shown += page.text
      }
      await output.waitFor(
        start,
        codeIn(seen).filter((words) => !shown.includes(words)),
      )
    })
  }

  it('are told once, although every login repeats them', async () => {
    const begun = output.length
    for (const name of ['SameSite=Strict', 'Secure on http']) await start(new Browser(urls[name] ?? ''))
    await start(new Browser(urls['http behind a proxy'] ?? '', { 'x-forwarded-proto': 'https' }))
    await logIn(new Browser(urls['none'] ?? ''))
    await output.waitFor(begun, ['/sns/userinfo'])
    expect(output.since(begun)).to.not.match(/will fail|gets an http address/)
  })

  it('do not include a setup as in the README, which prints no warning', async () => {
    const begun = output.length
    expect((await logIn(new Browser(urls['none'] ?? ''))).location?.pathname).to.equal('/')
    await output.waitFor(begun, ['A login with WeChat starts', '/sns/userinfo'])
    expect(output.since(begun)).to.not.match(/failed|will fail|Error|Warning|refused/)
  })
})
