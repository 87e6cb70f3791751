import { busyErrcode, lookUpKind } from '../errcodes.js'
import { WechatAPIError, WechatTransportError } from '../errors.js'
import type { Exchange, HttpAnswer } from './exchange.js'
import { isUnsent } from './failures.js'
import { parseReply, type Reply } from './reply.js'
import { hide, oneLine, rid } from './redact.js'
import { toNumber } from '../lib/values.js'
import type { WechatLogger } from '../types.js'
import { withDeadline, type Deadline } from '../lib/deadline.js'

const pauseWhenBusy = 100
const utf8 = new TextDecoder()

export interface Call {
  /** Path of the endpoint, which is all that errors say of the address. Logs may name the host as well. */
  endpoint: string
  query: Readonly<Record<string, string>>
  /** Sent as JSON, which makes it a POST. */
  body?: Readonly<Record<string, unknown>>
  /** What neither says, but WeChat knows: must not be shown either. */
  secrets?: readonly (string | undefined)[]
  /** May be sent twice: not where a one-time code is spent. Such a call is repeated only if nothing was sent. */
  repeatable: boolean
  /** The fallback hosts serve it. */
  fallback: boolean
}

/** What is not JSON. The media type is in lower case, without parameters. */
export interface Binary {
  data: Uint8Array
  contentType: string
}

export interface TransportOptions {
  api: string
  /** Where images come from. */
  mp: string
  appSecret: string
  fallbackHosts: readonly string[]
  timeout: number
  exchange: Exchange
  logger: WechatLogger | undefined
}

/** What is to be done for one call. */
interface Task<T> {
  call: Call
  read: (answer: HttpAnswer) => T
  deadline: Deadline
  startedAt: number
}

/** All talk to WeChat's servers goes through here. Every answer is untrusted until it has passed every check. */
export class Transport {
  readonly #options: TransportOptions

  constructor(options: TransportOptions) {
    this.#options = options
  }

  /**
   * @returns the JSON object that WeChat answered, which carries no error
   * @throws WechatAPIError, WechatTransportError; within the timeout, repetitions included
   */
  call(call: Call): Promise<Reply> {
    return this.#request(call, this.#options.api, ({ data }) => {
      // Over the whole body, so that a character may come in two packets; lenient, because nicknames contain broken ones.
      const reply = parseReply(utf8.decode(data))
      if (!reply)
        throw new WechatTransportError(
          'ERR_WECHAT_RESPONSE',
          call.endpoint,
          'answered something that is not a JSON object',
        )
      refuseErrcode(call, reply, this.#options.appSecret)
      return reply
    })
  }

  /**
   * @returns the image that WeChat answered
   * @throws WechatTransportError; within the timeout, repetitions included
   */
  image(call: Call): Promise<Binary> {
    return this.#request(call, this.#options.mp, (answer) => {
      const contentType = answer.contentType().replace(/;.*$/s, '').trim().toLowerCase()
      if (!/^image\/[\w.+-]{1,64}$/.test(contentType)) {
        throw new WechatTransportError(
          'ERR_WECHAT_RESPONSE',
          call.endpoint,
          'answered something that is not an image',
        )
      }
      if (answer.data.length === 0)
        throw new WechatTransportError('ERR_WECHAT_RESPONSE', call.endpoint, 'answered an empty image')
      return { data: new Uint8Array(answer.data), contentType }
    })
  }

  async #request<T>(call: Call, base: string, read: (answer: HttpAnswer) => T): Promise<T> {
    const { timeout } = this.#options
    const lateMessage = `did not answer within ${timeout} ms`
    const startedAt = performance.now()
    try {
      const result = await withDeadline(
        timeout,
        (deadline) => this.#askServers(this.#serversFor(call, base), { call, read, deadline, startedAt }),
        () => new WechatTransportError('ERR_WECHAT_TIMEOUT', call.endpoint, lateMessage),
      )
      this.#log('debug', 'WeChat call', call, startedAt)
      return result
    } catch (error) {
      this.#log('warn', 'WeChat call failed', call, startedAt, { error })
      throw error
    }
  }

  /** Where a call goes, in this order, while it may be tried again. */
  #serversFor({ repeatable, fallback }: Call, base: string): readonly string[] {
    const others = fallback ? this.#options.fallbackHosts : []
    return others.length === 0 && repeatable ? [base, base] : [base, ...others]
  }

  /**
   * Asks one server after the other. Where all fail, the error is that of the last one that may have read the
   * request: the caller must know that a code may be spent, or that WeChat is busy. Where no connection came about,
   * it is that of the first, which should have answered.
   */
  async #askServers<T>(servers: readonly string[], { call, read, deadline, startedAt }: Task<T>): Promise<T> {
    const { exchange } = this.#options
    const { endpoint, query, body } = call
    const request = { path: buildPath(endpoint, query), endpoint, body: body && JSON.stringify(body) }
    // It comes while this waits.
    const isOver = (): boolean => deadline.isOver
    let failure: unknown
    for (const [index, server] of servers.entries()) {
      try {
        return read(await exchange({ server, ...request }, deadline))
      } catch (error) {
        if (isOver()) throw error
        failure = failure !== undefined && isUnsent(error) ? failure : error
        if (index === servers.length - 1 || !mayRepeat(call, error)) {
          // Otherwise nobody would hear of this one.
          if (failure !== error)
            this.#log('warn', 'WeChat host could not be reached', call, startedAt, { error, server })
          break
        }
        this.#log('warn', 'WeChat call is tried again', call, startedAt, { error, server })
        if (error instanceof WechatAPIError)
          await new Promise((resolve) => setTimeout(resolve, pauseWhenBusy))
        if (isOver()) break
      }
    }
    throw failure
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

/** Every value is encoded once. */
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

// What this package itself puts into a request; an errmsg that says it gives nothing away.
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
      'answered an errcode that is not a number',
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
