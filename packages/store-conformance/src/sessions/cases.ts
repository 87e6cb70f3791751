import { expiryCases } from './expiry.js'
import { failureCases } from './failures.js'
import { raceCases } from './races.js'
import { recordCases } from './records.js'
import type { SessionStoreCase } from './types.js'

/** Every case for session stores as data, for test runners that `testSessionStore` does not support and for other uses. */
export const sessionStoreCases: readonly SessionStoreCase[] = [
  ...recordCases,
  ...expiryCases,
  ...raceCases,
  ...failureCases,
]
