import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { WechatMode } from '@wechat-auth/wechat-oauth'

export type RedirectMode = Exclude<WechatMode, 'miniprogram'>

/** What the callback must know about the login that it ends. */
export interface LoginRecord {
  mode: RedirectMode
  appId: string
  /** As requested, comma separated. */
  scope: string
  callbackURL: string
  /** The application's own state. */
  app?: unknown
}

/** WeChat refuses longer ones. */
export const longestState = 128

/** 192 random bits, in characters that WeChat allows. */
export function newState(): string {
  return randomBytes(24).toString('hex')
}

/** Compares in constant time, whatever the lengths. */
export function sameText(a: string, b: string): boolean {
  return timingSafeEqual(sha256(a), sha256(b))
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** What a store hands back came from outside of the process. */
export function isLoginRecord(value: unknown): value is LoginRecord {
  if (typeof value !== 'object' || value === null) return false
  const { mode, appId, scope, callbackURL } = value as Record<string, unknown>
  return (mode === 'mp' || mode === 'website')
    && typeof appId === 'string' && typeof scope === 'string' && typeof callbackURL === 'string'
}
