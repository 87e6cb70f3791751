import { byFetch } from './by-fetch.js'
import { byNode } from './by-node.js'
import type { Exchange } from './exchange.js'
import { untraced } from './untraced.js'

/**
 * Chooses what sends the requests. Without the option it is Node.js's own client, unless the application has replaced the global
 * `fetch` or sends Node.js's through a proxy or a mock: that should apply to our calls too. It is decided again for each call.
 *
 * @param own - the option `fetch`
 */
export function chooseExchange(own: typeof fetch | undefined): Exchange {
  if (own) return untraced(byFetch(own))
  return untraced((request, deadline) =>
    (usesNodeFetch() ? byNode : byFetch(globalThis.fetch))(request, deadline),
  )
}

let judged: { fetch: unknown; isNodes: boolean } = { fetch: undefined, isNodes: false }

function usesNodeFetch(): boolean {
  const { fetch } = globalThis
  if (fetch !== judged.fetch) judged = { fetch, isNodes: isNodeFetch(fetch) }
  return judged.isNodes && dispatchers.every((key) => isPlain((globalThis as Record<symbol, unknown>)[key]))
}

// Any other value is called, even `undefined`: a wrong guess costs only time.
function isNodeFetch(fetch: unknown): boolean {
  return (
    typeof fetch === 'function' && Function.prototype.toString.call(fetch).includes('internal/deps/undici/')
  )
}

/** Where undici keeps the argument of `setGlobalDispatcher`, and Node.js the proxy of `NODE_USE_ENV_PROXY`. */
const dispatchers = [Symbol.for('undici.globalDispatcher.1'), Symbol.for('undici.globalDispatcher.2')]

/** Undici's default, and what Node.js 26 keeps under the older symbol: a wrapper of the dispatcher under the newer one. */
const defaultNames = ['Agent', 'Dispatcher1Wrapper']

/** Whether a dispatcher is not set, or is the default. */
function isPlain(dispatcher: unknown): boolean {
  return (
    dispatcher === undefined ||
    (dispatcher instanceof Object && defaultNames.includes(dispatcher.constructor.name))
  )
}
