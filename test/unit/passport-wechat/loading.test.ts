import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { runOrThrow } from '../../helpers/run.js'

describe('loading the strategy', () => {
  it('does not make Node.js load modules that a login does not need', async () => {
    const script = fileURLToPath(new URL('fixtures/what-is-read.ts', import.meta.url))
    expect(JSON.parse(await runOrThrow(process.execPath, [...process.execArgv, script]))).to.deep.equal([])
  })
})
