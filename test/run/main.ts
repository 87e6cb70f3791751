// Runs the tests. `npm test` tests every behaviour once, on the sources; `npm run test:all` adds slow tests and repetitions.
// Words after the command select files: `npm test -- store-redis`.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { measurePace } from '../helpers/pace.js'
import { root } from '../helpers/run.js'
import { underCI } from '../helpers/skip.js'
import { download, node } from '../services/runtimes.js'
import { testFiles, type TestFiles } from './files.js'
import { runFiles } from './pool.js'
import { Progress } from './progress.js'

const onSources = ['--import=tsx', '--conditions=@wechat-auth/source', '--enable-source-maps']
const onBuilds = ['--import=tsx', '--enable-source-maps']

/** The versions of Node.js that the long suite uses. */
const otherVersions = [22, 24, 26].filter((version) => !process.version.startsWith(`v${version}.`))

const minutes = 60_000
const limit = { short: 60 * minutes, long: 240 * minutes }

const {
  values: { long: isLong = false },
  positionals: words,
} = parseArgs({
  allowPositionals: true,
  options: { long: { type: 'boolean' } },
})

setTimeout(
  () => {
    console.error('The tests took too long. The run was stopped')
    process.exit(1)
  },
  isLong ? limit.long : limit.short,
).unref()

await prepare()

const pace = measurePace()
console.log(
  `This machine has ${availableParallelism()} processors and takes ${pace.toFixed(1)} times as long as a small server`,
)

interface Run {
  title: string
  /** The Node.js that runs the tests. */
  execPath: string
  execArgv: readonly string[]
  files: TestFiles
  /** Whether each file runs all its variants. */
  isFull: boolean
}

const { execPath } = process
let failed = 0
const runs: Run[] = [
  { title: 'sources', execPath, execArgv: onSources, files: testFiles({ isLong, words }), isFull: isLong },
]
if (isLong) {
  const { working, waiting } = testFiles({ isLong: false, words })
  const files = { working: working.filter(isForBuilds), waiting: waiting.filter(isForBuilds) }
  const build = { execArgv: onBuilds, files, isFull: false }
  runs.push({ ...build, title: 'builds', execPath })
  for (const version of otherVersions) {
    const runtime = node(version)
    const found = await download(runtime)
    if (typeof found !== 'string') {
      runs.push({ ...build, title: `builds-node-${version}`, execPath: found.path })
      continue
    }
    console.log(`The tests on ${runtime.name} are skipped: ${found}`)
    if (underCI()) failed += 1
  }
}

for (const one of runs) failed += await runTests(one)
process.exitCode = failed === 0 ? 0 : 1

/** Matches files that do not depend on the build, or that read the sources. */
function isForBuilds(file: string): boolean {
  return !/^test\/(?:dist|e2e|workspace|integration\/(?:examples|faults|readme|strangers))\/|\/pages\.test\.ts$|\/memory-use\.test\.ts$/.test(
    file,
  )
}

async function runTests({ title, execPath, execArgv, files, isFull }: Run): Promise<number> {
  const jobs = availableParallelism()
  const reportFile = join(root, 'test-report', `${title}.txt`)
  const count = files.working.length + files.waiting.length
  const progress = new Progress(count, reportFile)
  const startedAt = performance.now()
  progress.print(
    `\nTesting the ${title}: ${count} files, ${jobs + 1} at a time; the full report is ${relative(process.cwd(), reportFile)}`,
  )
  await runFiles(files, {
    jobs,
    execPath,
    execArgv,
    env: { ...process.env, WECHAT_AUTH_LONG_TESTS: isFull ? '1' : '', WECHAT_AUTH_TEST_PACE: String(pace) },
    onStart: (file) => progress.start(file),
    onMessage: (file, message) => progress.hear(file, message),
    onPrint: (text) => progress.record(text),
  })
  await progress.end()
  console.log(`\n${title}, ${timeSince(startedAt)}:\n${progress.summary}`)
  return progress.failed
}

/** Runs in a separate process; each test process then finds the services again. */
async function prepare(): Promise<void> {
  const startedAt = performance.now()
  console.log('Finding servers and browsers, and downloading missing ones:')
  const child = spawn(process.execPath, [...onSources, 'test/run/prepare.ts'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) console.log('  This failed. Tests that need a missing service will report it')
  console.log(`  done in ${timeSince(startedAt)}`)
}

function timeSince(startedAt: number): string {
  const seconds = Math.round((performance.now() - startedAt) / 1000)
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`
}
