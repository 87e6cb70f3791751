import { failureCases } from './failures.js'
import { linkCases } from './links.js'
import { userCases } from './users.js'
import type { UserStoreCase } from './types.js'

/** Every case for user stores as data, for test runners that `testUserStore` does not support and for other uses. */
export const userStoreCases: readonly UserStoreCase[] = [...userCases, ...linkCases, ...failureCases]
