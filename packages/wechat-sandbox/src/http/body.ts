import type { IncomingMessage } from 'node:http'

const LIMIT = 1_048_576

/** The body of a request; `undefined` if it is longer than 1 MiB. Rejects if the caller goes away. */
export const readBody = async (request: IncomingMessage): Promise<Buffer | undefined> => {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > LIMIT) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
