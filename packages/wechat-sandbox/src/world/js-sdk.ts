import { createHash } from 'node:crypto'

/** The arguments of `wx.config` and the page's URL. */
export interface JsSdkConfig {
  url: string
  nonceStr: string
  timestamp: string
  signature: string
}

/** Signs a page. The values are not encoded. */
function sign(ticket: string, { url, nonceStr, timestamp }: JsSdkConfig): string {
  return createHash('sha1')
    .update(`jsapi_ticket=${ticket}&noncestr=${nonceStr}&timestamp=${timestamp}&url=${url}`, 'utf8')
    .digest('hex')
}

/** Whether the signature was made with one of the tickets. The part of the URL after `#` is not signed. */
export function isSigned(tickets: readonly string[], config: JsSdkConfig): boolean {
  const [url = ''] = config.url.split('#', 1)
  return tickets.some((ticket) => sign(ticket, { ...config, url }) === config.signature)
}
