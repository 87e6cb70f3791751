import type { Claim, Report, Row } from '../lib/report.js'
import { exactly, median, quantile, ratios, spreadOf, type Spread } from '../lib/statistics.js'
import { inTurns } from '../lib/turns.js'
import { ours, versioned } from '../lib/versions.js'
import { Wechat } from '../wechat/wechat.js'
import { Application, type Measured } from './application.js'

export const title = 'a login through Passport and Express 5, with WeChat behind TLS'

const names = {
  ours: ours('passport-wechat'),
  bare: 'a bare strategy',
  plain: `a subclass of ${versioned('passport-oauth2')}`,
  'passport-wechat': versioned('passport-wechat'),
  'passport-weixin': versioned('passport-weixin'),
}
type Name = keyof typeof names
type Each<T> = Record<Name, T>

/** Compiled code settles only after thousands of logins. */
const warmUp = { rounds: 20, logins: 250, width: 50 }
const inARow = 200
const cases = [
  { delay: 0, width: 1, rounds: 48, logins: 60 },
  { delay: 0, width: 50, rounds: 6, logins: 150 },
  { delay: 5, width: 1, rounds: 6, logins: 20 },
  { delay: 5, width: 50, rounds: 4, logins: 150 },
  { delay: 30, width: 1, rounds: 4, logins: 10 },
  { delay: 30, width: 50, rounds: 4, logins: 150 },
]
type Case = (typeof cases)[number]

export async function run(): Promise<Report> {
  const wechat = await Wechat.start()
  const started: Application[] = []
  try {
    const applications = await each(async (name) => {
      const application = await Application.start(name, wechat)
      started.push(application)
      return application
    })
    await inTurns(warmUp.rounds, started, async (application) => {
      await application.logIn(warmUp.logins, warmUp.width)
    })
    const handshakes = await each(async (name) => (await applications[name].logIn(inARow)).handshakes)
    const rows: Row[] = [row(`TLS handshakes in ${inARow} logins, after warm-up`, '', handshakes, exactly)]
    const claims: Claim[] = [
      {
        claim: `new TLS handshakes in ${inARow} logins, after warm-up`,
        unit: '',
        value: handshakes.ours,
        limit: 0,
      },
    ]
    for (const settings of cases) {
      await wechat.setDelay(settings.delay)
      const measured = await measure(settings, applications)
      rows.push(...rowsOf(settings, measured))
      if (settings.delay > 0) continue
      claims.push(...claimsOn(settings, measured))
    }
    return { subjects: Object.values(names), rows, claims, notes }
  } finally {
    await Promise.all(started.map(async (application) => application.stop()))
    await wechat.stop()
  }
}

/** Ratios of our CPU time to that of others in the same run, round by round, because milliseconds depend on the machine. */
function claimsOn(settings: Case, measured: Each<Measured[]>): Claim[] {
  const limits: Partial<Each<number>> = {
    plain: 1.25,
    'passport-wechat': 1 / 3,
    ...(settings.width > 1 && { 'passport-weixin': 1 }),
  }
  return Object.entries(limits).map(([name, limit]) => ({
    claim: `CPU per login, ${settingOf(settings)}, as a multiple of that of ${names[name as Name]}`,
    unit: '',
    value: median(ratios(measured.ours.map(cpuOf), measured[name as Name].map(cpuOf))),
    limit,
  }))
}

async function measure(
  { width, rounds, logins }: Case,
  applications: Each<Application>,
): Promise<Each<Measured[]>> {
  const measured = await each(async () => Promise.resolve<Measured[]>([]))
  const subjects = Object.keys(names) as Name[]
  // Connections that were closed for lack of use are opened again.
  for (const name of subjects) await applications[name].logIn(width, width)
  await inTurns(rounds, subjects, async (name) => {
    measured[name].push(await applications[name].logIn(logins, width))
  })
  return measured
}

function settingOf({ delay, width }: Case): string {
  return `${delay === 0 ? 'no delay' : `${delay} ms away`}, ${width === 1 ? 'one after another' : `${width} at once`}`
}

function rowsOf(settings: Case, measured: Each<Measured[]>): Row[] {
  const when = settingOf(settings)
  const latencies = (runs: Measured[]): number[] => runs.flatMap((run) => run.latencies)
  const rows = [
    row(`latency, ${when}`, 'ms', measured, (runs) => spreadOf(latencies(runs))),
    row(`latency p99, ${when}`, 'ms', measured, (runs) => exactly(quantile(latencies(runs), 0.99))),
  ]
  if (settings.delay > 0) return rows
  return [
    row(`CPU per login, ${when}`, 'ms', measured, (runs) => spreadOf(runs.map(cpuOf))),
    row(`… of it the callback`, 'ms', measured, (runs) =>
      spreadOf(runs.map(({ cpuOfCallback }) => cpuOfCallback)),
    ),
    ...rows,
  ]
}

function cpuOf({ cpuOfRedirect, cpuOfCallback }: Measured): number {
  return cpuOfRedirect + cpuOfCallback
}

function row<T>(what: string, unit: string, values: Each<T>, spread: (value: T) => Spread): Row {
  const entries = Object.entries(names).map(
    ([name, subject]) => [subject, spread(values[name as Name])] as const,
  )
  return { what, unit, values: Object.fromEntries(entries) }
}

async function each<T>(make: (name: Name) => Promise<T>): Promise<Each<T>> {
  return {
    ours: await make('ours'),
    bare: await make('bare'),
    plain: await make('plain'),
    'passport-wechat': await make('passport-wechat'),
    'passport-weixin': await make('passport-weixin'),
  }
}

const notes = [
  'A login consists of two requests: the redirect to WeChat, and the callback with the code, which asks WeChat for the token and the user. Latency is that of the callback.',
  'CPU is that of the whole application process: Express, express-session, Passport and the strategy. Ours creates a state in the session and checks it. passport-wechat sends a fixed state and checks nothing. passport-weixin and the bare strategy have no state. The subclass of passport-oauth2 uses the state of passport-oauth2, which is in the session too.',
  'The bare strategy makes the same two calls with the client that ours uses, node:https, and does nothing else. The subclass of passport-oauth2 uses the transport of passport-oauth2, which is on node:https too, and keeps each token in a Map. Neither checks what WeChat answers.',
  '"5 ms away": a round trip to WeChat takes 5 ms longer, and so does the first packet of a connection, as with TCP\'s handshake.',
]
