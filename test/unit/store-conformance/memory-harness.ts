import sinon from 'sinon'
import type {
  SessionStore,
  SessionStoreHarness,
  TokenStoreHarness,
  UserStore,
  UserStoreHarness,
} from '@wechat-auth/store-conformance'
import { MemoryTokenStore } from '@wechat-auth/wechat-oauth'

const ofOneObject = 'its records are of one object'
const liveObjects = 'its records are live objects'
const noBackend = 'it has no backend'

export const memoryHarness: TokenStoreHarness = {
  create: () => new MemoryTokenStore(),
  expiry: { create: (ttl) => new MemoryTokenStore({ ttl }) },
  without: {
    second: ofOneObject,
    corrupt: liveObjects,
    outages: noBackend,
    abandonLock: 'its locks are of one process',
  },
}

/** Of a store that reads the time from `Date`: no case waits. */
export function memorySessionHarness(create: () => SessionStore): SessionStoreHarness {
  let clock: sinon.SinonFakeTimers | undefined
  return {
    create: () => {
      clock = sinon.useFakeTimers({ now: Date.now(), toFake: ['Date'] })
      return create()
    },
    destroy: () => clock?.restore(),
    advance: (ms) => {
      clock?.tick(ms)
    },
    without: { second: ofOneObject, corrupt: liveObjects, outages: noBackend },
  }
}

export const memoryUserHarness = (create: () => UserStore): UserStoreHarness => ({
  create,
  without: { second: ofOneObject, outages: noBackend },
})
