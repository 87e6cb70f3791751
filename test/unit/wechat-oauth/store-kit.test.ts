import { once } from 'node:events'
import {
  asStoreError,
  asTokenStoreError,
  attemptWithin,
  KeyedQueue,
  runLocked,
} from '@wechat-auth/wechat-oauth/store-kit'
import { expect } from 'chai'
import { rejection } from '../../helpers/rejection.js'

const ttl = 200

/** As when it is stopped, or the machine sleeps. */
function holdUpProcess(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

describe('store-kit', () => {
  it('keeps the earlier names of what it has renamed', async () => {
    expect(asTokenStoreError).to.equal(asStoreError)
    expect(await new KeyedQueue().run('key', () => Promise.resolve(1))).to.equal(1)
    const late = attemptWithin(10, 'save', (signal) => once(signal, 'abort'))
    expect(await rejection(late)).to.include({ code: 'ERR_WECHAT_STORE' })
  })
})

describe('runLocked', () => {
  it('does not run the task if the lock has expired by the time that it is known to be held', async () => {
    const asked: string[] = []
    const seen = await runLocked(
      {
        acquire: (owner) => {
          asked.push(`acquire ${owner}`)
          if (asked.length === 1) holdUpProcess(ttl + 10)
          return Promise.resolve(true)
        },
        release: (owner) => {
          asked.push(`release ${owner}`)
          return Promise.resolve()
        },
      },
      () => Promise.resolve([...asked]),
      { ttl, wait: 10_000 },
    )
    const [, owner = ''] = seen[0]?.split(' ') ?? []
    expect(seen.slice(0, 3)).to.deep.equal([`acquire ${owner}`, `release ${owner}`, `acquire ${owner}`])
  })
})
