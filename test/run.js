// Runs the tests in lanes beside each other: those on the sources, those on what was built of them, and those of the
// stores on both, which start real servers, kill them, and mostly wait. The reports are printed one after the other.
import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'

const stores = {
  source: [
    'test/conformance/**/*.test.ts',
    'test/integration/examples/stores.test.ts',
    'test/integration/readme/store-*.test.ts',
    'test/integration/store-*/**/*.test.ts',
    'test/integration/wechat-oauth/callback-drivers.test.ts',
    'test/workspace/services.test.ts',
  ],
  // How a store bears crashes of its server is not a matter of how it was built: the quick ones, beside those that install packed stores.
  dist: ['test/conformance/memory.test.ts', 'test/conformance/store-redis-sessions.test.ts', 'test/conformance/store-sqlite-*.test.ts'],
}
const configs = { source: '.mocharc.json', dist: '.mocharc.dist.json' }

const most = (name) => [`on ${name}`, '--config', configs[name], ...stores.source.flatMap((pattern) => ['--ignore', pattern])]
const ofStores = (name) => [`of the stores, on ${name}`, '--config', configs[name], '--parallel', '--jobs', '4', ...stores[name]]

const choices = {
  all: [[most('source')], [most('dist')], [ofStores('source'), ofStores('dist')]],
  source: [[most('source')], [ofStores('source')]],
  dist: [[most('dist')], [ofStores('dist')]],
  stores: [[ofStores('source')]],
}

/** What a run prints; kept until it is its turn to be shown. */
class Report {
  #title
  #text
  #isShown = false
  #end
  #ended = new Promise((resolve) => { this.#end = resolve })

  constructor(title) {
    this.#title = title
    this.#text = `\nTests ${title}:\n`
  }

  async follow(child) {
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => this.#print(text))
    const code = await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    const [line = 'ended without a report'] = this.#text.match(/^\d+ passed, .*$/gm)?.slice(-1) ?? []
    this.#end({ code, line: `Tests ${this.#title}: ${line}` })
  }

  /** Resolves when the run has ended. */
  show() {
    this.#isShown = true
    process.stdout.write(this.#text)
    return this.#ended
  }

  #print(text) {
    this.#text += text
    if (this.#isShown) process.stdout.write(text)
  }
}

const { positionals: [choice = 'all'] } = parseArgs({ allowPositionals: true })
const lanes = choices[choice]
if (!lanes) throw new Error(`There is no run ${choice}: take one of ${Object.keys(choices).join(', ')}`)

const reports = lanes.flatMap(runInTurn)
const summaries = []
for (const report of reports) summaries.push(await report.show())
console.log(summaries.map(({ line }) => line).join('\n'))
process.exitCode = summaries.every(({ code }) => code === 0) ? 0 : 1

function runInTurn(runs) {
  let previous = Promise.resolve()
  return runs.map(([title, ...args]) => {
    const report = new Report(title)
    previous = previous.then(() => report.follow(mocha(args)))
    return report
  })
}

function mocha(args) {
  if (process.stdout.isTTY) args.push('--color')
  return spawn(process.execPath, ['node_modules/mocha/bin/mocha.js', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
}
