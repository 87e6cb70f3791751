import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { expect } from 'chai'
import type { AsyncFunc, Context } from 'mocha'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import type { Sandbox } from '@wechat-auth/wechat-sandbox'
import { startDemo, type Demo } from '../../examples/express/src/start.js'
import { inTime } from '../helpers/pace.js'
import { launchBrowser } from '../services/chromium.js'
import { picture } from './pictures.js'

/** The most milliseconds that one story in the browser may take. */
export const storyTimeout = inTime(60_000)

export const desktop: BrowserContextOptions = { viewport: { width: 1280, height: 800 }, locale: 'en-US' }

const iPhone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148'

export const phone: BrowserContextOptions = {
  viewport: { width: 375, height: 667 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
  userAgent: iPhone,
  locale: 'en-US',
}

/** WeChat's own browser. */
export const wechat: BrowserContextOptions = {
  ...phone,
  userAgent: `${iPhone} MicroMessenger/8.0.50(0x18003237) NetType/WIFI Language/en`,
}

/** A response of the application, as its server sees it. */
export interface Answer {
  method: string
  path: string
  status: number
  location: string | undefined
}

/** What a test has to itself: the application, WeChat, and devices to visit them with. */
export class Scene {
  readonly url: string
  readonly sandbox: Sandbox
  /** Every answer of the application, in the order in which they were finished. */
  readonly answers: Answer[] = []
  /** What the application wrote to its log; a scene in which that is right takes it out. */
  readonly logged: unknown[]
  /** Problems on a page that nobody sees. */
  readonly complaints: string[] = []
  readonly #browser: Browser
  readonly #contexts: BrowserContext[] = []

  constructor(browser: Browser, { url, sandbox }: Demo, logged: unknown[]) {
    if (!sandbox) throw new Error('the demo has started without its sandbox')
    this.#browser = browser
    this.url = url
    this.sandbox = sandbox
    this.logged = logged
  }

  /** Somebody's device, with nothing on it yet. */
  async device(options: BrowserContextOptions = desktop): Promise<BrowserContext> {
    const context = await this.#browser.newContext(options)
    context.setDefaultTimeout(inTime(10_000))
    context.on('page', (page) => this.#listen(page))
    this.#contexts.push(context)
    return context
  }

  /** A page of the application, on a separate device. */
  async visit(path = '/', options: BrowserContextOptions = desktop): Promise<Page> {
    const page = await (await this.device(options)).newPage()
    await page.goto(this.url + path)
    return page
  }

  get pages(): Page[] {
    return this.#contexts.flatMap((context) => context.pages())
  }

  appId(type: 'mp' | 'website' | 'miniprogram'): string {
    return this.sandbox.apps.find((app) => app.type === type)?.appId ?? ''
  }

  async end(): Promise<void> {
    await Promise.all(this.#contexts.map((context) => context.close()))
  }

  #listen(page: Page): void {
    page.on('pageerror', (error) => this.complaints.push(`${page.url()}: ${String(error)}`))
    page.on('console', (message) => {
      // Of a status the browser does not say whether it is the page's own, which may well be an error page: see below.
      if (
        !['error', 'warning'].includes(message.type()) ||
        message.text().startsWith('Failed to load resource')
      )
        return
      this.complaints.push(`${page.url()}: ${message.text()}`)
    })
    page.on('response', (response) => {
      if (response.status() < 400 || response.request().isNavigationRequest()) return
      this.complaints.push(`${page.url()}: ${response.url()} answered ${response.status()}`)
    })
    page.on('requestfailed', (request) => {
      const reason = request.failure()?.errorText ?? ''
      if (reason !== 'net::ERR_ABORTED')
        this.complaints.push(`${page.url()}: ${request.url()} failed with ${reason}`)
    })
  }
}

/** Wraps a test: it gets a scene, a picture is kept if it fails, and everything is put back. */
export type Play = (act: (scene: Scene) => Promise<void>) => AsyncFunc

/** Opens a browser for the tests of the suite in which it is called. */
export function useStage(): Play {
  let browser: Browser | undefined

  before(async function () {
    browser = await launchBrowser(this)
  })

  // If there is no browser, none was started.
  after(async () => browser?.close())

  return (act) =>
    async function (this: Context) {
      this.timeout(storyTimeout)
      const logged: unknown[] = []
      const demo = await startDemo({ logError: (error) => logged.push(error) })
      const stop = listenTo(demo, (answer) => scene.answers.push(answer))
      const scene = new Scene(browser!, demo, logged)
      try {
        await act(scene)
        expect(scene.complaints, 'complaints of the browser').to.deep.equal([])
        expect(logged, 'errors in the application').to.deep.equal([])
      } catch (error) {
        const title = this.test?.fullTitle() ?? ''
        await Promise.allSettled(
          scene.pages.map((page, index) => picture(page, `failed ${title} ${index + 1}`)),
        )
        throw error
      } finally {
        stop()
        await scene.end()
        await demo.close()
      }
    }
}

const responseFinished = 'http.server.response.finish'

/** Reports every response of the application. Returns a function that ends this. */
function listenTo({ port }: Demo, tell: (answer: Answer) => void): () => void {
  const note = (message: unknown): void => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse }
    if (request.socket.localPort !== port) return
    tell({
      method: request.method ?? '',
      path: (request.url ?? '').replace(/\?.*/, ''),
      status: response.statusCode,
      location: response.getHeader('location')?.toString(),
    })
  }
  subscribe(responseFinished, note)
  return () => unsubscribe(responseFinished, note)
}
