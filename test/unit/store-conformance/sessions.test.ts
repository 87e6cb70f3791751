import {
  sessionStoreCases,
  testSessionStore,
  testUserStore,
  userStoreCases,
} from '@wechat-auth/store-conformance'
import { expect } from 'chai'
import { brokenSessionStores } from './broken-session-stores.js'
import { brokenUserStores } from './broken-user-stores.js'
import {
  ReferenceSessionStore,
  ReferenceUserStore,
  makeSessionHarness,
  makeUserHarness,
} from './reference-session-store.js'

testSessionStore(
  'A session store that does everything right',
  makeSessionHarness((backend) => new ReferenceSessionStore(backend)),
)
testUserStore(
  'A user store that does everything right',
  makeUserHarness((backend) => new ReferenceUserStore(backend)),
)

interface Case<Harness> {
  name: string
  run(harness: Harness): Promise<void>
}

function selfTest<Harness>(
  what: string,
  cases: readonly Case<Harness>[],
  broken: readonly { name: string; caughtBy: string; harness: Harness }[],
): void {
  describe(`The cases for ${what}`, function () {
    this.timeout(60_000)

    const verdicts = new Map<string, Promise<unknown>>()

    // All at once: some of the faults show only after a while.
    before(() => {
      for (const { name, caughtBy, harness } of broken) {
        const testCase = cases.find((one) => one.name === caughtBy)
        if (!testCase) throw new Error(`There is no case "${caughtBy}"`)
        verdicts.set(
          name,
          testCase.run(harness).then(
            () => undefined,
            (error: unknown) => error,
          ),
        )
      }
    })

    for (const { name } of broken) {
      it(`catch a store that ${name}`, async () => {
        expect(await verdicts.get(name)).to.be.an.instanceOf(Error)
      })
    }

    it('each catch at least one of these', () => {
      const catching = new Set(broken.map(({ caughtBy }) => caughtBy))
      expect(cases.map(({ name }) => name).filter((name) => !catching.has(name))).to.deep.equal([])
    })

    it('have unique names, and so have these', () => {
      for (const names of [cases.map(({ name }) => name), broken.map(({ name }) => name)])
        expect(names).to.deep.equal([...new Set(names)])
    })
  })
}

selfTest('session stores', sessionStoreCases, brokenSessionStores)
selfTest('user stores', userStoreCases, brokenUserStores)
