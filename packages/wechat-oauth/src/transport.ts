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
  /** What the query does not say, but WeChat knows: must not be shown either. */
  secrets?: readonly (string | undefined)[]
  /** May be sent a second time: not where a one-time code is spent. */
  repeatable: boolean
  /** May go to a fallback host. */
  fallback: boolean
}

export interface TransportOptions {
  api: string
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
    const { api, fallbackHosts, timeout } = this.#options
    const startedAt = performance.now()
    try {
      const reply = await withTimeout(timeout, async (signal) => {
        try {
          return await this.#attempt(api, call, signal)
        } catch (error) {
          if (signal.aborted || !call.repeatable || !isPassing(error)) throw error
          this.#log('warn', 'WeChat call is tried again', call, startedAt, error)
          if (error instanceof WechatAPIError) await new Promise((resolve) => setTimeout(resolve, pauseWhenBusy))
          signal.throwIfAborted()
          return this.#attempt((call.fallback ? fallbackHosts[0] : undefined) ?? api, call, signal)
        }
      }, () => new WechatTransportError('ERR_WECHAT_TIMEOUT', call.endpoint, `did not answer within ${timeout} ms`))
      this.#log('debug', 'WeChat call', call, startedAt)
      return reply
    } catch (error) {
      this.#log('warn', 'WeChat call failed', call, startedAt, error)
      throw error
    }
  }

  async #attempt(host: string, call: Call, signal: AbortSignal): Promise<Reply> {
    const text = await this.#fetchText(`${host}${call.endpoint}?${queryString(call.query)}`, call.endpoint, signal)
    const reply = parseReply(text)
    if (!reply) throw new WechatTransportError('ERR_WECHAT_RESPONSE', call.endpoint, 'answered something that is not a JSON object')
    refuseErrcode(call, reply, this.#options.appSecret)
    return reply
  }

  async #fetchText(url: string, endpoint: string, signal: AbortSignal): Promise<string> {
    let response: Response
    try {
      response = await this.#options.fetch(url, { redirect: 'manual', headers: { accept: 'application/json, text/plain' }, signal })
    } catch (error) {
      throw new WechatTransportError('ERR_WECHAT_NETWORK', endpoint, 'could not be reached', reasonOf(error))
    }
    if (typeof (response as Partial<Response> | undefined)?.status !== 'number') {
      throw new WechatTransportError('ERR_WECHAT_RESPONSE', endpoint, 'gave no response: does the fetch option return one?')
    }
    if (!response.ok || response.redirected) {
      void discardBody(response)
      throw new WechatTransportError('ERR_WECHAT_STATUS', endpoint, `answered with HTTP status ${response.status}`)
    }
    try {
      return await readText(response, endpoint)
    } catch (error) {
      if (error instanceof WechatTransportError) throw error
      throw new WechatTransportError('ERR_WECHAT_NETWORK', endpoint, 'broke off in the middle of its answer', reasonOf(error))
    }
  }

  #log(level: keyof WechatLogger, message: string, call: Call, startedAt: number, error?: unknown): void {
    const { code, errcode, reason, requestId } = (error ?? {}) as Partial<WechatAPIError & WechatTransportError>
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

function queryString(query: Readonly<Record<string, string>>): string {
  return Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')
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
  const chunks: Uint8Array[] = []
  const body: AsyncIterable<Uint8Array> | never[] = response.body ?? []
  let size = 0
  // Leaving the loop early cancels the stream, and with it the connection.
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size > largestBody) throw new WechatTransportError('ERR_WECHAT_RESPONSE', endpoint, `answered more than ${largestBody} bytes`)
    chunks.push(chunk)
  }
  // Over the whole body, so that a character may come in two packets; lenient, because nicknames contain broken ones.
  return new TextDecoder().decode(Buffer.concat(chunks))
}

// What this package itself puts into a query; an errmsg that says it gives nothing away.
const ownWords = new Set(['authorization_code', 'refresh_token', 'client_credential', 'zh_CN', 'zh_TW'])

function refuseErrcode({ endpoint, query, secrets = [] }: Call, reply: Reply, appSecret: string): void {
  if (reply.errcode === undefined) return
  const errcode = toNumber(reply.errcode)
  if (errcode === undefined) throw new WechatTransportError('ERR_WECHAT_RESPONSE', endpoint, 'answered an errcode that is not a number')
  if (errcode === 0) return
  const values = [...Object.values(query), appSecret, ...secrets, reply.access_token, reply.refresh_token, reply.session_key]
  const errmsg = hide(
    typeof reply.errmsg === 'string' ? reply.errmsg : '',
    values.filter((value): value is string => typeof value === 'string' && !ownWords.has(value)),
  )
  throw new WechatAPIError({ errcode, errmsg: oneLine(errmsg), requestId: requestIdOf(errmsg), endpoint, kind: kindOf(errcode) })
}

function requestIdOf(errmsg: string): string | undefined {
  const [, id] = new RegExp(`rid: (${rid.source})`).exec(errmsg) ?? /req_id: ([!-)+-\\^-~]{1,64})/.exec(errmsg) ?? /hint: \[([!-)+-\\^-~]{1,64})\]/.exec(errmsg) ?? []
  return id
}
