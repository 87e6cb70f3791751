import { WechatTransportError } from '../errors.js'
import { largestBody, type Exchange } from './exchange.js'
import { mayHaveConnected } from './fetch-errors.js'
import { badStatus, brokenOff, tooLarge, unreachable } from './failures.js'

/** Sends requests with a `fetch`. It may be the application's own, so its response object is checked as strictly as WeChat's reply. */
export function byFetch(fetch: typeof globalThis.fetch): Exchange {
  return async ({ server, path, endpoint, body }, deadline) => {
    const posted = body !== undefined && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    }
    let response: Response
    try {
      // Next.js keeps what its `fetch` gets in a cache on disk, unless it is told not to.
      const init = { redirect: 'manual', cache: 'no-store', ...posted, signal: deadline.signal } as const
      response = await fetch(server + path, init)
    } catch (error) {
      throw unreachable(endpoint, error, mayHaveConnected(error))
    }
    if (typeof (response as Partial<Response> | undefined)?.status !== 'number') {
      throw new WechatTransportError(
        'ERR_WECHAT_RESPONSE',
        endpoint,
        'got no response: the fetch option must return one',
      )
    }
    if (!response.ok || response.redirected) {
      void discardBody(response)
      throw badStatus(endpoint, response.status)
    }
    try {
      const data = await readBytes(response, endpoint)
      return { status: response.status, contentType: () => readContentType(response), data }
    } catch (error) {
      throw error instanceof WechatTransportError ? error : brokenOff(endpoint, error)
    }
  }
}

// The application's own `fetch` may leave the headers out. Only images need them.
function readContentType(response: Response): string {
  return (response as Partial<Response>).headers?.get('content-type') ?? ''
}

// Frees the connection. The body may come from the application's own `fetch`: it may lack this method, or the method may throw.
async function discardBody(response: Response): Promise<void> {
  try {
    await response.body?.cancel()
  } catch {
    // Only the status matters here.
  }
}

async function readBytes(response: Response, endpoint: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  const keep = (chunk: Uint8Array): void => {
    size += chunk.byteLength
    if (size > largestBody) throw tooLarge(endpoint)
    chunks.push(chunk)
  }
  // The body may come from the application's own `fetch`, and be only iterable.
  const body: (AsyncIterable<Uint8Array> & Partial<ReadableStream<Uint8Array>>) | null = response.body
  const reader = body?.getReader?.()
  if (reader) await readAll(reader, keep)
  // Leaving the loop early cancels the stream, which closes the connection.
  else for await (const chunk of body ?? []) keep(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}

// Does the same as the loop above at half the cost: the loop makes several promises for each chunk.
async function readAll(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  keep: (chunk: Uint8Array) => void,
): Promise<void> {
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      keep(value)
    }
  } catch (error) {
    // The first error is the one to report.
    reader.cancel().catch(() => undefined)
    throw error
  }
}
