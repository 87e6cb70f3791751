import { testTokenStore } from '@wechat-auth/store-conformance'
import { memoryHarness } from './memory-harness.js'

testTokenStore('MemoryTokenStore', memoryHarness)
