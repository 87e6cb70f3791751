// Runs all tests: on the sources, then on what was built of them. The tests of the stores spend their time waiting (for
// locks to lapse, for servers that were killed), so they run beside the others and print their report afterwards.
import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'

const stores = ['test/conformance/**/*.test.ts', 'test/integration/store-*/**/*.test.ts', 'test/integration/examples/stores.test.ts']
const configs = { source: '.mocharc.json', dist: '.mocharc.dist.json' }

const { positionals } = parseArgs({ allowPositionals: true })
const wanted = positionals.length > 0 ? positionals : Object.keys(configs)
for (const name of wanted) {
  const config = configs[name]
  if (!config) throw new Error(`There is no run ${name}: take ${Object.keys(configs).join(' or ')}`)
  if (name === 'dist') {
    // What an earlier build left behind must not be tested.
    await passed(run('npm', ['run', '--silent', 'clean'], 'inherit'))
    await passed(run('npm', ['run', '--silent', 'build'], 'inherit'))
  }
  const beside = mocha(config, 'pipe', '--parallel', '--jobs', '4', ...stores)
  await passed(mocha(config, 'inherit', ...stores.flatMap((pattern) => ['--ignore', pattern])), beside)
}

function mocha(config, output, ...args) {
  return run(process.execPath, ['node_modules/mocha/bin/mocha.js', '--config', config, ...args], output)
}

async function passed(...runs) {
  const reports = await Promise.all(runs)
  for (const { text } of reports) process.stdout.write(text)
  if (reports.some(({ code }) => code !== 0)) process.exit(1)
}

function run(command, args, output) {
  const child = spawn(command, args, { stdio: ['ignore', output, output] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (more) => { text += more })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, text }))
  })
}
