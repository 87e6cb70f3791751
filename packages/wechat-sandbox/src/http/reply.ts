/** What is sent back. */
export interface Reply {
  status: number
  headers: Record<string, string>
  body: string | Uint8Array
  /** The answer before it was serialised, where it is JSON: faults alter this one. */
  json?: Record<string, unknown>
}

/** JSON as WeChat writes it: raw UTF-8, no spaces, every slash escaped. */
export function wechatJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('/', '\\/')
}

export function jsonReply(contentType: string, json: Record<string, unknown>): Reply {
  return {
    status: 200,
    headers: { 'Content-Type': contentType },
    body: wechatJson(json),
    json,
  }
}
