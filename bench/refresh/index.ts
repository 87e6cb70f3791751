import { processes } from '../lib/cluster.js'
import type { Claim, Report } from '../lib/report.js'
import { row } from '../lib/rows.js'
import { mostRequests, spreads, stampedeCluster, stampedeEach, type Calls, type Stampede } from '../lib/stampede.js'
import { storeServers } from '../lib/store-servers.js'
import { clientsOf, ours } from '../lib/versions.js'
import { Wechat } from '../wechat/wechat.js'

export const title = '100 requests at once that need the user of one expired token'

const own = ours('wechat-oauth')
const clients = clientsOf(own, ['wechat-oauth', 'wechat-oauth-ts', 'co-wechat-oauth'])
const delay = 30
const aDay = 86_400_000
const path = '/sns/oauth2/refresh_token'

const calls: Calls = {
  command: 'getUsers',
  count: 100,
  paths: [path],
  // Somebody who logged in yesterday.
  before: async (callers, wechat) => {
    const [code] = await wechat.issueCodes(1)
    const openid = await callers.callOne('logIn', code)
    await callers.callOne('age', openid, Date.now() - aDay)
    return [openid]
  },
}

export async function run(): Promise<Report> {
  const wechat = await Wechat.start()
  try {
    await wechat.setDelay(delay)
    const inOneProcess = await stampedeEach(new URL('clients.js', import.meta.url), clients, calls, wechat)
    const rows = [
      row('refreshes', '', inOneProcess, spreads.requests(path)),
      row('time until all have the user', 'ms', inOneProcess, spreads.took),
      row('CPU', 'ms', inOneProcess, spreads.cpu),
      row('TLS handshakes', '', inOneProcess, spreads.handshakes),
    ]
    const claims = [claim(inOneProcess.get(own) ?? [], 'in one process')]
    for (const start of storeServers) {
      const server = await start()
      try {
        const where = `${processes} processes with ${server.title}`
        const runs = await stampedeCluster(server, calls, wechat)
        const measured = new Map([[own, runs]])
        rows.push(row(`refreshes, ${where}`, '', measured, spreads.requests(path)), row(`time, ${where}`, 'ms', measured, spreads.took))
        claims.push(claim(runs, `in ${where}`))
      } finally {
        await server.stop()
      }
    }
    return { subjects: [...clients.values()], rows, claims, notes }
  } finally {
    await wechat.stop()
  }
}

function claim(runs: readonly Stampede[], where: string): Claim {
  return { claim: `refreshes for ${calls.count} requests ${where}`, unit: '', value: mostRequests(runs, path), limit: 1 }
}

const notes = [
  `Each package with the store that it has by itself, with connections that are open already; a round trip to WeChat takes ${delay} ms.`,
  `The others know no locks: in ${processes} processes they refresh as often as in one. WeChat is asked that many times, and each answer replaces the stored token.`,
]
