import { reasonToSkip } from './capabilities.js'
import { tokenStoreCases } from './cases.js'
import type { TokenStoreHarness } from './types.js'

/** What a test runner must have: Mocha, Jest, Vitest, `node:test` and Bun have it. */
export interface TestRunner {
  describe(title: string, body: () => void): unknown
  it: {
    (title: string, body: () => Promise<void>, timeout?: number): unknown
    skip(title: string, body: () => void): unknown
  }
}

/**
 * Registers every case with a test runner.
 *
 * A case that needs something which the harness says it is `without` is registered as skipped, with the reason in its title.
 *
 * @param title - names the store
 * @param api - the runner's functions; default the global ones, as Mocha, Jest, Bun and (with `globals`) Vitest define them
 * @throws TypeError when there are none
 */
export function testTokenStore(title: string, harness: TokenStoreHarness, api?: TestRunner): void {
  const { describe, it } = (api ?? globalThis) as Partial<TestRunner>
  if (!describe || !it) throw new TypeError('There is no describe or no it: give those of your test runner as the third argument')
  describe(title, () => {
    for (const testCase of tokenStoreCases) {
      const reason = reasonToSkip(testCase, harness)
      if (reason !== undefined) {
        it.skip(`${testCase.name} [skipped: ${reason}]`, () => undefined)
        continue
      }
      const timeout = testCase.timeout(harness)
      it(testCase.name, function (this: unknown) {
        raiseLimit(this, timeout)
        return testCase.run(harness)
      }, timeout)
    }
  })
}

/** Mocha takes a test's limit from a method of its context, the others as the third argument of `it`. */
function raiseLimit(context: unknown, timeout: number): void {
  if (typeof context !== 'object' || context === null || !('timeout' in context)) return
  if (typeof context.timeout === 'function') (context as { timeout(ms: number): unknown }).timeout(timeout)
}
