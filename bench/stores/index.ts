import { isDeepStrictEqual } from 'node:util'
import type { Claim, Report, Row } from '../lib/report.js'
import { differences, exactly, median, spreadOf, type Spread } from '../lib/statistics.js'
import { storeServers, type StoreServer } from '../lib/store-servers.js'
import { Subject } from '../lib/subject.js'
import { inTurns } from '../lib/turns.js'
import { versioned } from '../lib/versions.js'
import { CountingLine } from './counting-line.js'
import { token } from './token.js'
import type { Operation, WayName } from './worker.js'

export const title = 'reading and saving one token'

const subjects: Record<WayName, string> = {
  ours: 'our store',
  bare: 'the driver alone',
  recipe: `the recipe of ${versioned('wechat-oauth')}`,
}
const operations: readonly Operation[] = ['read', 'save']
const warmUp = 3000
/** One after another: short batches, so that what disturbs is in few of them. */
const single = { rounds: 100, batch: 50, width: 1 }
const parallel = { rounds: 6, batch: 1000, width: 50 }
const counted = 100

export async function run(): Promise<Report> {
  const rows: Row[] = []
  const claims: Claim[] = []
  for (const start of storeServers) {
    const server = await start()
    try {
      const measured = await measure(server)
      rows.push(...measured.rows)
      claims.push(...measured.claims)
    } finally {
      await server.stop()
    }
  }
  return { subjects: Object.values(subjects), rows, claims, notes }
}

async function measure(server: StoreServer): Promise<{ rows: Row[]; claims: Claim[] }> {
  const worker = await openWorker(server.store, server.url)
  try {
    for (const way of ['ours', 'bare'] as const) {
      if (!isDeepStrictEqual(await worker.call('check', way), token))
        throw new Error(
          `${server.title}, ${subjects[way]}: the token that was read is not the one that was saved`,
        )
    }
    const ways = await worker.call<Record<WayName, true | string>>('ways')
    const names = (Object.keys(ways) as WayName[]).filter((way) => ways[way] === true)
    const reasons = Object.entries(ways).filter(
      (entry): entry is [WayName, string] => typeof entry[1] === 'string',
    )
    const row = (what: string, unit: string, values: Map<WayName, Spread>): Row => {
      const all: [WayName, Spread | string][] = [...values, ...reasons]
      return {
        what: `${server.title}: ${what}`,
        unit,
        values: Object.fromEntries(all.map(([way, value]) => [subjects[way], value])),
      }
    }
    const rows: Row[] = []
    const claims: Claim[] = []
    for (const operation of operations) {
      for (const way of names) await worker.call('time', way, operation, warmUp, 1)
      const alone = await time(worker, names, operation, single)
      const spreads = new Map([...alone].map(([way, times]) => [way, spreadOf(times)]))
      rows.push(row(operation, 'µs', spreads))
      const bare = median(alone.get('bare') ?? [])
      const more = median(differences(alone.get('ours') ?? [], alone.get('bare') ?? []))
      claims.push({
        claim: `${server.title}: ${operation}, over the driver alone`,
        unit: 'µs',
        value: more,
        limit: Math.max(10, bare / 10),
      })
      const together = await time(worker, names, operation, parallel)
      const perSecond = [...together].map(
        ([way, times]) => [way, spreadOf(times.map((microseconds) => 1e6 / microseconds))] as const,
      )
      rows.push({
        ...row(`${operation}, ${parallel.width} at once`, 'per second', new Map(perSecond)),
        moreIsBetter: true,
      })
    }
    if (server.store !== 'sqlite') rows.push(...(await countRoundTrips(server, names, row)))
    return { rows, claims }
  } finally {
    await worker.stop()
  }
}

async function time(
  worker: Subject,
  names: readonly WayName[],
  operation: Operation,
  { rounds, batch, width }: typeof single,
): Promise<Map<WayName, number[]>> {
  const times = new Map<WayName, number[]>(names.map((way) => [way, []]))
  await inTurns(rounds, names, async (way) => {
    times.get(way)?.push(await worker.call('time', way, operation, batch, width))
  })
  return times
}

/** In another process, which finds the server behind a line that counts. */
async function countRoundTrips(
  server: StoreServer,
  names: readonly WayName[],
  row: (what: string, unit: string, values: Map<WayName, Spread>) => Row,
): Promise<Row[]> {
  const url = new URL(server.url)
  const line = await CountingLine.start(Number(url.port))
  url.port = String(line.port)
  const worker = await openWorker(server.store, url.href)
  const rows: Row[] = []
  try {
    for (const operation of operations) {
      const counts = new Map<WayName, Spread>()
      for (const way of names) {
        await worker.call('time', way, 'save', 1, 1)
        await worker.call('time', way, operation, counted, 1)
        const before = line.roundTrips
        await worker.call('time', way, operation, counted, 1)
        counts.set(way, exactly(Math.round((line.roundTrips - before) / counted)))
      }
      rows.push(row(`round trips of a ${operation}`, '', counts))
    }
    return rows
  } finally {
    await worker.stop()
    line.stop()
  }
}

async function openWorker(store: string, url: string): Promise<Subject> {
  return Subject.start(new URL('worker.ts', import.meta.url), {
    args: [store, url],
    execArgv: ['--import=tsx'],
  })
}

const notes = [
  'Times are those of batches, in turns, in one process with one connection. The driver alone does the same work on JSON, but checks no values.',
  'The README of wechat-oauth has a recipe for MySQL. We use its table, its statements and its driver, mysql 2.18.1. The table has text columns, so a stored token never expires. There is no recipe for Redis or SQLite.',
]
