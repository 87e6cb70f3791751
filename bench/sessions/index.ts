import type { Report, Row } from '../lib/report.js'
import { median, ratios, spreadOf } from '../lib/statistics.js'
import { storeServers } from '../lib/store-servers.js'
import { Subject } from '../lib/subject.js'
import { inTurns } from '../lib/turns.js'
import { ours } from '../lib/versions.js'

export const title = 'sessions of mini-program users in Redis, as their number grows'

const own = ours('wechat-session')
const peer = 'a KEYS scan, as mpauthx 1.3.2 does'
const sizes = [1000, 10_000, 100_000, 1_000_000]
const warmUp = 2000
const rounds = 40
/** How many times longer an operation may take among many sessions than among the fewest. */
const mostTimes = 1.5
const batch = { check: 100, logIn: 25, logOut: 25, scan: 10 }
type Command = keyof typeof batch

/** The operations whose time must not depend on the number of sessions, in the order in which they run. */
const constant = {
  check: 'checking a token',
  logIn: 'a login',
  logOut: 'logging a user out everywhere',
} as const
type Constant = keyof typeof constant
const constants = Object.keys(constant) as Constant[]

export async function run(): Promise<Report> {
  const [redis] = storeServers
  if (!redis) throw new Error('There is no Redis')
  const server = await redis()
  const subject = await Subject.start(new URL('store.js', import.meta.url), { args: [server.url] })
  try {
    return await measure(subject)
  } finally {
    await subject.stop()
    await server.stop()
  }
}

/** Two databases of one server. One always keeps the fewest sessions, and is measured in turns with the other. */
type Database = 'growing' | 'few'
const databases: readonly Database[] = ['growing', 'few']

async function measure(subject: Subject): Promise<Report> {
  const rows: Row[] = []
  const parts: Record<Constant, number[]> = { check: [], logIn: [], logOut: [] }
  const [fewest = 0] = sizes
  await subject.call('fill', { of: 'few', amount: fewest })
  for (const size of sizes) {
    await subject.call('fill', { of: 'growing', amount: size })
    for (const of of databases) await subject.call('check', { of, amount: warmUp })
    const times: Record<Command, number[]> = { check: [], logIn: [], logOut: [], scan: [] }
    const medians = {
      few: { check: [], logIn: [], logOut: [] },
      growing: { check: [], logIn: [], logOut: [] },
    } as Record<Database, Record<Constant, number[]>>
    await inTurns(rounds, databases, async (of) => {
      for (const command of constants) {
        const took = await subject.call<number[]>(command, { of, amount: batch[command] })
        medians[of][command].push(median(took))
        if (of === 'growing') times[command].push(...took)
      }
    })
    // Not in between, because it would disturb the next measurement.
    times.scan.push(...(await subject.call<number[]>('scan', { of: 'growing', amount: batch.scan })))
    const count = `${size.toLocaleString('en-US')} sessions`
    for (const command of constants) {
      parts[command].push(median(ratios(medians.growing[command], medians.few[command])))
      const values = {
        [own]: spreadOf(times[command]),
        ...(command === 'logIn' && { [peer]: spreadOf(times.scan) }),
      }
      rows.push({ what: `${constant[command]}, ${count}`, unit: 'µs', values })
    }
  }
  const claims = constants.map((command) => ({
    claim: `${constant[command]}, slowest of all sizes, as a part of that with ${fewest.toLocaleString('en-US')} sessions`,
    unit: '',
    value: Math.max(...parts[command]),
    limit: mostTimes,
  }))
  return { subjects: [own, peer], rows, claims, notes }
}

const notes = [
  "mpauthx searches for a user's session with KEYS at each login. Only that command is measured, on the same server with the same keys. It blocks all other commands while it runs.",
  `A second database of the same server always holds 1,000 sessions. Each of our operations is measured in turns on both databases. We promise that it takes at most ${mostTimes} times as long on the larger one.`,
  'Of a login, only the work on sessions is measured: three round trips. All but 1,000 of the sessions are copies of one, under other names.',
]
