import { api } from '../http/families.js'
import type { Route } from '../http/router.js'
import type { World } from '../world/world.js'

/** The reply to unknown paths: HTTP status 200 with an errcode. */
export function unknownUrl(world: World): Route {
  return {
    methods: [],
    path: '*',
    family: api,
    handle: (call) => api.error(world, call, 40066),
    refuseMethod: (call) => api.error(world, call, 40066),
  }
}
