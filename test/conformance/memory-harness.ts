import type { TokenStoreHarness } from '@wechat-auth/store-conformance'
import { MemoryTokenStore } from '@wechat-auth/wechat-oauth'

export const memoryHarness: TokenStoreHarness = {
  create: () => new MemoryTokenStore(),
  expiry: { create: (ttl) => new MemoryTokenStore({ ttl }) },
  without: {
    second: 'its records are of one object',
    corrupt: 'its records are live objects',
    outages: 'it has no backend',
    abandonLock: 'its locks are of one process',
  },
}
