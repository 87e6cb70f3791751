import { kindOf } from './errcodes.js'
import { WechatAPIError, WechatTransportError } from './errors.js'
import { parseReply, type Reply } from './reply.js'
import { hide, oneLine, rid } from './redact.js'
import { toNumber } from './token.js'
import type { WechatLogger } from './types.js'
import { withTimeout } from './with-timeout.js'

const largestBody = 1024 * 1024
const pauseWhenBusy = 100

export interface Call {
  /** Path of the endpoint, which is all that errors and logs ever say of the address. */
  endpoint: string
  query: Readonly<Record<string, string>>
  /** Sent as JSON, which makes it a POST. */
  body?: Readonly<Record<string, unknown>>
  /** What neither says, but WeChat knows: must not be shown either. */
  secrets?: readonly (string | undefined)[]
  /** May be sent a second time: not where a one-time code is spent. */
  repeatable: boolean
  /** May go to a fallback host. */
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
  fetch: typeof fetch
  logger: WechatLogger
}

/** All talk to WeChat's servers goes through here. Every answer is untrusted until it has passed every check. */
export class Transport {
  readonly #options: TransportOptions

  constructor(options: TransportOptions) {
    this.#options = options
  }

  /**
   * @returns the JSON object that WeChat answered, which carries no error
   * @throws WechatAPIError, WechatTransportError; within the timeout, its one repetition included
   */
  async call(call: Call): Promise<Reply> {
    return this.#run(call, this.#options.api, async (response) => {
      const reply = parseReply(await readText(response, call.endpoint))
      if (!reply) throw new WechatTransportError('ERR_WECHAT_RESPONSE', call.endpoint, 'answered something that is not a JSON object')
      refuseErrcode(call, reply, this.#options.appSecret)
      return reply
    })
  }

  /**
   * @returns the image that WeChat answered
   * @throws WechatTransportError; within the timeout, its one repetition included
   */
  async image(call: Call): Promise<Binary> {
    return this.#run(call, this.#options.mp, async (response) => {
      const contentType = (response.headers.get('content-type') ?? '').replace(/;.*$/s, '').trim().toLowerCase()
      if (!/^image\/[\w.+-]{1,64}$/.test(contentType)) {
        void discardBody(response)
        throw new WechatTransportError('ERR_WECHAT_RESPONSE', call.endpoint, 'answered something that is not an image')
      }
      const data = await readBytes(response, call.endpoint)
      if (data.length === 0) throw new WechatTransportError('ERR_WECHAT_RESPONSE', call.endpoint, 'answered an empty image')
      return { data, contentType }
    })
  }

  async #run<T>(call: Call, base: string, read: (response: Response) => Promise<T>): Promise<T> {
    const { fallbackHosts, timeout } = this.#options
    const startedAt = performance.now()
    try {
      const result = await withTimeout(timeout, async (signal) => {
        try {
          return await this.#attempt(base, call, signal, read)
        } catch (error) {
          if (signal.aborted || !call.repeatable || !isPassing(error)) throw error
          this.#log('warn', 'WeChat call is tried again', call, startedAt, error)
          if (error instanceof WechatAPIError) await new Promise((resolve) => setTimeout(resolve, pauseWhenBusy))
          signal.throwIfAborted()
          return this.#attempt((call.fallback ? fallbackHosts[0] : undefined) ?? base, call, signal, read)
        }
      }, () => new WechatTransportError('ERR_WECHAT_TIMEOUT', call.endpoint, `did not answer within ${timeout} ms`))
      this.#log('debug', 'WeChat call', call, startedAt)
      return result
    } catch (error) {
      this.#log('warn', 'WeChat call failed', call, startedAt, error)
      throw error
    }
  }

  async #attempt<T>(host: string, call: Call, signal: AbortSignal, read: (response: Response) => Promise<T>): Promise<T> {
    const { endpoint } = call
    const response = await this.#fetch(host, call, signal)
    if (typeof (response as Partial<Response> | undefined)?.status !== 'number') {
      throw new WechatTransportError('ERR_WECHAT_RESPONSE', endpoint, 'gave no response: does the fetch option return one?')
    }
    if (!response.ok || response.redirected) {
      void discardBody(response)
      throw new WechatTransportError('ERR_WECHAT_STATUS', endpoint, `answered with HTTP status ${response.status}`)
    }
    try {
      return await read(response)
    } catch (error) {
      if (error instanceof WechatTransportError || error instanceof WechatAPIError) throw error
      throw new WechatTransportError('ERR_WECHAT_NETWORK', endpoint, 'broke off in the middle of its answer', reasonOf(error))
    }
  }

  async #fetch(host: string, { endpoint, query, body }: Call, signal: AbortSignal): Promise<Response> {
    const accept = 'application/json, text/plain'
    const posted = body && { method: 'POST', headers: { accept, 'content-type': 'application/json' }, body: JSON.stringify(body) }
    try {
      return await this.#options.fetch(addressOf(host, endpoint, query), { redirect: 'manual', headers: { accept }, ...posted, signal })
    } catch (error) {
      throw new WechatTransportError('ERR_WECHAT_NETWORK', endpoint, 'could not be reached', reasonOf(error))
    }
  }

  #log(level: keyof WechatLogger, message: string, call: Call, startedAt: number, error?: unknown): void {
    const { code, errcode, reason, requestId } = (error ?? {}) as { code?: unknown, errcode?: unknown, reason?: unknown, requestId?: unknown }
    const facts = { endpoint: call.endpoint, ms: Math.round(performance.now() - startedAt), code, errcode, reason, requestId }
    this.#options.logger[level](message, Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)))
  }
}

// Frees the connection. The body of a fetch that the application supplies may not have the method, or refuse.
async function discardBody(response: Response): Promise<void> {
  try {
    await response.body?.cancel()
  } catch {
    // The status is what counts.
  }
}

/** Every value is encoded once. */
export function addressOf(host: string, endpoint: string, query: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  return `${host}${endpoint}${pairs.length > 0 ? '?' : ''}${pairs.join('&')}`
}

function isPassing(error: unknown): boolean {
  return error instanceof WechatAPIError ? error.errcode === -1 : error instanceof WechatTransportError && error.code === 'ERR_WECHAT_NETWORK'
}

// Only the system's word: the messages of a fetch that the application supplies may contain the address.
function reasonOf(error: unknown): string | undefined {
  const { code, cause } = (error ?? {}) as { code?: unknown, cause?: { code?: unknown } | null }
  return [cause?.code, code].find((word): word is string => typeof word === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(word))
}

async function readText(response: Response, endpoint: string): Promise<string> {
  // Over the whole body, so that a character may come in two packets; lenient, because nicknames contain broken ones.
  return new TextDecoder().decode(await readBytes(response, endpoint))
}

async function readBytes(response: Response, endpoint: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  const keep = (chunk: Uint8Array): void => {
    size += chunk.byteLength
    if (size > largestBody) throw new WechatTransportError('ERR_WECHAT_RESPONSE', endpoint, `answered more than ${largestBody} bytes`)
    chunks.push(chunk)
  }
  // The body of a fetch that the application supplies may be iterable only.
  const body: AsyncIterable<Uint8Array> & Partial<ReadableStream<Uint8Array>> | null = response.body
  const reader = body?.getReader?.()
  if (reader) await readAll(reader, keep)
  // Leaving the loop early cancels the stream, and with it the connection.
  else for await (const chunk of body ?? []) keep(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}

// As the loop above does, at half the price: that one makes several promises for each chunk.
async function readAll(reader: ReadableStreamDefaultReader<Uint8Array>, keep: (chunk: Uint8Array) => void): Promise<void> {
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      keep(value)
    }
  } catch (error) {
    // What is wrong has been found already.
    reader.cancel().catch(() => undefined)
    throw error
  }
}

// What this package itself puts into a request; an errmsg that says it gives nothing away.
const ownWords = new Set([
  'authorization_code', 'refresh_token', 'client_credential', 'zh_CN', 'zh_TW', 'jsapi', 'wx_card', 'hmac_sha256',
  'QR_SCENE', 'QR_STR_SCENE', 'QR_LIMIT_SCENE', 'QR_LIMIT_STR_SCENE',
])

function refuseErrcode({ endpoint, query, body = {}, secrets = [] }: Call, reply: Reply, appSecret: string): void {
  if (reply.errcode === undefined) return
  const errcode = toNumber(reply.errcode)
  if (errcode === undefined) throw new WechatTransportError('ERR_WECHAT_RESPONSE', endpoint, 'answered an errcode that is not a number')
  if (errcode === 0) return
  const answered = [reply.access_token, reply.refresh_token, reply.session_key, reply.ticket]
  const values = [...Object.values(query), ...textsIn(body), appSecret, ...secrets, ...answered]
  const errmsg = hide(
    typeof reply.errmsg === 'string' ? reply.errmsg : '',
    values.filter((value): value is string => typeof value === 'string' && !ownWords.has(value)),
  )
  throw new WechatAPIError({ errcode, errmsg: oneLine(errmsg), requestId: requestIdOf(errmsg), endpoint, kind: kindOf(errcode) })
}

function textsIn(value: unknown): unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [value]
}

function requestIdOf(errmsg: string): string | undefined {
  const [, id] = new RegExp(`rid: (${rid.source})`).exec(errmsg) ?? /req_id: ([!-)+-\\^-~]{1,64})/.exec(errmsg) ?? /hint: \[([!-)+-\\^-~]{1,64})\]/.exec(errmsg) ?? []
  return id
}
