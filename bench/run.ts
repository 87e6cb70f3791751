// `npm run bench`: all benchmarks; `npm run bench -- NAME…`: some. One is a folder here with an index.ts, see lib/report.ts.
import { existsSync, readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { benchFolder, prepare } from './lib/prepare.js'
import { type Benchmark } from './lib/report.js'

const known = readdirSync(benchFolder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(`${benchFolder}${entry.name}/index.ts`))
  .map(({ name }) => name)
  .sort()

const { positionals } = parseArgs({ allowPositionals: true })
for (const name of positionals) {
  if (!known.includes(name)) throw new Error(`There is no benchmark ${name}: take some of ${known.join(', ')}`)
}

prepare()
for (const name of positionals.length > 0 ? positionals : known) {
  const benchmark = await import(`./${name}/index.js`) as Benchmark
  console.log(`\n${name}: ${benchmark.title}`)
  await benchmark.run()
}
