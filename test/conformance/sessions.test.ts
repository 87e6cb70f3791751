import { testSessionStore, testUserStore } from '@wechat-auth/store-conformance'
import { ReferenceSessionStore, ReferenceUserStore, sessionHarnessOf, userHarnessOf } from './reference-session-store.js'

testSessionStore('A session store that does everything right', sessionHarnessOf((backend) => new ReferenceSessionStore(backend)))
testUserStore('A user store that does everything right', userHarnessOf((backend) => new ReferenceUserStore(backend)))
