import type { WechatLogger } from './types.js'

/** The application's logger, or none: a logger that is broken must not cost anybody the login, nor the process its life. */
export function safeLogger(logger: WechatLogger | undefined): WechatLogger {
  const log = async (level: keyof WechatLogger, message: string, details?: Record<string, unknown>): Promise<void> => {
    try {
      await (logger?.[level](message, details) as unknown)
    } catch {
      // There is nobody left to tell.
    }
  }
  return {
    debug: (message, details) => void log('debug', message, details),
    warn: (message, details) => void log('warn', message, details),
  }
}
