import type { Report } from '../lib/report.js'
import { delay, reportStampede, type Calls } from '../lib/stampede.js'

export const title = '100 parallel signatures for the JS-SDK, by a server without a token or a ticket'

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
  `Each package uses its default store, which is empty, and connections that are already open. A round trip to WeChat takes ${delay} ms. In one process, all requests use the same client.`,
  'The others fetch tokens from /cgi-bin/token. Each new one replaces the last, which works for five more minutes, and the limit is 2,000 a day. Ours come from /cgi-bin/stable_token.',
  'wechat-oauth-ts sends every ticket to a host of its author, and ends the process if that host does not answer. Here nothing is sent. node-easywechat keeps its cache in files. It runs with node-socialite 1.4.1, because it cannot be loaded with the newest version that it allows.',
]

export async function run(): Promise<Report> {
  return reportStampede(
    new URL('clients.js', import.meta.url),
    ['co-wechat-api', 'node-easywechat', 'wechat-oauth-ts'],
    calls,
    notes,
  )
}
