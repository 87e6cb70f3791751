import { expiryCases } from './expiry.js'
import { failureCases } from './failures.js'
import { keyCases } from './keys.js'
import { lockCases } from './locks.js'
import { parallelCases } from './parallel.js'
import { recordCases } from './records.js'
import type { TokenStoreCase } from './types.js'

/** Every case for token stores as data, for test runners that `testTokenStore` does not support and for other uses. */
export const tokenStoreCases: readonly TokenStoreCase[] = [
  ...recordCases,
  ...keyCases,
  ...parallelCases,
  ...failureCases,
  ...expiryCases,
  ...lockCases,
]
