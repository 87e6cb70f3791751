import { expect } from 'chai'
import { testTokenStore, tokenStoreCases } from '@wechat-auth/store-conformance'
import { brokenStores, type BrokenStore } from './broken-stores.js'
import { ReferenceStore, makeHarness } from './reference-store.js'

testTokenStore(
  'A store that does everything right',
  makeHarness((backend, ttl) => new ReferenceStore(backend, ttl)),
)

const attempts = 3

/** What the case says about the store; `undefined` when it is content. Where a machine is too busy to tell, a case lets a store pass. */
async function verdict({ caughtBy, harness }: BrokenStore): Promise<unknown> {
  const testCase = tokenStoreCases.find(({ name }) => name === caughtBy)
  if (!testCase) throw new Error(`There is no case "${caughtBy}"`)
  let complaint: unknown
  for (let attempt = 1; attempt <= attempts && complaint === undefined; attempt += 1) {
    complaint = await testCase.run(harness).then(
      () => undefined,
      (error: unknown) => error,
    )
  }
  return complaint
}

describe('The cases of the contract', function () {
  this.timeout(60_000)

  const verdicts = new Map<BrokenStore, Promise<unknown>>()

  // All at once: some of the faults show only after a while.
  before(() => {
    for (const store of brokenStores) verdicts.set(store, verdict(store))
  })

  for (const store of brokenStores) {
    it(`catch a store that ${store.name}`, async () => {
      expect(await verdicts.get(store)).to.be.an.instanceOf(Error)
    })
  }

  it('each catch at least one of these', () => {
    const catching = new Set(brokenStores.map(({ caughtBy }) => caughtBy))
    expect(tokenStoreCases.map(({ name }) => name).filter((name) => !catching.has(name))).to.deep.equal([])
  })

  it('have unique names', () => {
    const names = tokenStoreCases.map(({ name }) => name)
    expect(names).to.deep.equal([...new Set(names)])
  })
})
