import type { IncomingMessage } from 'node:http'

const maxLength = 1_048_576

/** The body of a request; `undefined` if it is longer than 1 MiB. Rejects if the caller goes away. */
export function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= maxLength) chunks.push(chunk)
      // What is still coming is read and dropped, so that the caller gets to see the refusal.
      else resolve(undefined)
    })
    request.on('end', () => resolve(Buffer.concat(chunks)))
    request.on('error', reject)
  })
}
