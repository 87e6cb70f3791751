import type { Call } from './call.js'
import type { Family } from './families.js'
import type { Reply } from './reply.js'

export interface Route {
  methods: readonly string[]
  /** an exact path, or a prefix that ends in `*` */
  path: string
  family: Family
  handle: (call: Call) => Reply | Promise<Reply>
  /** Replies to a method that is not in `methods`. */
  refuseMethod: (call: Call) => Reply
}

/** Finds the route of a path, or the fallback. */
export class Router {
  readonly #exact = new Map<string, Route>()
  readonly #prefixes: Route[] = []
  readonly #fallback: Route

  constructor(routes: readonly Route[], fallback: Route) {
    for (const route of routes) {
      if (route.path.endsWith('*')) this.#prefixes.push(route)
      else this.#exact.set(route.path, route)
    }
    this.#fallback = fallback
  }

  find(path: string): Route {
    return (
      this.#exact.get(path) ??
      this.#prefixes.find((route) => path.startsWith(route.path.slice(0, -1))) ??
      this.#fallback
    )
  }
}

/** Handles HEAD like GET: Node.js drops the body. */
export function answer(route: Route, call: Call): Reply | Promise<Reply> {
  const method = call.method === 'HEAD' ? 'GET' : call.method
  return route.methods.includes(method) ? route.handle(call) : route.refuseMethod(call)
}
