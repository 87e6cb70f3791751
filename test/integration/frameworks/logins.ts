import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { startSandbox, type Sandbox } from '@wechat-auth/wechat-sandbox'
import { expect } from 'chai'
import { optionsFor, type RunningExample } from '../../../examples/shared/framework.js'
import { Browser, type Page } from '../../helpers/browser.js'
import { killGroup, root } from '../../helpers/run.js'
import { framework, type Framework } from '../../services/framework.js'

/** A browser that logs in at an example. */
export class Visitor {
  readonly browser: Browser
  readonly #sandbox: Sandbox

  constructor(url: string, sandbox: Sandbox) {
    this.browser = new Browser(url)
    this.#sandbox = sandbox
  }

  /** Starts a login. Returns WeChat's page. */
  async goToWechat(path = '/auth/wechat/mp'): Promise<URL> {
    const { status, location, text } = await this.browser.open(path)
    expect(status, text).to.equal(302)
    return location!
  }

  /** Comes back from WeChat's page. */
  comeBack(page: URL, query: { code?: string; state?: string } = {}, user = 'alice'): Promise<Page> {
    const appId = page.searchParams.get('appid')!
    const parameters = new URLSearchParams({
      code: query.code ?? this.#sandbox.issueCode({ appId, user }),
      state: query.state ?? page.searchParams.get('state')!,
    })
    return this.browser.open(`${page.searchParams.get('redirect_uri')!}?${parameters.toString()}`)
  }

  async logIn(path?: string): Promise<Page> {
    return this.comeBack(await this.goToWechat(path))
  }

  /** The text of the start page, which names the user. */
  async home(): Promise<string> {
    return (await this.browser.open('/')).text
  }
}

export interface Example {
  visitor: () => Visitor
  sandbox: Sandbox
  url: string
}

/** Starts a sandbox and an example before the tests of a suite, and stops both after them. */
export function withExample(framework: () => Framework, variant?: string): () => Example {
  let sandbox: Sandbox
  let app: RunningExample | undefined
  before(async () => {
    sandbox = await startSandbox()
    app = await framework().startApp({
      ...optionsFor(sandbox),
      logError: () => {},
      ...(variant !== undefined && { variant }),
    })
  })
  beforeEach(() => sandbox.reset())
  after(async () => {
    await app?.close()
    await sandbox.close()
  })
  return () => ({ sandbox, url: app!.url, visitor: () => new Visitor(app!.url, sandbox) })
}

/**
 * The example of a framework, with tests that it compiles and starts. They install its packages, so they have no time limit.
 *
 * @param options - of the command that starts it
 */
export function installed(name: string, ...options: string[]): () => Framework {
  let one: Framework
  before(async function () {
    one = await framework(this, name)
  })

  it('has no type errors', async function () {
    this.timeout(0)
    expect(await one.checkTypes()).to.equal('')
  })
  startsWithOneCommand(name, ...options)
  return () => one
}

/** What every example with sessions does. */
export function logsInEverywhere(example: () => Example): void {
  logsInWithASession(example)
  refusesLogins(example)
  servesAMiniProgram(example)
  givesTheAddress(example)
}

/** What every example with sessions does in a browser. */
export function logsInWithASession(example: () => Example): void {
  for (const mode of ['mp', 'website']) {
    it(`logs in with the mode ${mode} of the route, and stays logged in`, async () => {
      const visitor = example().visitor()
      const { status, location } = await visitor.logIn(`/auth/wechat/${mode}`)

      expect([status, location?.pathname]).to.deep.equal([302, '/'])
      expect(await visitor.home())
        .to.contain('爱丽丝')
        .and.to.contain(`<code>${mode}</code>`)
    })
  }

  it('chooses the QR code for other browsers than WeChat’s', async () => {
    const page = await example().visitor().goToWechat('/auth/wechat')
    expect(page.pathname).to.equal('/connect/qrconnect')
  })

  it('does not log in the session from before the login', async () => {
    const visitor = example().visitor()
    const page = await visitor.goToWechat()
    const cookie = visitor.browser.cookieHeader
    await visitor.comeBack(page)

    expect(await visitor.home()).to.contain('爱丽丝')
    expect((await visitor.browser.open('/', { headers: { cookie } })).text).to.contain(
      'You are not logged in',
    )
  })

  it('finishes the logins of two tabs, one after the other', async () => {
    const visitor = example().visitor()
    const [first, second] = [await visitor.goToWechat(), await visitor.goToWechat()]

    for (const tab of [first, second]) {
      const { status, location, text } = await visitor.comeBack(tab)
      expect([status, location?.pathname], text).to.deep.equal([302, '/'])
    }
    expect(await visitor.home()).to.contain('爱丽丝')
  })

  it('logs out', async () => {
    const visitor = example().visitor()
    await visitor.logIn()
    const { status, location } = await visitor.browser.open('/logout', { method: 'POST' })

    expect(status).to.be.oneOf([302, 303])
    expect(location?.pathname).to.equal('/')
    expect(await visitor.home()).to.contain('You are not logged in')
  })
}

/** What every example says about a login that fails. */
export function refusesLogins(example: () => Example): void {
  it('answers 401 with ERR_WECHAT_DENIED if the user refuses', async () => {
    const visitor = example().visitor()
    const page = await visitor.comeBack(await visitor.goToWechat(), { code: 'authdeny' })

    expect(page.status).to.equal(401)
    expect(page.text).to.contain('ERR_WECHAT_DENIED')
  })

  it('answers 403 with ERR_WECHAT_STATE and the reason to a forged state', async () => {
    const visitor = example().visitor()
    const page = await visitor.comeBack(await visitor.goToWechat(), { state: 'forged' })

    expect(page.status).to.equal(403)
    expect(page.text).to.contain('ERR_WECHAT_STATE').and.to.contain('unknown')
  })

  it('answers with the status of the error if WeChat is busy', async () => {
    const visitor = example().visitor()
    const page = await visitor.goToWechat()
    example().sandbox.fail('/sns/oauth2/access_token', { errcode: -1 })

    expect((await visitor.comeBack(page)).status).to.equal(503)
  })
}

/** What every example does for a mini-program. */
export function servesAMiniProgram(example: () => Example): void {
  const login = '/auth/wechat/miniprogram'

  function wxLogin(): { code: string } {
    const { sandbox } = example()
    return { code: sandbox.wxLogin({ appId: optionsFor(sandbox).apps.miniprogram.appId, user: 'alice' }) }
  }

  it('logs a mini-program in with a JSON body, without a cookie', async () => {
    const { browser } = example().visitor()
    const { status, json, text } = await browser.post(login, wxLogin())

    expect(status, text).to.be.oneOf([200, 201])
    expect(json).to.have.property('token').that.is.a('string')
    expect(json).to.have.nested.property('user.mode', 'miniprogram')
    expect(browser.cookies.size).to.equal(0)
  })

  it('refuses the code of a mini-program in a form', async () => {
    const { browser } = example().visitor()
    const { status } = await browser.open(login, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(wxLogin()).toString(),
    })
    expect(status).to.be.oneOf([400, 415])
  })

  it('lets in a session token, without a cookie', async () => {
    const { browser } = example().visitor()
    const { token, user } = (await browser.post(login, wxLogin())).json as {
      token: string
      user: { id: string }
    }
    const page = await browser.open('/api/me', { headers: { authorization: `Bearer ${token}` } })

    expect(page.status, page.text).to.equal(200)
    expect(page.json).to.have.nested.property('user.id', user.id)
    expect(browser.cookies.size).to.equal(0)
  })

  it('answers 401 with a challenge without a session token', async () => {
    const { status, headers } = await example().visitor().browser.open('/api/me')

    expect(status).to.equal(401)
    expect(headers.get('www-authenticate')).to.contain('Bearer')
  })
}

/** What a single-page application needs. */
export function givesTheAddress(example: () => Example): void {
  it('returns the address of WeChat’s page, with a state that works', async () => {
    const visitor = example().visitor()
    const { json, text } = await visitor.browser.open('/auth/wechat/url')
    const { url = '' } = json as { url?: string }

    expect(url, text).to.contain('/connect/qrconnect?')
    expect((await visitor.comeBack(new URL(url))).location?.pathname).to.equal('/')
  })
}

/** Runs `npm run example` as a user does. */
function startsWithOneCommand(name: string, ...options: string[]): void {
  it(`starts with: npm run example -- ${[name, ...options].join(' ')}`, async function () {
    this.timeout(0)
    const given = [name, '--port', '0', '--sandbox-port', '0', ...options]
    const child = spawn('npm', ['run', 'example', '--', ...given], {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const url = await addressIn(child)
      expect(await (await fetch(url)).text()).to.contain('You are not logged in')
      const login = await fetch(new URL('/auth/wechat/mp', url), { redirect: 'manual' })
      expect(login.status).to.equal(302)
    } finally {
      killGroup(child)
    }
  })
}

async function addressIn(child: ReturnType<typeof spawn>): Promise<string> {
  let printed = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    printed += text
  })
  const ended = once(child, 'close')
  for (;;) {
    const url = /Open +(\S+)/.exec(printed)?.[1]
    if (url !== undefined) return url
    const isOver = await Promise.race([ended.then(() => true), once(child.stdout!, 'data').then(() => false)])
    if (isOver) throw new Error(`npm run example ended and printed: ${printed}`)
  }
}
