import { MemoryTokenStore, type WechatLogger, type WechatToken } from '@wechat-auth/wechat-oauth'
import type { SandboxApp } from '@wechat-auth/wechat-sandbox'
import { inTime } from '../../helpers/pace.js'

/** Secrets in which every way of writing them differs. */
export const apps = {
  mp: {
    appId: 'wxfaults0000000001',
    appSecret: 'mp-planted-secret/+=&"% <>-of-the-account',
    type: 'mp',
    unionAccount: 'faults',
  },
  website: {
    appId: 'wxfaults0000000002',
    appSecret: 'web-planted-secret/+=&"% <>-of-the-website',
    type: 'website',
    unionAccount: 'faults',
  },
  miniprogram: {
    appId: 'wxfaults0000000003',
    appSecret: 'mini-planted-secret/+=&"% <>-of-the-program',
    type: 'miniprogram',
    unionAccount: 'faults',
  },
} as const satisfies Record<string, SandboxApp>

/** A session_key with every character in which base64 is not plain text. */
export const sessionKey = '/+/+planted+key/+////w=='

/** For cells that wait it out. */
export const shortTimeout = 100
/** For cells that must not depend on how fast this machine is. */
export const longTimeout = 5000

/** The limit for each call to WeChat, including a store that does not answer and a busy machine. */
export function bound(timeout: number, calls: number): number {
  return inTime((2 * timeout + 250) * Math.max(calls, 1))
}

/** Remembers what it was asked to save. */
export class RecordingStore extends MemoryTokenStore {
  readonly saved: WechatToken[] = []

  override async saveToken(openid: string, token: WechatToken): Promise<void> {
    this.saved.push(structuredClone(token))
    await super.saveToken(openid, token)
  }
}

/** Remembers what it was told. */
export class RecordingLogger implements WechatLogger {
  readonly lines: unknown[] = []

  debug(...line: unknown[]): void {
    this.lines.push(line)
  }

  warn(...line: unknown[]): void {
    this.lines.push(line)
  }
}

export interface Observed<T> {
  result: PromiseSettledResult<T>
  ms: number
  /** Errors that went past every handler. */
  strays: unknown[]
}

/** Runs a task to its end, and notes what escapes meanwhile and `linger` ms after it. */
export async function observe<T>(task: () => Promise<T>, linger = 0): Promise<Observed<T>> {
  const strays: unknown[] = []
  const note = (error: unknown): void => {
    strays.push(error)
  }
  process.prependListener('unhandledRejection', note)
  process.prependListener('uncaughtExceptionMonitor', note)
  try {
    const startedAt = performance.now()
    const [result] = await Promise.allSettled([task()])
    const ms = performance.now() - startedAt
    // Node reports unhandled rejections when the microtasks are done.
    await new Promise((resolve) => setTimeout(resolve, linger))
    return { result, ms, strays }
  } finally {
    process.off('unhandledRejection', note)
    process.off('uncaughtExceptionMonitor', note)
  }
}
