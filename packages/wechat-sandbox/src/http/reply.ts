export interface Reply {
  status: number
  headers: Record<string, string>
  body: string | Uint8Array
  /** The body before serialization, if it is JSON. Faults change this value. */
  json?: Record<string, unknown>
}

/** Writes JSON like WeChat: raw UTF-8, no spaces, every slash escaped. */
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
