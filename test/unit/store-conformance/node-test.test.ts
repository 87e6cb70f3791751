import { expect } from 'chai'
import { tokenStoreCases } from '@wechat-auth/store-conformance'
import { run, type Finished } from '../../helpers/run.js'

async function nodeTest(flags: readonly string[] = [], env: Record<string, string> = {}): Promise<Finished> {
  // The variable tells Node's runner that it runs inside itself.
  return run(
    process.execPath,
    [
      ...process.execArgv,
      '--test',
      '--test-reporter=tap',
      ...flags,
      'test/unit/store-conformance/fixtures/node-test.ts',
    ],
    { env: { NODE_TEST_CONTEXT: undefined, ...env } },
  )
}

describe('The cases under node:test', function () {
  this.timeout(120_000)

  it('pass, and those that do not apply are skipped with their reasons', async () => {
    const { code, stdout } = await nodeTest()
    expect(stdout).to.match(/^# fail 0$/m)
    expect(stdout).to.match(
      /^ *ok \d+ - rejects when the record is corrupt \[skipped: its records are live objects\] # SKIP$/m,
    )
    const counts = ['pass', 'skipped'].map((word) =>
      Number(new RegExp(`^# ${word} (\\d+)$`, 'm').exec(stdout)?.[1]),
    )
    expect(counts).to.deep.equal([tokenStoreCases.length - 8, 8])
    expect(code).to.equal(0)
  })

  it('fail on a broken store', async () => {
    const { code, stdout } = await nodeTest(['--test-name-pattern', 'keys by case'], {
      BROKEN_STORE: 'ignores case',
    })
    expect(stdout).to.match(/^ *not ok \d+ - distinguishes keys by case$/m)
    expect(code).to.equal(1)
  })
})
