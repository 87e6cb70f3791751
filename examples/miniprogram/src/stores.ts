import { MemorySessionStore, MemoryUserStore } from '@wechat-auth/wechat-session'
import type { AppOptions } from './app.js'

export interface OpenStores extends Pick<AppOptions, 'sessionStore' | 'userStore'> {
  /** Where sessions and users are kept, in words. */
  place: string
  close: () => void
}

export function openStores(): Promise<OpenStores> {
  return Promise.resolve({ sessionStore: new MemorySessionStore(), userStore: new MemoryUserStore(), place: 'in memory', close: () => undefined })
}
