import { expiryCases } from './cases/expiry.js'
import { failureCases } from './cases/failures.js'
import { harnessCases } from './cases/harness.js'
import { keyCases } from './cases/keys.js'
import { lockCases } from './cases/locks.js'
import { parallelCases } from './cases/parallel.js'
import { recordCases } from './cases/records.js'
import type { TokenStoreCase } from './types.js'

export { sessionStoreCases } from './sessions/cases.js'
export { userStoreCases } from './users/cases.js'

/** Every case of the contract, as data: for test runners that `testTokenStore` does not know, and for whatever else. */
export const tokenStoreCases: readonly TokenStoreCase[] = [
  ...harnessCases,
  ...recordCases,
  ...keyCases,
  ...parallelCases,
  ...failureCases,
  ...expiryCases,
  ...lockCases,
]
