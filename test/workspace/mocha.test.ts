import { expect } from 'chai'
import { run, type Finished } from '../helpers/run.js'

// What the set-up of the test run promises, seen from outside: Mocha in a process of its own, on files made for that.
const fixture = (name: string): string => `test/workspace/fixtures/${name}.ts`
const modes = { serial: [], parallel: ['--parallel', '--jobs', '2'] }
const rejections = {
  'floating-rejection': 'nobody listens',
  'floating-rejection-while-running': 'nobody listens meanwhile',
  'floating-rejection-at-the-end': 'nobody listens at the end',
}

async function mocha(args: string[], env: Record<string, string | undefined> = {}): Promise<Finished> {
  return run(process.execPath, ['node_modules/mocha/bin/mocha.js', ...args], { env: { CI: undefined, FORCE_COLOR: '0', ...env } })
}

describe('the test run', function () {
  this.timeout(60_000)

  for (const [mode, flags] of Object.entries(modes)) {
    describe(`in ${mode} mode`, () => {
      it('passes where nothing is wrong', async () => {
        const { code, stdout } = await mocha([...flags, fixture('passes')])
        expect(stdout).to.match(/^1 passed, 0 failed, 0 skipped$/m)
        expect(code).to.equal(0)
      })

      it('prints every skipped test with its reason', async () => {
        const { code, stdout } = await mocha([...flags, fixture('skips')])
        expect(stdout.slice(stdout.indexOf('Skipped:'))).to.equal([
          'Skipped:',
          '  a missing service is needed here [skipped: no database]',
          '  a missing service inside is needed here too [skipped: no database]',
          '  a missing tool is needed here [skipped: no browser]',
          '  a missing file is needed here [skipped: no file]',
          '',
          '1 passed, 0 failed, 4 skipped',
          '',
        ].join('\n'))
        expect(code).to.equal(0)
      })

      it('fails under CI instead of skipping', async () => {
        const { code, stdout } = await mocha([...flags, fixture('skips')], { CI: 'true' })
        expect(stdout).to.contain('Not to be skipped under CI: no database')
        expect(stdout).to.match(/^1 passed, 3 failed, 0 skipped$/m)
        expect(code).to.equal(3)
      })
    })
  }

  for (const [name, message] of Object.entries(rejections)) {
    it(`fails on the rejection that ${name} leaves behind`, async () => {
      const { code, stdout } = await mocha([fixture('passes'), fixture(name)])
      expect(stdout).to.contain(`Uncaught Error: ${message}`)
      expect(stdout).to.match(/^\d passed, [1-9] failed, 0 skipped$/m)
      expect(code).to.be.at.least(1)
    })
  }

  it('fails on all of them in parallel mode, where workers run one file after another', async () => {
    const { code, stdout } = await mocha([...modes.parallel, fixture('passes'), ...Object.keys(rejections).map(fixture)])
    for (const message of Object.values(rejections)) expect(stdout).to.contain(`Uncaught Error: ${message}\n`)
    expect(code).to.be.at.least(3)
  })
})
