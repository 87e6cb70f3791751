import { Agent, request } from 'node:http'

/** What a browser sends to the callback: its cookie and the state of the redirect. */
export interface Visitor {
  cookie: string
  state: string
}

/** Many browsers that each log in once to one application. */
export class Browsers {
  readonly #port: number
  readonly #agent = new Agent({ keepAlive: true })

  constructor(port: number) {
    this.#port = port
  }

  /** Starts a login, which redirects to WeChat. */
  async begin(): Promise<Visitor> {
    const { status, headers } = await this.#get('/auth')
    if (status !== 302 || !headers.location)
      throw new Error(`The login request was answered with status ${status}`)
    return {
      cookie: (headers['set-cookie'] ?? []).map((cookie) => cookie.split(';', 1)[0]).join('; '),
      state: new URL(headers.location).searchParams.get('state') ?? '',
    }
  }

  /** Returns from WeChat with a code. Resolves to the milliseconds until the user was logged in. */
  async comeBack({ cookie, state }: Visitor, code: string): Promise<number> {
    const started = performance.now()
    const { status, body } = await this.#get(`/auth/callback?code=${code}&state=${state}`, cookie)
    const took = performance.now() - started
    if (status !== 200 || !body.startsWith('{"id":"o'))
      throw new Error(`The callback was answered with status ${status}: ${body}`)
    return took
  }

  close(): void {
    this.#agent.destroy()
  }

  async #get(
    path: string,
    cookie = '',
  ): Promise<{ status: number; headers: NodeJS.Dict<string[]> & { location?: string }; body: string }> {
    return new Promise((resolve, reject) => {
      const asking = request(
        {
          host: '127.0.0.1',
          port: this.#port,
          path,
          agent: this.#agent,
          headers: cookie === '' ? {} : { cookie },
        },
        (response) => {
          let body = ''
          response.setEncoding('utf8').on('data', (text: string) => {
            body += text
          })
          response.once('end', () => {
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers as NodeJS.Dict<string[]> & { location?: string },
              body,
            })
          })
        },
      )
      asking.once('error', reject)
      asking.end()
    })
  }
}
