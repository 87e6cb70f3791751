/** A way in which the backend can fail. */
export interface Outage {
  /** E.g. `server killed`. */
  name: string
  /** Resolves when the backend has failed. */
  begin(): Promise<void> | void
  /** Resolves when the backend is up again. What it kept may be gone. */
  end(): Promise<void> | void
}

/** How the cases get at a store under test. */
export interface StoreHarness<Store, Need extends string> {
  /** A store, for one case. Cases use keys of their own, so that all stores may share one database. */
  create(): Promise<Store> | Store
  /** Called with each store that the harness made, when its case is over. */
  destroy?(store: Store): Promise<void> | void
  /** Another store on the data of `store`, as in another process: with a connection of its own where that makes a difference. */
  second?(store: Store): Promise<Store> | Store
  /** Ways in which the backend can fail. */
  outages?: readonly Outage[]
  /** Milliseconds within which a store must reject while its backend is down, and work once it is up again. Default 10,000. */
  outageBound?: number
  /** Why the store or the harness has no such thing. The cases that need it are reported as skipped, with this reason. */
  without?: Partial<Record<Need, string>>
}

/** One case of a contract. */
export interface StoreCase<Harness, Need extends string> {
  /** A sentence about the store: `keeps …`. */
  readonly name: string
  readonly needs: readonly Need[]
  /** Milliseconds that the case may take with this harness; a runner's own limit must not be lower. */
  timeout(harness: Harness): number
  /** Makes a store, tries it, and destroys it. Rejects when the store does not do what the name says. */
  run(harness: Harness): Promise<void>
}

/** What the body of a case works with, whatever the store is for. */
export interface CommonContext<Store, Harness> {
  readonly store: Store
  readonly harness: Harness
  /** Another store on the same data; the store itself where the harness makes no other. */
  readonly other: () => Promise<Store>
  /** Has the store destroyed when the case is over. */
  readonly keep: (store: Store) => Store
  /** Has something done when the case is over, however it ends. */
  readonly onEnd: (action: () => void) => void
}

export interface CaseSettings<Harness, Need extends string> {
  needs?: readonly Need[]
  timeout?: number | ((harness: Harness) => number)
}

export interface Kind<Store, Need extends string, Harness, Context> {
  createContext: (common: CommonContext<Store, Harness>) => Context
  /** Fails where the capability is not there. */
  check: (capability: Need, harness: Harness, store: Store) => void
}

type DefineCase<Harness, Need extends string, Context> = (
  name: string,
  body: (context: Context) => Promise<void>,
  settings?: CaseSettings<Harness, Need>,
) => StoreCase<Harness, Need>

/** Why the case cannot be tried with this harness, as the harness itself explains it; `undefined` where it must be. */
export function reasonToSkip<Need extends string>(
  testCase: { readonly needs: readonly Need[] },
  harness: { without?: Partial<Record<Need, string>> },
): string | undefined {
  for (const capability of testCase.needs) {
    const reason = harness.without?.[capability]
    if (reason !== undefined) return reason
  }
  return undefined
}

/** Makes the function that defines the cases of one contract. */
export function caseDefiner<Store, Need extends string, Harness extends StoreHarness<Store, Need>, Context>({
  createContext,
  check,
}: Kind<Store, Need, Harness, Context>): DefineCase<Harness, Need, Context> {
  return (name, body, { needs = [], timeout = 10_000 } = {}) => ({
    name,
    needs,
    timeout: (harness) => (typeof timeout === 'number' ? timeout : timeout(harness)),
    run: async (harness) => {
      const opened: Store[] = []
      const keep = (store: Store): Store => {
        if (!opened.includes(store)) opened.push(store)
        return store
      }
      const endings: (() => void)[] = []
      try {
        const store = keep(await harness.create())
        for (const capability of needs) check(capability, harness, store)
        await body(
          createContext({
            store,
            harness,
            keep,
            onEnd: (action) => {
              endings.push(action)
            },
            other: async () => (harness.second ? keep(await harness.second(store)) : store),
          }),
        )
      } finally {
        for (const end of endings) end()
        for (const store of opened.reverse()) await harness.destroy?.(store)
      }
    },
  })
}
