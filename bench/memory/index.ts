import type { Report, Row } from '../lib/report.js'
import { row } from '../lib/rows.js'
import { exactly } from '../lib/statistics.js'
import { Subject } from '../lib/subject.js'
import { clientsOf, ours } from '../lib/versions.js'

export const title = 'users whose tokens a package keeps by default'

const own = ours('wechat-oauth')
const subjects = new Map([
  ...clientsOf(own, ['wechat-oauth', 'co-wechat-oauth', 'wechat-oauth-ts']),
  ['ours, for more', 'ours with { max: 2_000_000 }'],
])
const sizes = [300_000, 1_000_000]
const megabyte = 2 ** 20
const limit = 16

interface Kept {
  megabytes: number
  known: number
}

export async function run(): Promise<Report> {
  const measured = new Map<string, Kept[]>()
  for (const [name, subject] of subjects) measured.set(subject, await measure(name))
  const rows = sizes.flatMap((size, index): Row[] => [
    row(`memory after ${size.toLocaleString('en-US')} users`, 'MiB', measured, (kept) =>
      exactly(kept[index]?.megabytes ?? NaN),
    ),
    row(`tokens that are still there`, '', measured, (kept) => exactly(kept[index]?.known ?? NaN)),
  ])
  const most = Math.max(...(measured.get(own) ?? []).map(({ megabytes }) => megabytes))
  const claims = [
    { claim: 'memory of the default store, however many users', unit: 'MiB', value: most, limit },
  ]
  return { subjects: [...subjects.values()], rows, claims, notes }
}

async function measure(name: string): Promise<Kept[]> {
  const subject = await Subject.start(new URL('stores.js', import.meta.url), {
    args: [name],
    execArgv: ['--max-old-space-size=4096'],
  })
  try {
    const kept: Kept[] = []
    for (const size of sizes) {
      const bytes = await subject.call<number>('logIn', size)
      kept.push({ megabytes: bytes / megabyte, known: await subject.call<number>('known') })
    }
    return kept
  } finally {
    await subject.stop()
  }
}

const notes = [
  'Heap in use after garbage collection, minus the heap in use before the first user. A token is about 400 bytes of text.',
  'Ours keeps the 10,000 users that were seen last. The others must log in again, and so must everybody after a restart. To keep more, set a higher number or use a store.',
]
