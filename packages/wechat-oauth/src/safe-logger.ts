import type { WechatLogger } from './types.js'

/** The application's logger, or none: a logger that is broken must not cost anybody the login. */
export function safeLogger(logger: WechatLogger | undefined): WechatLogger {
  const safely = (level: keyof WechatLogger): WechatLogger['warn'] => (message, details) => {
    try {
      logger?.[level](message, details)
    } catch {
      // There is nobody left to tell.
    }
  }
  return { debug: safely('debug'), warn: safely('warn') }
}
