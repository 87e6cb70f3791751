import { reasonToSkip, type StoreCase, type StoreHarness } from './harness.js'
import { sessionStoreCases } from './sessions/cases.js'
import type { SessionStoreHarness } from './sessions/types.js'
import { tokenStoreCases } from './tokens/cases.js'
import type { TokenStoreHarness } from './tokens/types.js'
import { userStoreCases } from './users/cases.js'
import type { UserStoreHarness } from './users/types.js'

/** The functions that a test runner must provide. Mocha, Jest, Vitest, `node:test` and Bun do. */
export interface TestRunner {
  describe(title: string, body: () => void): unknown
  it: {
    (title: string, body: () => Promise<void>, timeout?: number): unknown
    skip(title: string, body: () => void): unknown
  }
}

/**
 * Registers every case for token stores with a test runner.
 *
 * A case that needs a capability listed in the harness's `without` is registered as skipped, with the reason in its title.
 *
 * @param title - the name of the store, used as the title of the suite
 * @param api - the runner's functions. Default: the global ones, which Mocha, Jest, Bun and (with `globals`) Vitest define
 * @throws TypeError if these functions do not exist
 */
export function testTokenStore(title: string, harness: TokenStoreHarness, api?: TestRunner): void {
  registerCases(tokenStoreCases, title, harness, api)
}

/** Registers every case for session stores; otherwise like `testTokenStore`. @throws TypeError */
export function testSessionStore(title: string, harness: SessionStoreHarness, api?: TestRunner): void {
  registerCases(sessionStoreCases, title, harness, api)
}

/** Registers every case for user stores; otherwise like `testTokenStore`. @throws TypeError */
export function testUserStore(title: string, harness: UserStoreHarness, api?: TestRunner): void {
  registerCases(userStoreCases, title, harness, api)
}

function registerCases<Store, Need extends string, Harness extends StoreHarness<Store, Need>>(
  cases: readonly StoreCase<Harness, Need>[],
  title: string,
  harness: Harness,
  api?: TestRunner,
): void {
  const { describe, it } = (api ?? globalThis) as Partial<TestRunner>
  if (!describe || !it)
    throw new TypeError(
      'describe and it are not global: pass those of your test runner as the third argument',
    )
  describe(title, () => {
    for (const testCase of cases) {
      const reason = reasonToSkip(testCase, harness)
      if (reason !== undefined) {
        // The harness says that its store does not have this capability, and why. Every runner has `it.skip`.
        it.skip(`${testCase.name} [skipped: ${reason}]`, () => undefined)
        continue
      }
      const timeout = testCase.timeout(harness)
      it(
        testCase.name,
        function (this: unknown) {
          raiseLimit(this, timeout)
          return testCase.run(harness)
        },
        timeout,
      )
    }
  })
}

/** Mocha sets a test's time limit by a method of its context; other runners take it as the third argument of `it`. */
function raiseLimit(context: unknown, timeout: number): void {
  if (typeof context !== 'object' || context === null || !('timeout' in context)) return
  if (typeof context.timeout === 'function') (context as { timeout(ms: number): unknown }).timeout(timeout)
}
