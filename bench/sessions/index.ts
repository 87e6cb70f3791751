import type { Report, Row } from '../lib/report.js'
import { median, ratios, spreadOf } from '../lib/statistics.js'
import { storeServers, type StoreServer } from '../lib/store-servers.js'
import { Subject } from '../lib/subject.js'
import { inTurns } from '../lib/turns.js'
import { ours } from '../lib/versions.js'

export const title = 'sessions of mini-program users in Redis, the more there are'

const own = ours('wechat-session')
const peer = 'a KEYS scan, as mpauthx 1.3.2 does'
const sizes = [1000, 10_000, 100_000, 1_000_000]
const warmUp = 2000
const rounds = 10
const batch = { check: 200, logIn: 50, logOut: 50, scan: 2 }
type Command = keyof typeof batch

/** What must take as long however many sessions there are, in the order in which it is done. */
const constant = { check: 'checking a token', logIn: 'a login', logOut: 'logging a user out everywhere' } as const
type Constant = keyof typeof constant
const constants = Object.keys(constant) as Constant[]

export async function run(): Promise<Report> {
  const subjects: { subject: Subject, server: StoreServer }[] = []
  const start = async (): Promise<Subject> => {
    const [redis] = storeServers
    if (!redis) throw new Error('There is no Redis')
    const server = await redis()
    const subject = await Subject.start(new URL('store.js', import.meta.url), { args: [server.url] })
    subjects.push({ subject, server })
    return subject
  }
  try {
    return await measure(await start(), await start())
  } finally {
    for (const { subject, server } of subjects) {
      await subject.stop()
      await server.stop()
    }
  }
}

/** @param few - keeps the fewest sessions all the time, and is asked in turns with the other */
async function measure(growing: Subject, few: Subject): Promise<Report> {
  const rows: Row[] = []
  const parts: Record<Constant, number[]> = { check: [], logIn: [], logOut: [] }
  const [fewest = 0] = sizes
  await few.call('fill', fewest)
  for (const size of sizes) {
    await growing.call('fill', size)
    for (const subject of [growing, few]) await subject.call('check', warmUp)
    const times: Record<Command, number[]> = { check: [], logIn: [], logOut: [], scan: [] }
    const medians = { few: { check: [], logIn: [], logOut: [] }, growing: { check: [], logIn: [], logOut: [] } } as Record<'few' | 'growing', Record<Constant, number[]>>
    await inTurns(rounds, [growing, few], async (subject) => {
      for (const command of constants) {
        const took = await subject.call<number[]>(command, batch[command])
        medians[subject === few ? 'few' : 'growing'][command].push(median(took))
        if (subject === growing) times[command].push(...took)
      }
      if (subject === growing) times.scan.push(...await subject.call<number[]>('scan', batch.scan))
    })
    const count = `${size.toLocaleString('en-US')} sessions`
    for (const command of constants) {
      parts[command].push(median(ratios(medians.growing[command], medians.few[command])))
      const values = { [own]: spreadOf(times[command]), ...(command === 'logIn' && { [peer]: spreadOf(times.scan) }) }
      rows.push({ what: `${constant[command]}, ${count}`, unit: 'µs', values })
    }
  }
  const claims = constants.map((command) => (
    { claim: `${constant[command]}, slowest of all sizes, as a part of that with ${fewest.toLocaleString('en-US')} sessions`, unit: '', value: Math.max(...parts[command]), limit: 1.5 }
  ))
  return { subjects: [own, peer], rows, claims, notes }
}

const notes = [
  'mpauthx looks for a user\'s session by KEYS at each login: that command alone is measured, on the same server with the same keys. It stops all others meanwhile.',
  'In turns with a second server that keeps 1,000 sessions: the promise is of the pairs.',
  'A login is the session\'s part of it, three round trips. All but 1,000 of the sessions are copies of one under other names.',
]
