import { readFile } from 'node:fs/promises'
import { createContext, runInContext } from 'node:vm'
import type { Sandbox } from '@wechat-auth/wechat-sandbox'
import { root } from './run.js'

export interface WxAnswer {
  statusCode: number
  data: Record<string, unknown>
  header: Record<string, string>
}

interface WxCallbacks<T> {
  success: (result: T) => void
  fail: (failure: { errMsg: string; errno: number }) => void
}

interface LoginResult {
  code?: string
  errMsg?: string
}

interface WxRequest extends WxCallbacks<WxAnswer> {
  url: string
  method?: string
  data?: Record<string, unknown>
  header?: Record<string, string>
  timeout: number
}

export interface ClientRequest {
  path: string
  method?: string
  data?: Record<string, unknown>
  header?: Record<string, string>
}

/** What examples/miniprogram/client/wechat-session.js gives to a mini-program. */
export interface ClientSession {
  request: (options: ClientRequest) => Promise<WxAnswer>
  logIn: () => Promise<{ user: { id: string; openid: string; unionid?: string }; isNewUser: boolean }>
  logOut: () => Promise<void>
  logOutEverywhere: () => Promise<void>
}

export interface ClientOptions {
  server: string
  device?: string
  paths?: Record<string, string>
  timeout?: number
}

export interface ClientModule {
  createSession: (options: ClientOptions) => ClientSession
}

/** A request of the phone, in the order of sending. */
export interface SentRequest {
  method: string
  path: string
  token: string | undefined
}

const clientFile = `${root}examples/miniprogram/client/wechat-session.js`

/**
 * A phone with a mini-program on it: runs the client's own file with nothing around it but JavaScript and a `wx` that takes its
 * codes from the sandbox and sends real requests. What is stored outlives a launch.
 */
export class Phone {
  readonly storage = new Map<string, unknown>()
  readonly sent: SentRequest[] = []
  readonly warnings: unknown[][] = []
  logins = 0
  /** In place of what WeChat does; put back by setting `undefined`. */
  login: ((callbacks: WxCallbacks<LoginResult>) => void) | undefined
  /** Whether requests of this path get lost, before the server has them or after. */
  loses: ((path: string) => 'before' | 'after' | undefined) | undefined
  /** Milliseconds that the phone's clock is ahead. */
  clockError = 0
  /** Whether the storage is full. */
  isFull = false
  /** Waited for before an answer is handed to the mini-program. */
  holds: ((request: SentRequest, answer: WxAnswer) => Promise<void> | undefined) | undefined
  readonly #sandbox: Sandbox
  readonly #user: string

  constructor(sandbox: Sandbox, user = 'alice') {
    this.#sandbox = sandbox
    this.#user = user
  }

  /** Starts the mini-program: everything but the storage is new. */
  async launch(): Promise<ClientModule> {
    return this.run(await readFile(clientFile, 'utf8')) as ClientModule
  }

  /** Runs a file of the mini-program and returns what it exports. */
  run(code: string, scope: Record<string, unknown> = {}): unknown {
    const module = { exports: {} }
    const context = {
      module,
      wx: this.wx,
      setTimeout,
      clearTimeout,
      console: { warn: (...values: unknown[]) => this.warnings.push(values) },
      ...scope,
      Date: { now: () => Date.now() + this.clockError },
    }
    runInContext(code, createContext(context))
    return module.exports
  }

  /** The token that the mini-program has stored. */
  get token(): string {
    const [{ token } = {}] = this.storage.values() as Iterable<{ token?: string }>
    if (token === undefined) throw new Error('no token is stored')
    return token
  }

  readonly wx = {
    login: (callbacks: WxCallbacks<LoginResult>): void => {
      this.logins += 1
      if (this.login) {
        this.login(callbacks)
        return
      }
      const { appId = '' } = this.#sandbox.apps.find(({ type }) => type === 'miniprogram') ?? {}
      const code = this.#sandbox.wxLogin({ appId, user: this.#user })
      setImmediate(() => callbacks.success({ code }))
    },
    request: (options: WxRequest): void => {
      this.#send(options).then(options.success, () =>
        options.fail({ errMsg: 'request:fail -106:net::ERR_INTERNET_DISCONNECTED', errno: 600001 }),
      )
    },
    getStorageSync: (key: string): unknown => this.storage.get(key) ?? '',
    setStorageSync: (key: string, data: unknown): void => {
      if (this.isFull)
        throw new Error('setStorageSync:fail the maximum size of the file storage limit is exceeded')
      this.storage.set(key, structuredClone(data))
    },
    getDeviceInfo: (): { model: string } => ({ model: 'iPhone 15' }),
  }

  async #send({ url, method = 'GET', data, header = {}, timeout }: WxRequest): Promise<WxAnswer> {
    const target = new URL(url)
    const request = {
      method,
      path: target.pathname,
      token: /^Bearer (.+)$/.exec(header.Authorization ?? '')?.[1],
    }
    this.sent.push(request)
    const lost = this.loses?.(request.path)
    if (lost === 'before') throw new Error('lost')
    const hasBody = method !== 'GET'
    if (!hasBody)
      for (const [name, value] of Object.entries(data ?? {})) target.searchParams.set(name, String(value))
    const response = await fetch(target, {
      method,
      headers: { 'content-type': 'application/json', ...header },
      ...(hasBody && { body: data === undefined ? '' : JSON.stringify(data) }),
      signal: AbortSignal.timeout(timeout),
    })
    const text = await response.text()
    if (lost === 'after') throw new Error('lost')
    const answer = {
      statusCode: response.status,
      data: parsed(text) as WxAnswer['data'],
      header: Object.fromEntries(response.headers),
    }
    await this.holds?.(request, answer)
    return answer
  }
}

/** As wx.request does it: JSON where it is JSON, else the text. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
