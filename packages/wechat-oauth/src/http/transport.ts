import { busyErrcode, lookUpAdvice, lookUpKind } from '../errcodes.js'
import { WechatAPIError, WechatTransportError } from '../errors.js'
import type { Exchange, HttpAnswer, HttpRequest } from './exchange.js'
import { callChannel, traced } from '../lib/channels.js'
import type { WechatCallMessage } from '../diagnostics.js'
import { findStatus, isUnsent } from './failures.js'
import { parseReply, type Reply } from './reply.js'
import { hide, oneLine, rid } from './redact.js'
import { toNumber } from '../lib/values.js'
import type { WechatLogger } from '../types.js'
import { withDeadline, type Deadline } from '../lib/deadline.js'

const pauseWhenBusy = 100
const utf8 = new TextDecoder()

export interface Call {
  /** The path of the endpoint. Errors show only this part of the address. Logs may show the host too. */
  endpoint: string
  query: Readonly<Record<string, string>>
  /** Sent as JSON. With a body, the call is a POST. */
  body?: Readonly<Record<string, unknown>>
  /** Other values that WeChat knows and may echo, and that errors must not show. */
  secrets?: readonly (string | undefined)[]
  /** Whether it may be sent twice. A call that spends a code may not: it is repeated only if nothing was sent. */
  repeatable: boolean
  /** Whether the fallback hosts serve it. */
  fallback: boolean
}

/** A reply that is not JSON. The media type is in lower case, without parameters. */
export interface Binary {
  data: Uint8Array
  contentType: string
}

export interface TransportOptions {
  appId: string
  api: string
  /** The server of images. */
  mp: string
  appSecret: string
  fallbackHosts: readonly string[]
  timeout: number
  exchange: Exchange
  logger: WechatLogger | undefined
}

/** One call on its way. */
interface Task<T> {
  call: Call
  read: (answer: HttpAnswer) => T
  deadline: Deadline
  startedAt: number
  /** What subscribers of the channel are told. */
  message: WechatCallMessage | undefined
}

/** Makes all calls of WeChat's servers. A reply is not trusted until it has passed every check. */
export class Transport {
  readonly #options: TransportOptions

  constructor(options: TransportOptions) {
    this.#options = options
  }

  /**
   * @returns the JSON object that WeChat sent, which has no error
   * @throws WechatAPIError, WechatTransportError; within the timeout, which includes repetitions
   */
  call(call: Call): Promise<Reply> {
    return this.#request(call, this.#options.api, ({ data }) => {
      // The whole body is decoded at once, because a packet may end inside a character. It is lenient, because nicknames
      // contain broken characters.
      const reply = parseReply(utf8.decode(data))
      if (!reply)
        throw new WechatTransportError(
          'ERR_WECHAT_RESPONSE',
          call.endpoint,
          'replied with something other than a JSON object',
        )
      refuseErrcode(call, reply, this.#options.appSecret)
      return reply
    })
  }

  /**
   * @returns the image that WeChat sent
   * @throws WechatTransportError; within the timeout, which includes repetitions
   */
  image(call: Call): Promise<Binary> {
    return this.#request(call, this.#options.mp, (answer) => {
      const contentType = answer.contentType().replace(/;.*$/s, '').trim().toLowerCase()
      if (!/^image\/[\w.+-]{1,64}$/.test(contentType)) {
        throw new WechatTransportError(
          'ERR_WECHAT_RESPONSE',
          call.endpoint,
          'replied with something other than an image',
        )
      }
      if (answer.data.length === 0)
        throw new WechatTransportError('ERR_WECHAT_RESPONSE', call.endpoint, 'replied with an empty image')
      return { data: new Uint8Array(answer.data), contentType }
    })
  }

  #request<T>(call: Call, base: string, read: (answer: HttpAnswer) => T): Promise<T> {
    const { appId } = this.#options
    const { endpoint, body } = call
    return traced(
      callChannel,
      (): WechatCallMessage => ({ appId, endpoint, method: body ? 'POST' : 'GET', attempts: 0 }),
      (message) => this.#requestWithin(call, base, read, message),
    )
  }

  async #requestWithin<T>(
    call: Call,
    base: string,
    read: (answer: HttpAnswer) => T,
    message: WechatCallMessage | undefined,
  ): Promise<T> {
    const { timeout } = this.#options
    const lateMessage = `did not answer within ${timeout} ms`
    const startedAt = performance.now()
    try {
      const result = await withDeadline(
        timeout,
        (deadline) =>
          this.#askServers(this.#serversFor(call, base), { call, read, deadline, startedAt, message }),
        () => new WechatTransportError('ERR_WECHAT_TIMEOUT', call.endpoint, lateMessage),
      )
      this.#log('debug', 'WeChat call', call, startedAt)
      return result
    } catch (error) {
      this.#log('warn', 'WeChat call failed', call, startedAt, { error })
      throw error
    }
  }

  /** The servers to try, in this order. */
  #serversFor({ repeatable, fallback }: Call, base: string): readonly string[] {
    const others = fallback ? this.#options.fallbackHosts : []
    return others.length === 0 && repeatable ? [base, base] : [base, ...others]
  }

  /**
   * Asks one server after the other. If all fail, the error is that of the last server that may have read the request, so
   * that the caller knows that a code may be spent or that WeChat is busy. If there was no connection to any of them, it is
   * that of the first, which should have replied.
   */
  async #askServers<T>(servers: readonly string[], task: Task<T>): Promise<T> {
    const { call, deadline, startedAt } = task
    const { endpoint, query, body } = call
    const request = { path: buildPath(endpoint, query), endpoint, body: body && JSON.stringify(body) }
    // A function, because the value changes during `await`.
    const isOver = (): boolean => deadline.isOver
    let failure: unknown
    for (const [index, server] of servers.entries()) {
      try {
        return await this.#askServer({ server, ...request }, task)
      } catch (error) {
        if (isOver()) throw error
        failure = failure !== undefined && isUnsent(error) ? failure : error
        if (index === servers.length - 1 || !mayRepeat(call, error)) {
          // This error is not thrown, so log it.
          if (failure !== error)
            this.#log('warn', 'Could not reach a WeChat host', call, startedAt, { error, server })
          break
        }
        this.#log('warn', 'Retrying a WeChat call', call, startedAt, { error, server })
        if (error instanceof WechatAPIError)
          await new Promise((resolve) => setTimeout(resolve, pauseWhenBusy))
        if (isOver()) break
      }
    }
    throw failure
  }

  async #askServer<T>(request: HttpRequest, { read, deadline, message }: Task<T>): Promise<T> {
    if (!message) return read(await this.#options.exchange(request, deadline))
    message.attempts += 1
    message.host = new URL(request.server).host
    delete message.status
    try {
      const answer = await this.#options.exchange(request, deadline)
      message.status = answer.status
      return read(answer)
    } catch (error) {
      const status = findStatus(error)
      if (status !== undefined) message.status = status
      throw error
    }
  }

  #log(
    level: keyof WechatLogger,
    message: string,
    call: Call,
    startedAt: number,
    { error, server }: { error?: unknown; server?: string } = {},
  ): void {
    const { logger } = this.#options
    if (!logger) return
    const facts: Record<string, unknown> = {
      endpoint: call.endpoint,
      ms: Math.round(performance.now() - startedAt),
    }
    if (server !== undefined) facts.host = new URL(server).host
    for (const name of error instanceof Error ? ['code', 'errcode', 'reason', 'requestId'] : []) {
      const value: unknown = Reflect.get(error as Error, name)
      if (value !== undefined) facts[name] = value
    }
    logger[level](message, facts)
  }
}

/** Encodes every value once. */
export function buildPath(endpoint: string, query: Readonly<Record<string, string>>): string {
  let path = endpoint
  let separator = '?'
  for (const name of Object.keys(query)) {
    path += `${separator}${name}=${encodeURIComponent(query[name] ?? '')}`
    separator = '&'
  }
  return path
}

function mayRepeat({ repeatable }: Call, error: unknown): boolean {
  return repeatable ? isPassing(error) : isUnsent(error)
}

function isPassing(error: unknown): boolean {
  return error instanceof WechatAPIError
    ? error.errcode === busyErrcode
    : error instanceof WechatTransportError && error.code === 'ERR_WECHAT_NETWORK'
}

// Values that this package itself puts into requests. They are not secret in an errmsg.
const ownWords = new Set([
  'authorization_code',
  'refresh_token',
  'client_credential',
  'zh_CN',
  'zh_TW',
  'jsapi',
  'wx_card',
  'hmac_sha256',
  'QR_SCENE',
  'QR_STR_SCENE',
  'QR_LIMIT_SCENE',
  'QR_LIMIT_STR_SCENE',
])

function refuseErrcode(
  { endpoint, query, body = {}, secrets = [] }: Call,
  reply: Reply,
  appSecret: string,
): void {
  if (reply.errcode === undefined) return
  const errcode = toNumber(reply.errcode)
  if (errcode === undefined)
    throw new WechatTransportError(
      'ERR_WECHAT_RESPONSE',
      endpoint,
      'replied with an errcode that is not a number',
    )
  if (errcode === 0) return
  const answered = [reply.access_token, reply.refresh_token, reply.session_key, reply.ticket]
  const values = [...Object.values(query), ...textsIn(body), appSecret, ...secrets, ...answered]
  const errmsg = hide(
    typeof reply.errmsg === 'string' ? reply.errmsg : '',
    values.filter((value): value is string => typeof value === 'string' && !ownWords.has(value)),
  )
  throw new WechatAPIError({
    errcode,
    errmsg: oneLine(errmsg),
    requestId: findRequestId(errmsg),
    endpoint,
    kind: lookUpKind(errcode),
    advice: lookUpAdvice(errcode),
  })
}

function textsIn(value: unknown): unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [value]
}

function findRequestId(errmsg: string): string | undefined {
  const [, id] =
    new RegExp(`rid: (${rid.source})`).exec(errmsg) ??
    /req_id: ([!-)+-\\^-~]{1,64})/.exec(errmsg) ??
    /hint: \[([!-)+-\\^-~]{1,64})\]/.exec(errmsg) ??
    []
  return id
}
