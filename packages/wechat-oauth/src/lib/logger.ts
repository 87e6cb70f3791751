import type { WechatLogger } from '../types.js'

/** A logger whose methods may return promises, although their type does not say so. */
type AnyLogger = Record<keyof WechatLogger, (message: string, details?: Record<string, unknown>) => unknown>

/** A logger that takes the details first. */
type DetailsFirstLogger = Record<
  keyof WechatLogger,
  (details: Record<string, unknown>, message: string) => unknown
>

/** Wraps the application's logger. A broken logger must not make a login fail or end the process. */
export function safeLogger(logger: AnyLogger | undefined): WechatLogger | undefined {
  if (!logger) return undefined
  const takesDetailsFirst = isDetailsFirst(logger)
  const log = async (
    level: keyof WechatLogger,
    message: string,
    details?: Record<string, unknown>,
  ): Promise<void> => {
    try {
      if (takesDetailsFirst && details)
        await (logger as object as DetailsFirstLogger)[level](details, message)
      else await logger[level](message, details)
    } catch {
      // There is no other place to report it.
    }
  }
  return {
    debug: (message, details) => void log('debug', message, details),
    warn: (message, details) => void log('warn', message, details),
  }
}

// pino, which is also Fastify's logger, drops an object that follows the message. bunyan turns it into text.
function isDetailsFirst(logger: AnyLogger): boolean {
  const { bindings, addSerializers } = logger as { bindings?: unknown; addSerializers?: unknown }
  return typeof bindings === 'function' || typeof addSerializers === 'function'
}
