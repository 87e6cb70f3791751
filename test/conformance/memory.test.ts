import { testTokenStore } from '@wechat-auth/store-conformance'
import { MemoryTokenStore } from '@wechat-auth/wechat-oauth'

testTokenStore('MemoryTokenStore', {
  create: () => new MemoryTokenStore(),
  expiry: { create: (ttl) => new MemoryTokenStore({ ttl }) },
  without: {
    second: 'its records are of one object',
    corrupt: 'its records are live objects',
    outages: 'it has no backend',
    abandonLock: 'its locks are of one process',
  },
})
