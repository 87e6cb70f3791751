import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { runOrThrow } from '../../helpers/run.js'

describe('the default memory store', () => {
  it('keeps at most 20 MB for 300,000 users', async function () {
    this.timeout(120_000)
    const script = fileURLToPath(new URL('fixtures/many-users.ts', import.meta.url))
    const printed = await runOrThrow(process.execPath, [...process.execArgv, '--expose-gc', script, '300000'])
    const kept = Number(printed.split('\n')[0])
    expect(kept).to.be.within(1, 20 * 1024 * 1024)
  })
})
