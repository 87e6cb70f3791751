import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import type { IncomingMessage } from 'node:http'
import type { Sandbox } from '@wechat-auth/wechat-sandbox'

interface Shown {
  status: number
  headers: IncomingMessage['headers']
  text: string
}

/** Somebody whose browser and phone find the sandbox under WeChat's names. */
export class Person {
  readonly #sandbox: Sandbox
  readonly #user: string

  constructor(sandbox: Sandbox, user: string) {
    this.#sandbox = sandbox
    this.#user = user
  }

  /** @param form - posted; without it the page is got */
  async open(url: URL | string, form?: Record<string, string> | URLSearchParams): Promise<Shown> {
    const { protocol, hostname, port, pathname, search } = new URL(url)
    if (protocol !== 'https:' || port !== '')
      throw new Error(`WeChat is at https: and its port, not at ${String(url)}`)
    const { tls } = this.#sandbox
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request(
        {
          host: '127.0.0.1',
          port: tls!.port,
          servername: hostname,
          ca: tls!.ca,
          path: pathname + search,
          method: form ? 'POST' : 'GET',
          headers: { host: hostname, ...(form && { 'content-type': 'application/x-www-form-urlencoded' }) },
        },
        resolve,
      )
        .on('error', reject)
        .end(form && new URLSearchParams(form).toString())
    })
    return { status: response.statusCode!, headers: response.headers, text: await text(response) }
  }

  /** Consents on the page to which an application has led; the answer is where WeChat sends the browser. */
  async consent(page: URL): Promise<URL> {
    return page.pathname === '/connect/qrconnect' ? this.#scan(page) : this.decide(page, 'allow')
  }

  /** Chooses one of the buttons of the page inside WeChat. */
  async decide(page: URL, decision: string): Promise<URL> {
    const { text } = await this.open(page)
    if (!text.includes('name="decision"')) throw new Error(`This is not a consent page: ${text}`)
    const { headers } = await this.open(
      page.origin + page.pathname,
      new URLSearchParams([...page.searchParams, ['user', this.#user], ['decision', decision]]),
    )
    return new URL(headers.location!)
  }

  async #scan(page: URL): Promise<URL> {
    const { text } = await this.open(page)
    const [confirm, uuid] = /https:\/\/open\.weixin\.qq\.com\/connect\/confirm\?uuid=(\w+)/.exec(text) ?? []
    if (confirm === undefined || uuid === undefined)
      throw new Error(`This is not a page with a QR code: ${text}`)
    await this.open(confirm)
    await this.open(new URL('/connect/confirm', page), { uuid, user: this.#user, decision: 'confirm' })
    const { text: polled } = await this.open(new URL(`/connect/l/qrconnect?uuid=${uuid}`, page))
    const [, code = ''] = /wx_code='(\w+)'/.exec(polled) ?? []
    const callback = new URL(page.searchParams.get('redirect_uri')!)
    callback.searchParams.set('code', code)
    callback.searchParams.set('state', page.searchParams.get('state')!)
    return callback
  }
}
