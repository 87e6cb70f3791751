import { expect } from 'chai'
import { run } from '../../helpers/run.js'
import { skipBecause } from '../../helpers/skip.js'
import { hasNodeSqlite } from '../../helpers/sqlite.js'

const files = [
  ...['', '-sessions', '-users'].map((kind) => `test/conformance/store-sqlite${kind}.test.ts`),
  ...['tables', 'sharing', 'processes', 'sessions', 'users', 'stories'].map((name) => `test/integration/store-sqlite/${name}.test.ts`),
]

// Where this Node.js has node:sqlite, these files have tried it themselves.
if (!hasNodeSqlite) {
  describe('the stores with node:sqlite', function () {
    this.timeout(0)
    let node22: string

    before(async function () {
      const { code, stdout, stderr } = await run('npx', ['-y', 'node@22', '-p', 'process.execPath'])
      if (code !== 0) skipBecause(this, `no Node.js 22, which has node:sqlite: npx -y node@22 (${stderr.trim().split('\n').at(-1) ?? ''})`)
      node22 = stdout.trim()
    })

    for (const file of files) {
      it(`passes on Node.js 22: ${file}`, async () => {
        const { code, stdout } = await run(node22, ['node_modules/mocha/bin/mocha.js', '--fgrep', 'node:sqlite', file])
        const [, passed = '0', failed = ''] = /^(\d+) passed, (\d+) failed/m.exec(stdout) ?? []
        expect({ code, failed }, stdout).to.deep.equal({ code: 0, failed: '0' })
        expect(Number(passed)).to.be.greaterThan(0)
      })
    }
  })
}
