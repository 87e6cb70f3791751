import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Sandbox } from '@wechat-auth/wechat-sandbox'
import { Browser } from '../../helpers/browser.js'
import { root } from '../../helpers/run.js'
import { blockOf, english, read, readmeOf } from '../readme/markdown.js'
import { Person } from '../strangers/person.js'

type AppType = 'mp' | 'website'

/** A page on migrating that has an application before the port, and one after it. */
export interface Page {
  /** The old package. */
  name: 'passport-wechat' | 'passport-weixin'
  type: AppType
  /** Path of the route that starts a login. */
  login: string
  /** Which of WeChat's ids the old application stores. */
  storedId: (ids: { openid: string; unionid?: string }) => string
}

export const passportWechat: Page = {
  name: 'passport-wechat',
  type: 'mp',
  login: '/auth/wechat',
  storedId: ({ openid }) => openid,
}

export const passportWeixin: Page = {
  name: 'passport-weixin',
  type: 'website',
  login: '/auth/weixin',
  storedId: ({ unionid = 'undefined' }) => unionid,
}

export const pages: readonly Page[] = [passportWechat, passportWeixin]

/** The second website is not bound to an open-platform account, so its users have no unionid. */
export const apps = [
  { type: 'mp', appId: 'wx-mp', appSecret: 'the secret of the official account', unionAccount: 'sandbox' },
  { type: 'website', appId: 'wx-website', appSecret: 'the secret of the website', unionAccount: 'sandbox' },
  { type: 'website', appId: 'wx-unbound', appSecret: 'the secret of the unbound website' },
] as const

/** A row of the users table. */
export interface StoredUser {
  id: number
  wechatId: string
  name?: string
  picture?: string
}

/** The code of an application, from the page. */
export function codeOf({ name }: Page, heading: 'Before' | 'After'): string {
  return blockOf(read(`docs/migrating/${name}.md`), new RegExp(`^${heading}$`))
}

/** A running application. */
export interface Running {
  url: string
  stop: () => Promise<void>
}

/** A folder for the applications of a page, with their users. They find the sandbox in place of WeChat. */
export class Deployment {
  readonly #sandbox: Sandbox
  readonly #page: Page
  readonly #folder: string

  private constructor(sandbox: Sandbox, page: Page, folder: string) {
    this.#sandbox = sandbox
    this.#page = page
    this.#folder = folder
  }

  static async create(sandbox: Sandbox, page: Page): Promise<Deployment> {
    const folder = await mkdtemp(join(tmpdir(), 'migrating-'))
    const hosts = readmeOf('packages/wechat-sandbox', english).blocks.find(({ code }) =>
      code.startsWith('// wechat-hosts.cjs\n'),
    )!
    await writeFile(join(folder, 'wechat-hosts.cjs'), hosts.code)
    await writeFile(join(folder, 'wechat-sandbox.pem'), sandbox.tls!.ca)
    await writeFile(join(folder, 'users.js'), blockOf(read(`docs/migrating/${page.name}.md`), /^After$/, 1))
    return new Deployment(sandbox, page, folder)
  }

  async users(): Promise<StoredUser[]> {
    return JSON.parse(await readFile(join(this.#folder, 'users.json'), 'utf8')) as StoredUser[]
  }

  /** Replaces the users table. */
  async store(users: readonly StoredUser[]): Promise<void> {
    await writeFile(join(this.#folder, 'users.json'), JSON.stringify(users))
  }

  /** @param modules - the folder of the old package; the workspace if it is left out */
  async start(code: string, { modules, appId }: { modules?: string; appId?: string } = {}): Promise<Running> {
    const listening = code.replace(
      'app.listen(3000)',
      "app.listen(0, '127.0.0.1', function () { console.log(this.address().port) })",
    )
    await writeFile(join(this.#folder, 'app.js'), listening)
    const app = apps.find((one) =>
      appId === undefined ? one.type === this.#page.type : one.appId === appId,
    )!
    const nodeOptions = modules === undefined ? process.execArgv : []
    const child = spawn(
      process.execPath,
      [...nodeOptions, '--require', join(this.#folder, 'wechat-hosts.cjs'), join(this.#folder, 'app.js')],
      {
        cwd: root,
        env: {
          PATH: process.env.PATH,
          NODE_PATH: modules ?? join(root, 'node_modules'),
          NODE_EXTRA_CA_CERTS: join(this.#folder, 'wechat-sandbox.pem'),
          WECHAT_SANDBOX_PORT: String(this.#sandbox.tls!.port),
          WECHAT_APP_ID: app.appId,
          WECHAT_APP_SECRET: app.appSecret,
          SESSION_SECRET: 'a secret of the tests',
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    let complaints = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints += text
    })
    const closed = once(child, 'close')
    const [port] = (await Promise.race([once(child.stdout.setEncoding('utf8'), 'data'), closed])) as [unknown]
    if (typeof port !== 'string') throw new Error(`the application ended with ${String(port)}: ${complaints}`)
    return {
      url: `http://127.0.0.1:${port.trim()}`,
      stop: async () => {
        child.kill()
        await closed
      },
    }
  }

  /** Logs somebody in from a new browser. Returns what the application shows then: the stored user, or `null`. */
  async logIn({ url }: Running, user: string): Promise<StoredUser | null> {
    const browser = new Browser(url)
    const { location: page } = await browser.open(this.#page.login)
    const callback = await new Person(this.#sandbox, user).consent(page!)
    await browser.open(callback.pathname + callback.search)
    return (await browser.open('/')).json as StoredUser | null
  }

  /** Opens, in a new browser, the callback of a login that somebody else started. Returns what the application shows then. */
  async openForeignCallback({ url }: Running, attacker: string): Promise<StoredUser | null> {
    const { location: page } = await new Browser(url).open(this.#page.login)
    const callback = await new Person(this.#sandbox, attacker).consent(page!)
    const victim = new Browser(url)
    await victim.open(callback.pathname + callback.search)
    return (await victim.open('/')).json as StoredUser | null
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true })
  }
}
