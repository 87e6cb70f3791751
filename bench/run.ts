// `npm run bench`: all benchmarks; `npm run bench -- NAME…`: some; `npm run bench -- --pages`: none, only writes the saved results
// into the pages. A benchmark is a folder here with an index.ts, see lib/report.ts.
import { existsSync, readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { benchFolder } from './lib/folders.js'
import { writePages } from './lib/pages.js'
import { prepare } from './lib/prepare.js'
import { printable, printableClaim } from './lib/print.js'
import { isMet, type Benchmark, type Claim } from './lib/report.js'
import { save } from './lib/results.js'

const known = readdirSync(benchFolder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(`${benchFolder}${entry.name}/index.ts`))
  .map(({ name }) => name)
  .sort()

const {
  positionals,
  values: { pages },
} = parseArgs({ allowPositionals: true, options: { pages: { type: 'boolean', default: false } } })
for (const name of positionals) {
  if (!known.includes(name)) throw new Error(`Unknown benchmark ${name}. Choose from ${known.join(', ')}`)
}

if (pages) writePages()
else await measure(positionals.length > 0 ? positionals : known)

async function measure(names: readonly string[]): Promise<void> {
  prepare()
  const claims: Claim[] = []
  for (const name of names) {
    const benchmark = (await import(`./${name}/index.js`)) as Benchmark
    console.log(`\n${name}: ${benchmark.title}`)
    const started = performance.now()
    const report = await benchmark.run()
    if (report) {
      console.log(`\n${printable(save(name, benchmark.title, report))}`)
      claims.push(...report.claims)
    }
    console.log(`\n${name}: ${Math.round((performance.now() - started) / 1000)} s`)
  }
  if (claims.length > 0) console.log(`\nPromises:\n${claims.map(printableClaim).join('\n')}`)
  process.exitCode = claims.every(isMet) ? 0 : 1
}
