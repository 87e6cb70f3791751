import { processes } from '../lib/cluster.js'
import type { Claim, Report } from '../lib/report.js'
import { row } from '../lib/rows.js'
import { mostRequests, spreads, stampedeCluster, stampedeEach, type Calls, type Stampede } from '../lib/stampede.js'
import { storeServers } from '../lib/store-servers.js'
import { clientsOf, ours } from '../lib/versions.js'
import { Wechat } from '../wechat/wechat.js'

export const title = '100 signatures for the JS-SDK at once, by a server that has no token and no ticket yet'

const own = ours('wechat-oauth')
const clients = clientsOf(own, ['co-wechat-api', 'node-easywechat', 'wechat-oauth-ts'])
const delay = 30
const tokenPaths = ['/cgi-bin/token', '/cgi-bin/stable_token']
const ticketPath = '/cgi-bin/ticket/getticket'

const calls: Calls = {
  command: 'sign',
  count: 100,
  paths: [...tokenPaths, ticketPath],
  before: async (callers) => {
    await callers.callAll('forget')
    return []
  },
}

export async function run(): Promise<Report> {
  const wechat = await Wechat.start()
  try {
    await wechat.setDelay(delay)
    const inOneProcess = await stampedeEach(new URL('clients.js', import.meta.url), clients, calls, wechat)
    const rows = [
      row('tokens fetched', '', inOneProcess, spreads.requests(...tokenPaths)),
      row('tickets fetched', '', inOneProcess, spreads.requests(ticketPath)),
      row('time until all are signed', 'ms', inOneProcess, spreads.took),
      row('CPU', 'ms', inOneProcess, spreads.cpu),
      row('TLS handshakes', '', inOneProcess, spreads.handshakes),
    ]
    const claims = claimsOf(inOneProcess.get(own) ?? [], 'in one process')
    for (const start of storeServers) {
      const server = await start()
      try {
        const where = `${processes} processes with ${server.title}`
        const runs = await stampedeCluster(server, calls, wechat)
        const measured = new Map([[own, runs]])
        rows.push(
          row(`tokens fetched, ${where}`, '', measured, spreads.requests(...tokenPaths)),
          row(`tickets fetched, ${where}`, '', measured, spreads.requests(ticketPath)),
          row(`time, ${where}`, 'ms', measured, spreads.took),
        )
        claims.push(...claimsOf(runs, `in ${where}`))
      } finally {
        await server.stop()
      }
    }
    return { subjects: [...clients.values()], rows, claims, notes }
  } finally {
    await wechat.stop()
  }
}

function claimsOf(runs: readonly Stampede[], where: string): Claim[] {
  return [
    { claim: `tokens fetched for ${calls.count} signatures ${where}`, unit: '', value: mostRequests(runs, ...tokenPaths), limit: 1 },
    { claim: `tickets fetched for ${calls.count} signatures ${where}`, unit: '', value: mostRequests(runs, ticketPath), limit: 1 },
  ]
}

const notes = [
  `Each package with the store that it has by itself, empty, with connections that are open already; a round trip to WeChat takes ${delay} ms. In one process all ask the same client.`,
  'Tokens of /cgi-bin/token, which the others fetch, replace each other: the one before works for five minutes more, and 2,000 a day can be had. Ours are of /cgi-bin/stable_token.',
  'wechat-oauth-ts sends every ticket to a host of its author\'s, and ends the process where that does not answer: here nothing is sent. node-easywechat keeps its cache in files; it is given node-socialite 1.4.1, as it cannot be loaded with the newest one that it allows.',
]
