import { byFetch } from './by-fetch.js'
import { byNode } from './by-node.js'
import type { Exchange } from './exchange.js'

/**
 * @param own - the application's option; without it Node.js's own client does it, unless the application has a global `fetch`
 * of its own, or leads Node.js's through a proxy or a mock: whoever does that means our calls too. Looked at anew for each call.
 */
export function chooseExchange(own: typeof fetch | undefined): Exchange {
  if (own) return byFetch(own)
  return (request, deadline) => (usesNodeFetch() ? byNode : byFetch(globalThis.fetch))(request, deadline)
}

let judged: { fetch: unknown; isNodes: boolean } = { fetch: undefined, isNodes: false }

function usesNodeFetch(): boolean {
  const { fetch } = globalThis
  if (fetch !== judged.fetch) judged = { fetch, isNodes: isNodeFetch(fetch) }
  return judged.isNodes && dispatchers.every((key) => isPlain((globalThis as Record<symbol, unknown>)[key]))
}

// Whoever else's it is, an `undefined` included, is called: a wrong guess costs time only.
function isNodeFetch(fetch: unknown): boolean {
  return (
    typeof fetch === 'function' && Function.prototype.toString.call(fetch).includes('internal/deps/undici/')
  )
}

/** Where undici keeps what `setGlobalDispatcher` was given; in Node.js, what `NODE_USE_ENV_PROXY` stands for. */
const dispatchers = [Symbol.for('undici.globalDispatcher.1'), Symbol.for('undici.globalDispatcher.2')]

/** Nothing yet, or the kind that undici itself puts there. */
function isPlain(dispatcher: unknown): boolean {
  return dispatcher === undefined || (dispatcher instanceof Object && dispatcher.constructor.name === 'Agent')
}
