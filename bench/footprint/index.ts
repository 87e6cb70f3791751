import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { benchFolder, rootFolder } from '../lib/folders.js'
import type { Report } from '../lib/report.js'
import { row } from '../lib/rows.js'
import { exactly, median, ratios, spreadOf } from '../lib/statistics.js'
import { inTurns } from '../lib/turns.js'
import { ours, versioned, type Competitor } from '../lib/versions.js'
import { installed } from './installed.js'

export const title = 'what an installation contains, and how long it takes to load'

const script = fileURLToPath(new URL('require.cjs', import.meta.url))
const rounds = 15
const megabyte = 1e6

interface Package {
  readonly folder: string
  /** The modules that a program requires. */
  readonly name: string
}

const competitors = [
  'passport-wechat',
  'passport-weixin',
  'wechat-oauth',
  'wechat-oauth-ts',
  'co-wechat-oauth',
  'co-wechat-api',
  'node-easywechat',
] as const satisfies readonly Competitor[]
const packages = new Map<string, Package>([
  ...['passport-wechat', 'wechat-oauth'].map(
    (name) =>
      [ours(name), { folder: `${rootFolder}packages/${name}`, name: `@wechat-auth/${name}` }] as const,
  ),
  ...competitors.map(
    (name) => [versioned(name), { folder: `${benchFolder}node_modules/${name}`, name }] as const,
  ),
])

export async function run(): Promise<Report> {
  const times = new Map<string, number[]>([...packages.keys()].map((subject) => [subject, []]))
  // The first round fills the system's file cache.
  await inTurns(1 + rounds, [...packages], async ([subject, { name }], round) => {
    const took = Number(
      execFileSync(process.execPath, [script, name], {
        encoding: 'utf8',
        cwd: benchFolder,
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    )
    if (round > 0) times.get(subject)?.push(took)
    return Promise.resolve()
  })
  const sizes = new Map([...packages].map(([subject, { folder }]) => [subject, installed(folder)]))
  const rows = [
    row('packages installed', '', sizes, (size) => exactly(size.packages)),
    row('… of them types only', '', sizes, (size) => exactly(size.types)),
    row('size', 'MB', sizes, ({ bytes }) => exactly(bytes / megabyte)),
    row('time to require', 'ms', times, spreadOf),
  ]
  const part = median(
    ratios(times.get(ours('passport-wechat')) ?? [], times.get(versioned('passport-wechat')) ?? []),
  )
  const claims = [
    {
      claim: "time to require passport-wechat, as a multiple of the old one's",
      unit: '',
      value: part,
      limit: 0.6,
    },
  ]
  return { subjects: [...packages.keys()], rows, claims, notes }
}

const notes = [
  'The count includes the package itself. Sizes are those of the files, without the overhead of the file system. Ours are of the files that npm packs, including types and sources.',
  "Each measurement uses a fresh process, in turns, with the files in the system's cache. None of the packages requires passport or express.",
]
