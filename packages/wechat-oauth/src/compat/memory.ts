import { BoundedMap } from '../lib/bounded-map.js'
import type { WechatToken } from '../types.js'

/** Tokens by openid. */
export type Tokens = Record<string, WechatToken | undefined>

const max = 10_000
const openids = new WeakMap<Tokens, BoundedMap<string, true>>()

/** Makes an object without a prototype, so that every key in it is a user. */
export function noTokens(): Tokens {
  return Object.create(null) as Tokens
}

/** Keeps a token. Beyond 10,000, the one that was saved longest ago is dropped. */
export function remember(tokens: Tokens, openid: string, token: WechatToken): void {
  const known = openids.get(tokens) ?? new BoundedMap(max, (oldest) => Reflect.deleteProperty(tokens, oldest))
  openids.set(tokens, known)
  tokens[openid] = token
  known.set(openid, true)
}
