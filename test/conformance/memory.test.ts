import { testSessionStore, testTokenStore, testUserStore } from '@wechat-auth/store-conformance'
import { MemorySessionStore, MemoryUserStore } from '@wechat-auth/wechat-session'
import {
  memoryHarness,
  memorySessionHarness,
  memoryUserHarness,
} from '../unit/store-conformance/memory-harness.js'

testTokenStore('MemoryTokenStore', memoryHarness)
testSessionStore(
  'MemorySessionStore',
  memorySessionHarness(() => new MemorySessionStore()),
)
testUserStore(
  'MemoryUserStore',
  memoryUserHarness(() => new MemoryUserStore()),
)
