import type { Context } from 'mocha'
import { skipBecause } from '../helpers/skip.js'

/** One way to find or start a service. `get` returns a text, the reason, if the service is not available in this way. */
export interface Rung<T> {
  name: string
  get: () => Promise<T | string>
}

/** A service is not available in any way. The message says how to provide it. */
export class ServiceMissing extends Error {
  override name = 'ServiceMissing'
}

/** Tries the ways in order and returns the first result. @throws ServiceMissing with the reason of each way */
export async function climb<T>(service: string, rungs: readonly Rung<T>[], advice: string): Promise<T> {
  const reasons: string[] = []
  for (const { name, get } of rungs) {
    const got = await get()
    if (typeof got !== 'string') return got
    reasons.push(`${name}: ${got}`)
  }
  throw new ServiceMissing(`no ${service}: ${advice} (${reasons.join('; ')})`)
}

/** Returns the result of `get`. If the service is missing, skips the test, or from a `before` hook its suite, with the reason. */
export async function orSkip<T>(context: Context, get: () => Promise<T>): Promise<T> {
  const limit = context.timeout()
  const started = performance.now()
  // A download may take long on a slow network, so only the limit of the whole run applies.
  context.timeout(0)
  try {
    return await get()
  } catch (error) {
    if (error instanceof ServiceMissing) return skipBecause(context, error.message)
    throw error
  } finally {
    // Mocha counts from the start of the test.
    if (limit > 0) context.timeout(limit + Math.ceil(performance.now() - started))
  }
}

const announced = new Set<string>()

/** Prints which service the tests use, once per process. */
export function announce(service: string, source: string, version: string): void {
  const line = `${service} ${version}: ${source}`
  if (announced.has(line)) return
  announced.add(line)
  console.log(line)
}

const shared = new Map<string, Promise<unknown>>()

/** Starts a service once per process and shares it; a failed start is tried again. */
export async function share<T>(name: string, start: () => Promise<T>): Promise<T> {
  const known = shared.get(name) as Promise<T> | undefined
  if (known) return known
  const starting = start()
  shared.set(name, starting)
  starting.catch(() => shared.delete(name))
  return starting
}
