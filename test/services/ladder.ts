import type { Context } from 'mocha'
import { skipBecause } from '../helpers/skip.js'

/** One way to get at a service. Answers a text, why it is not to be had in this way, where it is not. */
export interface Rung<T> {
  name: string
  get: () => Promise<T | string>
}

/** A service is not to be had in any way. The message says what can be done about it. */
export class ServiceMissing extends Error {
  override name = 'ServiceMissing'
}

/** What the first rung that has it answers. */
export async function climb<T>(service: string, rungs: readonly Rung<T>[], advice: string): Promise<T> {
  const reasons: string[] = []
  for (const { name, get } of rungs) {
    const got = await get()
    if (typeof got !== 'string') return got
    reasons.push(`${name}: ${got}`)
  }
  throw new ServiceMissing(`no ${service}: ${advice} (${reasons.join('; ')})`)
}

/** What `get` answers; where the service is missing, the test, or from a `before` hook its suite, is skipped with the reason. */
export async function orSkip<T>(context: Context, get: () => Promise<T>): Promise<T> {
  const limit = context.timeout()
  const started = performance.now()
  // What must be fetched first takes as long as the line is slow; the run as a whole has a limit.
  context.timeout(0)
  try {
    return await get()
  } catch (error) {
    if (error instanceof ServiceMissing) return skipBecause(context, error.message)
    throw error
  } finally {
    // Mocha counts from the beginning.
    if (limit > 0) context.timeout(limit + Math.ceil(performance.now() - started))
  }
}

const announced = new Set<string>()

/** Prints, once in this process, which service the tests use. */
export function announce(service: string, source: string, version: string): void {
  const line = `${service} ${version}: ${source}`
  if (announced.has(line)) return
  announced.add(line)
  console.log(line)
}

const shared = new Map<string, Promise<unknown>>()

/** The same service for all who ask for it in this process; a failure is not kept. */
export async function share<T>(name: string, start: () => Promise<T>): Promise<T> {
  const known = shared.get(name) as Promise<T> | undefined
  if (known) return known
  const starting = start()
  shared.set(name, starting)
  starting.catch(() => shared.delete(name))
  return starting
}
