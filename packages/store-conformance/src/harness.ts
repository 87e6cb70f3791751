/** One way in which the backend can fail. */
export interface Outage {
  /** E.g. `server killed`. */
  name: string
  /** Resolves when the backend has failed. */
  begin(): Promise<void> | void
  /** Resolves when the backend works again. Its data may be lost. */
  end(): Promise<void> | void
}

/** The access of the cases to a store under test. */
export interface StoreHarness<Store, Need extends string> {
  /** Creates a store for one case. Cases use their own keys, so all stores may share one database. */
  create(): Promise<Store> | Store
  /** Called with each store that the harness created, after its case. */
  destroy?(store: Store): Promise<void> | void
  /** Creates another store on the data of `store`, as another process would: with its own connection if that makes a difference. */
  second?(store: Store): Promise<Store> | Store
  /** Ways in which the backend can fail. */
  outages?: readonly Outage[]
  /** Milliseconds within which a store must reject while its backend is down, and must work after it is up again. Default 10,000. */
  outageBound?: number
  /** Why the store or the harness lacks a capability. The cases that need it are reported as skipped, with this reason. */
  without?: Partial<Record<Need, string>>
}

/** One case of a contract. */
export interface StoreCase<Harness, Need extends string> {
  /** A predicate about the store: `keeps …`. */
  readonly name: string
  readonly needs: readonly Need[]
  /** The milliseconds that the case may take with this harness; the runner's own limit must not be lower. */
  timeout(harness: Harness): number
  /** Creates a store, tests it and destroys it. Rejects if the store does not do what the name says. */
  run(harness: Harness): Promise<void>
}

/** The objects that the body of every case gets. */
export interface CommonContext<Store, Harness> {
  readonly store: Store
  readonly harness: Harness
  /** Returns another store on the same data, or the store itself if the harness has no `second`. */
  readonly other: () => Promise<Store>
  /** Destroys the store after the case. */
  readonly keep: (store: Store) => Store
  /** Runs the action after the case, whether it passes or fails. */
  readonly onEnd: (action: () => void) => void
}

export interface CaseSettings<Harness, Need extends string> {
  needs?: readonly Need[]
  timeout?: number | ((harness: Harness) => number)
}

export interface Kind<Store, Need extends string, Harness, Context> {
  createContext: (common: CommonContext<Store, Harness>) => Context
  /** Throws if the capability is missing. */
  check: (capability: Need, harness: Harness, store: Store) => void
}

type DefineCase<Harness, Need extends string, Context> = (
  name: string,
  body: (context: Context) => Promise<void>,
  settings?: CaseSettings<Harness, Need>,
) => StoreCase<Harness, Need>

/** Returns the harness's own reason why it cannot run the case, or `undefined` if it must run it. */
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

/** Creates the function that defines the cases of one contract. */
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
