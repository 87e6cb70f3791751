import type { IncomingMessage } from 'node:http'

const maxLength = 1_048_576

/** Reads the body of a request. Resolves to `undefined` if it is longer than 1 MiB, and rejects if the client disconnects. */
export function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= maxLength) chunks.push(chunk)
      // Keeps reading, and drops the rest, so that the client receives the refusal.
      else resolve(undefined)
    })
    request.on('end', () => resolve(Buffer.concat(chunks)))
    request.on('error', reject)
  })
}
