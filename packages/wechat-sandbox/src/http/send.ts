import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { toBytes, type Delivery } from './faulty-reply.js'
import type { Reply } from './reply.js'

function writeHead(response: ServerResponse, reply: Reply, length?: number): void {
  // Lower-case names, because a fault may repeat a header with a different case.
  const headers = new Map<string, string | number>(length === undefined ? [] : [['content-length', length]])
  for (const [name, value] of Object.entries(reply.headers)) headers.set(name.toLowerCase(), value)
  response.writeHead(reply.status, Object.fromEntries(headers))
}

function sendWhole(response: ServerResponse, reply: Reply): void {
  const body = toBytes(reply.body)
  writeHead(response, reply, body.length)
  response.end(body)
}

function sendHalf(response: ServerResponse, reply: Reply): void {
  const body = toBytes(reply.body)
  writeHead(response, reply, body.length)
  // Destroys the response after the first half is sent; otherwise nothing would arrive.
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.destroy())
}

async function sendInPieces(
  response: ServerResponse,
  reply: Reply,
  pieces: Iterable<Uint8Array>,
  pause: number,
  signal: AbortSignal,
): Promise<void> {
  writeHead(response, reply)
  response.flushHeaders()
  for (const piece of pieces) {
    response.write(piece)
    await sleep(pause, undefined, { signal })
  }
  response.end()
}

function* singleBytes(body: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < body.length; at += 1) yield body.subarray(at, at + 1)
}

/** Sends a reply as a fault demands. Rejects only if `signal` is aborted. */
export async function send(
  response: ServerResponse,
  { reply, manner, delay }: Delivery,
  signal: AbortSignal,
): Promise<void> {
  if (delay > 0) await sleep(delay, undefined, { signal })
  if (manner === 'whole') sendWhole(response, reply)
  else if (manner === 'truncate') sendHalf(response, reply)
  else if ('drip' in manner)
    await sendInPieces(response, reply, singleBytes(toBytes(reply.body)), manner.drip, signal)
  else await sendInPieces(response, reply, manner.chunks, manner.pause, signal)
}
