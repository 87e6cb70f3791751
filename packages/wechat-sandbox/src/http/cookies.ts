import type { Call } from './call.js'

/** Returns a cookie of the request, decoded. */
export function readCookie(call: Call, name: string): string | undefined {
  for (const pair of (call.headers.cookie ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (at < 0 || pair.slice(0, at).trim() !== name) continue
    try {
      return decodeURIComponent(pair.slice(at + 1).trim())
    } catch {
      return undefined
    }
  }
  return undefined
}

/** Headers that set a cookie until the browser closes. */
export function setCookie(name: string, value: string): Record<string, string> {
  return {
    'Set-Cookie': `${name}=${encodeURIComponent(value)}; Path=/; HttpOnly; SameSite=Lax`,
  }
}
