import type { Exchange } from './exchange.js'

/** The parts of OpenTelemetry's context API that are used here. */
interface Context {
  setValue(key: symbol, value: unknown): Context
}

interface ContextManager {
  active(): Context
  with<T>(context: Context, run: () => T): T
}

// Both symbols are the same for all copies of OpenTelemetry in a process, so that this package need not depend on one.
const openTelemetry = Symbol.for('opentelemetry.js.api.1')
const suppressTracing = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING')

/**
 * Keeps OpenTelemetry from tracing the requests of an exchange: its spans contain the whole address, and so the app secret,
 * codes and tokens. What else the application traces does not change.
 */
export function untraced(exchange: Exchange): Exchange {
  return (request, deadline) => {
    const manager = findContextManager()
    if (!manager) return exchange(request, deadline)
    return manager.with(manager.active().setValue(suppressTracing, true), () => exchange(request, deadline))
  }
}

/** Finds what an SDK of OpenTelemetry has registered. */
function findContextManager(): ContextManager | undefined {
  const api = (globalThis as { [openTelemetry]?: { context?: Partial<ContextManager> } })[openTelemetry]
  const { active, with: run } = api?.context ?? {}
  return typeof active === 'function' && typeof run === 'function'
    ? (api?.context as ContextManager)
    : undefined
}
