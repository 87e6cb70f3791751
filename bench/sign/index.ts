import type { Report } from '../lib/report.js'
import { delay, reportStampede, type Calls } from '../lib/stampede.js'

export const title = '100 signatures for the JS-SDK at once, by a server that has no token and no ticket yet'

const calls: Calls = {
  command: 'sign',
  count: 100,
  name: 'signatures',
  done: 'all are signed',
  fetched: {
    'tokens fetched': ['/cgi-bin/token', '/cgi-bin/stable_token'],
    'tickets fetched': ['/cgi-bin/ticket/getticket'],
  },
  before: async (callers) => {
    await callers.callAll('forget')
    return []
  },
}

const notes = [
  `Each package with the store that it has by itself, empty, with connections that are open already; a round trip to WeChat takes ${delay} ms. In one process all ask the same client.`,
  'Tokens of /cgi-bin/token, which the others fetch, replace each other: the one before works for five minutes more, and 2,000 a day can be had. Ours are of /cgi-bin/stable_token.',
  "wechat-oauth-ts sends every ticket to a host of its author's, and ends the process where that does not answer: here nothing is sent. node-easywechat keeps its cache in files; it is given node-socialite 1.4.1, as it cannot be loaded with the newest one that it allows.",
]

export async function run(): Promise<Report> {
  return reportStampede(
    new URL('clients.js', import.meta.url),
    ['co-wechat-api', 'node-easywechat', 'wechat-oauth-ts'],
    calls,
    notes,
  )
}
