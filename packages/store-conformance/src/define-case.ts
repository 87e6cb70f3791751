import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { capabilityOf } from './capabilities.js'
import type { Capability, TokenStore, TokenStoreCase, TokenStoreHarness } from './types.js'

/** What the body of a case works with. */
export interface CaseContext {
  readonly store: TokenStore
  readonly harness: TokenStoreHarness
  /** A key that nobody used before, ending in `suffix`. */
  readonly key: (suffix?: string) => string
  /** Another store on the same data; the store itself where the harness makes no other. */
  readonly other: () => Promise<TokenStore>
  /** Has the store destroyed when the case is over. */
  readonly keep: (store: TokenStore) => TokenStore
  /** Has something done when the case is over, however it ends. */
  readonly onEnd: (action: () => void) => void
}

export interface CaseSettings {
  needs?: readonly Capability[]
  timeout?: number | ((harness: TokenStoreHarness) => number)
}

/** A case: makes its store, checks that what it needs is there, and cleans up whatever happens. */
export function defineCase(name: string, body: (context: CaseContext) => Promise<void>, settings: CaseSettings = {}): TokenStoreCase {
  const { needs = [], timeout = 10_000 } = settings
  return {
    name,
    needs,
    timeout: (harness) => (typeof timeout === 'number' ? timeout : timeout(harness)),
    run: async (harness) => {
      const opened: TokenStore[] = []
      const keep = (store: TokenStore): TokenStore => {
        if (!opened.includes(store)) opened.push(store)
        return store
      }
      const endings: (() => void)[] = []
      const unique = randomBytes(8).toString('hex')
      try {
        const store = keep(await harness.create())
        for (const capability of needs) assert.ok(capabilityOf(capability, harness, store), `there is no ${capability}`)
        await body({
          store,
          harness,
          keep,
          onEnd: (action) => { endings.push(action) },
          key: (suffix = '') => `o${unique}${suffix}`,
          other: async () => (harness.second ? keep(await harness.second(store)) : store),
        })
      } finally {
        for (const end of endings) end()
        for (const store of opened.reverse()) await harness.destroy?.(store)
      }
    },
  }
}
