import { processes } from '../lib/cluster.js'
import type { Report } from '../lib/report.js'
import { delay, reportStampede, type Calls } from '../lib/stampede.js'

export const title = '100 parallel requests for the user of one expired token'

const aDay = 86_400_000

const calls: Calls = {
  command: 'getUsers',
  count: 100,
  name: 'requests',
  done: 'all have the user',
  fetched: { refreshes: ['/sns/oauth2/refresh_token'] },
  // Somebody who logged in yesterday.
  before: async (callers, wechat) => {
    const [code] = await wechat.issueCodes(1)
    const openid = await callers.callOne('logIn', code)
    await callers.callOne('age', openid, Date.now() - aDay)
    return [openid]
  },
}

const notes = [
  `Each package uses its default store, and connections that are already open. A round trip to WeChat takes ${delay} ms.`,
  `The others have no locks. In ${processes} processes, they would send as many refreshes to WeChat as in one. Each response replaces the stored token.`,
]

export async function run(): Promise<Report> {
  return reportStampede(
    new URL('clients.js', import.meta.url),
    ['wechat-oauth', 'wechat-oauth-ts', 'co-wechat-oauth'],
    calls,
    notes,
  )
}
