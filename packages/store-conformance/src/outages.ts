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

/** Time for each outage to begin, to be seen, to end, and to be recovered from. */
export function outageTimeout(harness: Failing): number {
  return (harness.outages?.length ?? 0) * (2 * getBound(harness) + 20_000) + 5000
}

/**
 * Runs `during` while the backend is down, and has the store work again afterwards, whatever happened.
 *
 * @param works - rejects while the store does not work
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
      await within(left, 'writing must settle', works())
      return
    } catch (error) {
      if (left === 0)
        throw new Error(`${outage}: the store must work again within ${bound} ms after it`, { cause: error })
      await sleep(50)
    }
  }
}
