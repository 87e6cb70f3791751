import assert from 'node:assert/strict'
import { inspect } from 'node:util'

/** Settles like the promise, or rejects after `ms` milliseconds. @param what - completed by "within … ms" */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new assert.AssertionError({ message: `${what} within ${ms} ms` })), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Returns the promise, which may now reject before anything awaits it. */
export function inBackground<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}

/** Returns the reason with which the promise rejects; fails if it resolves. */
export async function catchRejection(what: string, promise: unknown): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  assert.fail(`${what} must reject`)
}

/** Checks that an error is one that stores may throw: with a `code`, without a cause, and without any value of the record. */
export function assertStoreError(
  error: unknown,
  secrets: readonly string[],
  codes: readonly string[] = ['ERR_WECHAT_STORE'],
): void {
  assert.ok(error instanceof Error, 'it must reject with an Error')
  const { code, cause } = error as Error & { code?: unknown }
  assert.ok(
    typeof code === 'string' && codes.includes(code),
    `the error's code must be ${codes.join(' or ')}, but it is ${inspect(code)} (${error.name})`,
  )
  assert.equal(
    cause,
    undefined,
    'the error must have no cause, because drivers put statements and values on their errors',
  )
  const shown = [
    error.message,
    String(error.stack),
    String(error),
    JSON.stringify(error),
    inspect(error, { depth: Infinity, showHidden: true }),
  ].join('\n')
  for (const secret of secrets)
    assert.ok(!shown.includes(secret), 'the error must not contain a value of the record')
}

function readReason(error: unknown): unknown {
  return (error as { reason?: unknown } | null | undefined)?.reason
}

/** The backend works, but its data cannot be used. A caller that has a valid record may replace it. */
export function assertIsOfRecord(error: unknown): void {
  assert.equal(readReason(error), 'record', 'the error for a corrupt record must have the reason "record"')
}

/** The backend failed. Its data is unknown, so a caller must not replace it. */
export function assertIsOfBackend(error: unknown): void {
  assert.notEqual(
    readReason(error),
    'record',
    'the error for a failing backend must not have the reason "record"',
  )
}

/** Values that no store may accept as a key, a hash or an id. */
export const notNames: readonly unknown[] = [
  undefined,
  null,
  '',
  0,
  1,
  true,
  Symbol('name'),
  {},
  [],
  ['name'],
  { $ne: null },
  Buffer.from('name'),
  () => 'name',
]

/** Checks that each call rejects with a `TypeError` and does not throw. */
export async function assertTypeErrors(
  what: string,
  calls: Record<string, () => Promise<unknown>>,
): Promise<void> {
  for (const [method, call] of Object.entries(calls)) {
    let returned: Promise<unknown>
    try {
      returned = call()
    } catch {
      assert.fail(`${method} must reject, not throw`)
    }
    const error = await catchRejection(`${method} with ${what}`, returned)
    assert.ok(error instanceof TypeError, `${method} with ${what} must reject with a TypeError`)
  }
}

/** A promise and the functions that settle it. */
export interface Deferred<T> {
  promise: Promise<T>
  resolve: (value: T) => void
}

export function deferred<T = void>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
