import { needsAnswer, type Fault, type FaultBody, type FaultOptions } from '../faults.js'
import type { World } from '../world/world.js'
import type { Call } from './call.js'
import type { Family } from './families.js'
import { wechatJson, type Reply } from './reply.js'

/** A reply and how to send it. */
export interface Delivery {
  reply: Reply
  manner: 'whole' | 'truncate' | { chunks: Uint8Array[]; pause: number } | { drip: number }
  delay: number
}

export interface FaultContext {
  world: World
  call: Call
  family: Family
  /** Processes the request. */
  answer: () => Promise<Reply>
}

const defaultPause = 20

export function toBytes(body: FaultBody): Uint8Array {
  if (typeof body === 'string') return Buffer.from(body, 'utf8')
  return body instanceof Uint8Array ? body : Buffer.from(body.base64, 'base64')
}

function alterReply(reply: Reply, { merge, omit, transform }: FaultOptions): Reply {
  if (!reply.json || !(merge ?? omit ?? transform)) return reply
  const left = Object.entries({ ...reply.json, ...merge }).filter(([name]) => !omit?.includes(name))
  const json = Object.fromEntries(left)
  return { ...reply, body: transform ? wechatJson(transform(json)) : wechatJson(json), json }
}

function replaceReply({ world, call, family }: FaultContext, fault: FaultOptions): Reply {
  if (fault.body !== undefined || fault.chunks !== undefined || fault.errcode === undefined) {
    return {
      status: 200,
      headers: { 'Content-Type': family.contentType },
      body: fault.body === undefined ? '' : toBytes(fault.body),
    }
  }
  const { errcode, errmsg } = fault
  const reply = family.error(world, call, Number(errcode), errmsg === undefined ? {} : { verbatim: errmsg })
  return reply.json && typeof errcode === 'string' ? alterReply(reply, { merge: { errcode } }) : reply
}

function withHead(reply: Reply, { status, headers, contentType }: FaultOptions): Reply {
  return {
    ...reply,
    status: status ?? reply.status,
    headers: {
      ...reply.headers,
      ...(contentType === undefined ? {} : { 'Content-Type': contentType }),
      ...headers,
    },
  }
}

/** Returns the reply that a fault produces. `hang` and `reset` send no reply. */
export async function faultyReply(
  context: FaultContext,
  fault: Exclude<Fault, 'hang' | 'reset'>,
): Promise<Delivery> {
  if (fault === 'truncate') return { reply: await context.answer(), manner: 'truncate', delay: 0 }
  const answer = needsAnswer(fault) ? alterReply(await context.answer(), fault) : replaceReply(context, fault)
  const reply = withHead(answer, fault)
  const delay = fault.delay ?? 0
  if (fault.drip !== undefined) return { reply, manner: { drip: fault.drip }, delay }
  if (fault.chunks !== undefined) {
    return {
      reply,
      manner: { chunks: fault.chunks.map(toBytes), pause: fault.pause ?? defaultPause },
      delay,
    }
  }
  return { reply, manner: 'whole', delay }
}
