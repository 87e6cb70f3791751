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
const batch = { check: 200, logIn: 50, scan: 2 }
type Command = keyof typeof batch

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
  const parts: number[] = []
  const [fewest = 0] = sizes
  await few.call('fill', fewest)
  for (const size of sizes) {
    await growing.call('fill', size)
    for (const subject of [growing, few]) await subject.call('check', warmUp)
    const times: Record<Command, number[]> = { check: [], logIn: [], scan: [] }
    const ofFew: number[] = []
    const ofGrowing: number[] = []
    await inTurns(rounds, [growing, few], async (subject) => {
      const checks = await subject.call<number[]>('check', batch.check)
      const isFew = subject === few
      const medians = isFew ? ofFew : ofGrowing
      medians.push(median(checks))
      if (isFew) return
      times.check.push(...checks)
      for (const command of ['logIn', 'scan'] as const) times[command].push(...await subject.call<number[]>(command, batch[command]))
    })
    const count = size.toLocaleString('en-US')
    rows.push(
      { what: `checking a token, ${count} sessions`, unit: 'µs', values: { [own]: spreadOf(times.check) } },
      { what: `a login, ${count} sessions`, unit: 'µs', values: { [own]: spreadOf(times.logIn), [peer]: spreadOf(times.scan) } },
    )
    parts.push(median(ratios(ofGrowing, ofFew)))
  }
  const claims = [{ claim: `checking a token, slowest of all sizes, as a part of that with ${fewest.toLocaleString('en-US')} sessions`, unit: '', value: Math.max(...parts), limit: 1.5 }]
  return { subjects: [own, peer], rows, claims, notes }
}

const notes = [
  'mpauthx looks for a user\'s session by KEYS at each login: that command alone is measured, on the same server with the same keys. It stops all others meanwhile.',
  'In turns with a second server that keeps 1,000 sessions: the promise is of the pairs.',
  'A login is the session\'s part of it, three round trips. All but 1,000 of the sessions are copies of one under other names.',
]
