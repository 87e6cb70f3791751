import { WechatTransportError } from '../errors.js'
import { largestBody, type Exchange } from './exchange.js'
import { mayHaveConnected } from './fetch-errors.js'
import { badStatus, brokenOff, tooLarge, unreachable } from './failures.js'

/** Through a `fetch`, which may be of the application's making: what it gives is looked at with the same distrust as the answer. */
export function byFetch(fetch: typeof globalThis.fetch): Exchange {
  return async ({ server, path, endpoint, body }, deadline) => {
    const posted = body !== undefined && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    }
    let response: Response
    try {
      response = await fetch(server + path, { redirect: 'manual', ...posted, signal: deadline.signal })
    } catch (error) {
      throw unreachable(endpoint, error, mayHaveConnected(error))
    }
    if (typeof (response as Partial<Response> | undefined)?.status !== 'number') {
      throw new WechatTransportError(
        'ERR_WECHAT_RESPONSE',
        endpoint,
        'gave no response: does the fetch option return one?',
      )
    }
    if (!response.ok || response.redirected) {
      void discardBody(response)
      throw badStatus(endpoint, response.status)
    }
    try {
      const data = await readBytes(response, endpoint)
      return { contentType: () => readContentType(response), data }
    } catch (error) {
      throw error instanceof WechatTransportError ? error : brokenOff(endpoint, error)
    }
  }
}

// The application's own may leave the headers out, as far as nothing depends on them.
function readContentType(response: Response): string {
  return (response as Partial<Response>).headers?.get('content-type') ?? ''
}

// Frees the connection. The body of a fetch that the application supplies may not have the method, or refuse.
async function discardBody(response: Response): Promise<void> {
  try {
    await response.body?.cancel()
  } catch {
    // The status is what counts.
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
  // The body of a fetch that the application supplies may be iterable only.
  const body: (AsyncIterable<Uint8Array> & Partial<ReadableStream<Uint8Array>>) | null = response.body
  const reader = body?.getReader?.()
  if (reader) await readAll(reader, keep)
  // Leaving the loop early cancels the stream, and with it the connection.
  else for await (const chunk of body ?? []) keep(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}

// As the loop above does, at half the price: that one makes several promises for each chunk.
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
    // What is wrong has been found already.
    reader.cancel().catch(() => undefined)
    throw error
  }
}
