import { Wechat } from '../wechat/wechat.js'
import { Cluster, processes } from './cluster.js'
import type { Claim, Report, Row } from './report.js'
import { row } from './rows.js'
import { exactly, spreadOf, type Spread } from './statistics.js'
import { storeServers, type StoreServer } from './store-servers.js'
import { Subject } from './subject.js'
import { inTurns } from './turns.js'
import { clientsOf, ours, type Competitor } from './versions.js'

/** The cost of many parallel calls. */
interface Stampede {
  /** Requests to WeChat, by path. */
  readonly requests: Readonly<Record<string, number>>
  readonly handshakes: number
  /** Milliseconds until all were answered. */
  readonly took: number
  /** Milliseconds of CPU; unknown for a cluster. */
  readonly cpu?: number
}

type Call = (command: string, ...args: unknown[]) => Promise<unknown>

/** What makes the calls: one process, or several. */
interface Callers {
  callOne: Call
  callAll: Call
}

export interface Calls {
  /** The subject's command that makes the calls. Its last argument is their number. */
  readonly command: string
  readonly count: number
  /** The name of the calls in the report. */
  readonly name: string
  /** What the last call waits for, in the report: `all have …`. */
  readonly done: string
  /** What needs only one request to WeChat: its name in the report, and the paths that return it. */
  readonly fetched: Readonly<Record<string, readonly string[]>>
  /** Leaves nothing that the calls could reuse. Returns the arguments of the command. */
  readonly before: (callers: Callers, wechat: Wechat) => Promise<unknown[]>
}

/** Milliseconds of a round trip to WeChat. */
export const delay = 30

const own = ours('wechat-oauth')
const rounds = 8
const clusterRounds = 4

/**
 * Measures many parallel calls: of ours, of the others, and of several processes of ours that share a store.
 *
 * @param module - makes the calls; takes a client's name as its argument
 */
export async function reportStampede(
  module: URL,
  competitors: readonly Competitor[],
  calls: Calls,
  notes: readonly string[],
): Promise<Report> {
  const wechat = await Wechat.start()
  try {
    await wechat.setDelay(delay)
    const clients = clientsOf(own, competitors)
    const inOneProcess = await stampedeEach(module, clients, calls, wechat)
    const rows = [
      ...fetchedRows(calls, inOneProcess),
      row(`time until ${calls.done}`, 'ms', inOneProcess, spreads.took),
      row('CPU', 'ms', inOneProcess, spreads.cpu),
      row('TLS handshakes', '', inOneProcess, spreads.handshakes),
    ]
    const claims = claimsOf(calls, inOneProcess.get(own) ?? [], 'in one process')
    for (const start of storeServers) {
      const server = await start()
      try {
        const where = `${processes} processes with ${server.title}`
        const runs = await stampedeCluster(server, calls, wechat)
        const measured = new Map([[own, runs]])
        rows.push(
          ...fetchedRows(calls, measured, `, ${where}`),
          row(`time, ${where}`, 'ms', measured, spreads.took),
        )
        claims.push(...claimsOf(calls, runs, `in ${where}`))
      } finally {
        await server.stop()
      }
    }
    return { subjects: [...clients.values()], rows, claims, notes }
  } finally {
    await wechat.stop()
  }
}

function fetchedRows(
  { fetched }: Calls,
  measured: ReadonlyMap<string, readonly Stampede[]>,
  where = '',
): Row[] {
  return Object.entries(fetched).map(([what, paths]) =>
    row(what + where, '', measured, spreads.requests(paths)),
  )
}

function claimsOf({ fetched, count, name }: Calls, runs: readonly Stampede[], where: string): Claim[] {
  return Object.entries(fetched).map(([what, paths]) => ({
    claim: `${what} for ${count} ${name} ${where}`,
    unit: '',
    value: mostRequests(runs, paths),
    limit: 1,
  }))
}

/**
 * Lets each client make its calls, in turns. The first round is a warm-up.
 *
 * @param clients - by name, their titles in the report
 */
async function stampedeEach(
  module: URL,
  clients: ReadonlyMap<string, string>,
  calls: Calls,
  wechat: Wechat,
): Promise<Map<string, Stampede[]>> {
  const subjects: [string, Subject][] = []
  try {
    for (const [name, title] of clients)
      subjects.push([title, await Subject.start(module, { ...wechat.leadingHere, args: [name] })])
    const measured = new Map<string, Stampede[]>(subjects.map(([title]) => [title, []]))
    await inTurns(1 + rounds, subjects, async ([title, subject], round) => {
      const call: Call = async (...words) => subject.call(...words)
      const args = await calls.before({ callOne: call, callAll: call }, wechat)
      const act = async (): Promise<unknown> => subject.call(calls.command, ...args, calls.count)
      const stampede = await watch(wechat, Object.values(calls.fetched).flat(), act, async () =>
        subject.call('cpuTime'),
      )
      if (round > 0) measured.get(title)?.push(stampede)
    })
    return measured
  } finally {
    await Promise.all(subjects.map(async ([, subject]) => subject.stop()))
  }
}

/** Lets a cluster of ours make the same number of calls, divided among its processes. */
async function stampedeCluster(server: StoreServer, calls: Calls, wechat: Wechat): Promise<Stampede[]> {
  const cluster = await Cluster.start(server, wechat)
  const measured: Stampede[] = []
  try {
    for (let round = 0; round <= clusterRounds; round += 1) {
      const args = await calls.before(cluster, wechat)
      const act = async (): Promise<void> => cluster.callAll(calls.command, ...args, calls.count / processes)
      const stampede = await watch(wechat, Object.values(calls.fetched).flat(), act)
      if (round > 0) measured.push(stampede)
    }
    return measured
  } finally {
    await cluster.stop()
  }
}

/** Returns what WeChat sees while `act` runs. */
async function watch(
  wechat: Wechat,
  paths: readonly string[],
  act: () => Promise<unknown>,
  cpuTime?: () => Promise<number>,
): Promise<Stampede> {
  const count = async (): Promise<number[]> => Promise.all(paths.map(async (path) => wechat.count(path)))
  const [before, handshakes, cpuBefore] = [await count(), await wechat.handshakes(), await cpuTime?.()]
  const started = performance.now()
  await act()
  const took = performance.now() - started
  const cpuAfter = await cpuTime?.()
  const after = await count()
  return {
    requests: Object.fromEntries(
      paths.map((path, index) => [path, (after[index] ?? 0) - (before[index] ?? 0)]),
    ),
    handshakes: (await wechat.handshakes()) - handshakes,
    took,
    ...(cpuBefore === undefined || cpuAfter === undefined ? {} : { cpu: (cpuAfter - cpuBefore) / 1000 }),
  }
}

/** Returns the highest number of requests to these paths in one round. */
function mostRequests(runs: readonly Stampede[], paths: readonly string[]): number {
  return Math.max(...runs.map(({ requests }) => paths.reduce((sum, path) => sum + (requests[path] ?? 0), 0)))
}

const spreads = {
  requests:
    (paths: readonly string[]) =>
    (runs: readonly Stampede[]): Spread =>
      exactly(mostRequests(runs, paths)),
  handshakes: (runs: readonly Stampede[]): Spread => spreadOf(runs.map(({ handshakes }) => handshakes)),
  took: (runs: readonly Stampede[]): Spread => spreadOf(runs.map(({ took }) => took)),
  cpu: (runs: readonly Stampede[]): Spread => spreadOf(runs.flatMap(({ cpu }) => cpu ?? [])),
}
