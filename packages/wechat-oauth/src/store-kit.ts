/**
 * Tools for authors of stores: the checks of the contracts, errors without values, time limits, and a lock that needs two
 * atomic operations of a database. Import them from `@wechat-auth/wechat-oauth/store-kit`.
 */
export { isUnusableRecord } from './errors.js'
export {
  checkAccount,
  checkKey,
  checkLifetime,
  checkName,
  checkOpenid,
  checkTimeout,
  checkWellFormedKey,
  checkWellFormedName,
  isOpenid,
} from './lib/arguments.js'
export { isThenable } from './lib/callback-or-promise.js'
export { withDeadline, type Deadline } from './lib/deadline.js'
export { refreshTokenSeconds } from './lib/durations.js'
export { KeyedQueue } from './lib/keyed-queue.js'
export { isRecord, plainRecord } from './lib/plain-record.js'
export { toNumber, toTime } from './lib/values.js'
export { isWellFormed } from './lib/well-formed.js'
export {
  refuseWrongConnection,
  refuseWrongNames,
  type WrongConnection,
  type WrongNames,
} from './lib/wrong-names.js'
export { corruptRecord, decodeRecord, decodeSession, encodeRecord } from './tokens/record-json.js'
export { lockError, lockTimes, runLocked, type LockBackend } from './tokens/lock.js'
export {
  asStoreError,
  asStoreError as asTokenStoreError,
  attempt,
  attemptBefore,
  attemptWithin,
} from './tokens/store-failures.js'
