import type { WechatToken } from '../types.js'

/** Tokens by openid. */
export type Tokens = Record<string, WechatToken | undefined>

const max = 10_000
// In the order in which they were saved.
const openids = new WeakMap<Tokens, Set<string>>()

/** No name in it means anything but a user. */
export function noTokens(): Tokens {
  return Object.create(null) as Tokens
}

/** Keeps a token; beyond 10,000, the one that was saved longest ago goes. */
export function remember(tokens: Tokens, openid: string, token: WechatToken): void {
  const known = openids.get(tokens) ?? new Set()
  openids.set(tokens, known)
  known.delete(openid)
  known.add(openid)
  tokens[openid] = token
  for (const oldest of known) {
    if (known.size <= max) break
    known.delete(oldest)
    Reflect.deleteProperty(tokens, oldest)
  }
}
