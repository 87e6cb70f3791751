import { createHash } from 'node:crypto'

/** What a page gives to `wx.config`, and the page's URL. */
export interface JsSdkConfig {
  url: string
  nonceStr: string
  timestamp: string
  signature: string
}

/** The signature of a page: raw values, nothing encoded. */
function sign(ticket: string, { url, nonceStr, timestamp }: JsSdkConfig): string {
  return createHash('sha1')
    .update(`jsapi_ticket=${ticket}&noncestr=${nonceStr}&timestamp=${timestamp}&url=${url}`, 'utf8')
    .digest('hex')
}

/** Whether one of the tickets made the signature. What is behind `#` in the URL is not signed. */
export function isSigned(tickets: readonly string[], config: JsSdkConfig): boolean {
  const [url = ''] = config.url.split('#', 1)
  return tickets.some((ticket) => sign(ticket, { ...config, url }) === config.signature)
}
