import { setTimeout as sleep } from 'node:timers/promises'
import type { Outage } from './harness.js'
import { within } from './tools.js'

const defaultBound = 10_000

interface Failing {
  outages?: readonly Outage[]
  outageBound?: number
}

export function getBound(harness: Failing): number {
  return harness.outageBound ?? defaultBound
}

/** Enough time for each outage to begin, be noticed, end, and be recovered from. */
export function outageTimeout(harness: Failing): number {
  return (harness.outages?.length ?? 0) * (2 * getBound(harness) + 20_000) + 5000
}

/**
 * Runs `during` while the backend is down, then waits until the store works again, even if `during` fails.
 *
 * @param works - tries the store; rejects while it does not work
 */
export async function duringEachOutage(
  harness: Failing,
  works: () => Promise<void>,
  during: () => Promise<void>,
): Promise<void> {
  for (const outage of harness.outages ?? []) {
    await outage.begin()
    try {
      await during()
    } catch (error) {
      throw new Error(`${outage.name}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      })
    } finally {
      await outage.end()
      await untilItWorks(works, getBound(harness), outage.name)
    }
  }
}

async function untilItWorks(works: () => Promise<void>, bound: number, outage: string): Promise<void> {
  const deadline = performance.now() + bound
  for (;;) {
    const left = Math.max(deadline - performance.now(), 0)
    try {
      await within(left, 'the store must settle', works())
      return
    } catch (error) {
      if (left === 0)
        throw new Error(`${outage}: the store must work again within ${bound} ms`, { cause: error })
      await sleep(50)
    }
  }
}
