import type { Call } from './call.js'
import type { Family } from './families.js'
import type { Reply } from './reply.js'

export interface Route {
  methods: readonly string[]
  /** an exact path, or a prefix that ends in `*` */
  path: string
  family: Family
  handle: (call: Call) => Reply | Promise<Reply>
  /** What a method not in `methods` gets. */
  refuseMethod: (call: Call) => Reply
}

/** Finds the route of a path; where there is none, the fallback answers. */
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

/** HEAD goes wherever GET goes: node leaves the body out. */
export function answer(route: Route, call: Call): Reply | Promise<Reply> {
  const method = call.method === 'HEAD' ? 'GET' : call.method
  return route.methods.includes(method) ? route.handle(call) : route.refuseMethod(call)
}
