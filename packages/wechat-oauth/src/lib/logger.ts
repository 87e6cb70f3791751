import type { WechatLogger } from '../types.js'

/** A logger whose methods may return promises, although their type does not say so. */
type AnyLogger = Record<keyof WechatLogger, (message: string, details?: Record<string, unknown>) => unknown>

/** Wraps the application's logger. A broken logger must not make a login fail or end the process. */
export function safeLogger(logger: AnyLogger | undefined): WechatLogger | undefined {
  if (!logger) return undefined
  const log = async (
    level: keyof WechatLogger,
    message: string,
    details?: Record<string, unknown>,
  ): Promise<void> => {
    try {
      await logger[level](message, details)
    } catch {
      // There is no other place to report it.
    }
  }
  return {
    debug: (message, details) => void log('debug', message, details),
    warn: (message, details) => void log('warn', message, details),
  }
}
