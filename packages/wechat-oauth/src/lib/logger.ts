import type { WechatLogger } from '../types.js'

/** A logger may be asynchronous without telling so. */
type AnyLogger = Record<keyof WechatLogger, (message: string, details?: Record<string, unknown>) => unknown>

/** The application's logger, or none: a logger that is broken must not cost anybody the login, nor the process its life. */
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
      // There is nobody left to tell.
    }
  }
  return {
    debug: (message, details) => void log('debug', message, details),
    warn: (message, details) => void log('warn', message, details),
  }
}
