// Runs the tests: on the sources, then on what was built of them; or, as `stores`, those of the token stores, which start
// real servers, kill them, and mostly wait.
import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'

const stores = [
  'test/conformance/**/*.test.ts',
  'test/dist/store-*.test.ts',
  'test/integration/examples/stores.test.ts',
  'test/integration/readme/store-*.test.ts',
  'test/integration/store-*/**/*.test.ts',
  'test/workspace/services.test.ts',
]
const configs = { source: '.mocharc.json', dist: '.mocharc.dist.json' }

const { positionals } = parseArgs({ allowPositionals: true })
for (const name of positionals.length > 0 ? positionals : Object.keys(configs)) {
  if (name === 'stores') {
    await passed(mocha(configs.source, ...stores))
    continue
  }
  const config = configs[name]
  if (!config) throw new Error(`There is no run ${name}: take ${Object.keys(configs).join(', ')} or stores`)
  if (name === 'dist') {
    // What an earlier build left behind must not be tested.
    await passed(run('npm', ['run', '--silent', 'clean']))
    await passed(run('npm', ['run', '--silent', 'build']))
  }
  await passed(mocha(config, ...stores.flatMap((pattern) => ['--ignore', pattern])))
}

function mocha(config, ...args) {
  return run(process.execPath, ['node_modules/mocha/bin/mocha.js', '--config', config, ...args])
}

async function passed(code) {
  if (await code !== 0) process.exit(1)
}

function run(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
}
