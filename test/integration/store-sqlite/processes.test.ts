import { StoreError } from '@wechat-auth/wechat-oauth'
import { expect } from 'chai'
import { randomInt } from 'node:crypto'
import { rejection } from '../../helpers/rejection.js'
import { Worker } from './processes.js'
import { makeToken, withEachDriver } from './setting.js'

const kills = 3
const journals = [
  { journal: 'wal', writes: 2000 },
  // Each of these takes as long as the disk.
  { journal: 'delete', writes: 400 },
] as const

withEachDriver('SqliteTokenStore and processes that are killed', ({ databases, pair }) => {
  const workers: Worker[] = []

  afterEach(async () => {
    for (const worker of workers.splice(0)) await worker.kill()
  })

  function start(...order: ConstructorParameters<typeof Worker>): Worker {
    const worker = new Worker(...order)
    workers.push(worker)
    return worker
  }

  for (const { journal, writes } of journals) {
    it(`keeps every acknowledged write of a process that is killed ${kills} times during ${writes} writes and restarted (journal_mode=${journal})`, async function () {
      this.timeout(120_000)
      const { file, store } = await pair({ journal })
      const address = databases.address(file)
      const fewest = writes / 8
      let next = 0
      for (let kill = 1; kill <= kills; kill += 1) {
        const worker = start({ address, task: 'save', from: next, to: writes })
        await worker.hasTold(randomInt(fewest, 2 * fewest))
        await worker.kill()
        const acknowledged = worker.told
        expect(acknowledged.length).to.be.at.least(fewest)
        expect(acknowledged.at(-1)).to.be.lessThan(writes - 1)
        for (const index of acknowledged)
          expect(await store.getToken(`o${index}`)).to.deep.equal(makeToken(`o${index}`, { index }))
        next = acknowledged.at(-1)! + 1
        // It was killed before it could report, or before it had finished.
        const last = await store.getToken(`o${next}`)
        if (last) expect(last).to.deep.equal(makeToken(`o${next}`, { index: next }))
        await store.saveToken(`survivor ${kill}`, makeToken(`survivor ${kill}`))
      }
      expect(await start({ address, task: 'save', from: next, to: writes }).hasEnded()).to.equal(0)
      for (let index = 0; index < writes; index += 1)
        expect((await store.getToken(`o${index}`))?.index).to.equal(index)
      for (let kill = 1; kill <= kills; kill += 1)
        expect(await store.getToken(`survivor ${kill}`)).to.deep.equal(makeToken(`survivor ${kill}`))
    })

    it(`rejects within the timeout while another process is frozen in a transaction, and works again when it is killed (journal_mode=${journal})`, async function () {
      this.timeout(60_000)
      const { file, store } = await pair({ journal, timeout: 200, patience: 60_000 })
      await store.saveToken('o1', makeToken('o1'))
      const worker = start({ address: databases.address(file), task: 'lock', from: 0, to: 0 })
      await worker.hasTold(1)
      worker.freeze()
      const started = performance.now()
      const error = await rejection(
        store.saveToken('o1', makeToken('o1', { access_token: 'late' })),
        StoreError,
      )
      expect(performance.now() - started).to.be.lessThan(5000)
      expect(error.message).to.contain('another connection has locked the database')
      await worker.kill()
      expect(await store.getToken('o1')).to.deep.equal(makeToken('o1'))
      await store.saveToken('o1', makeToken('o1', { access_token: 'next' }))
      expect((await store.getToken('o1'))?.access_token).to.equal('next')
    })
  }

  it('keeps everything that four processes write at the same time', async function () {
    this.timeout(120_000)
    const { file, store } = await pair()
    const each = 200
    const workers = Array.from({ length: 4 }, (_, index) =>
      start({ address: databases.address(file), task: 'save', from: index * each, to: (index + 1) * each }),
    )
    expect(await Promise.all(workers.map((worker) => worker.hasEnded()))).to.deep.equal([0, 0, 0, 0])
    for (let index = 0; index < 4 * each; index += 1)
      expect((await store.getToken(`o${index}`))?.index).to.equal(index)
  })
})
