import assert from 'node:assert/strict'
import { inspect } from 'node:util'

/** Resolves like the promise, or rejects after `ms`. */
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

/** The promise itself, which may now reject before anybody asks for what it says. */
export function inBackground<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}

/** What the promise rejects with. */
export async function catchRejection(what: string, promise: unknown): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  assert.fail(`${what} must reject`)
}

/** A failure as stores promise it: by `code`, without a cause, and without anything of the record. */
export function assertStoreError(
  error: unknown,
  secrets: readonly string[],
  codes: readonly string[] = ['ERR_WECHAT_STORE'],
): void {
  assert.ok(error instanceof Error, 'what it rejects with must be an Error')
  const { code, cause } = error as Error & { code?: unknown }
  assert.ok(
    typeof code === 'string' && codes.includes(code),
    `its code must be ${codes.join(' or ')}, is ${inspect(code)} (${error.name})`,
  )
  assert.equal(cause, undefined, 'it must have no cause: drivers put statements and values on their errors')
  const shown = [
    error.message,
    String(error.stack),
    String(error),
    JSON.stringify(error),
    inspect(error, { depth: Infinity, showHidden: true }),
  ].join('\n')
  for (const secret of secrets)
    assert.ok(!shown.includes(secret), 'no value of the record may be seen in the error')
}

function readReason(error: unknown): unknown {
  return (error as { reason?: unknown } | null | undefined)?.reason
}

/** The backend works, but what it holds cannot be used. A caller that has something better may replace it. */
export function assertIsOfRecord(error: unknown): void {
  assert.equal(readReason(error), 'record', 'a corrupt record must be an error with the reason "record"')
}

/** The backend failed, and nobody knows what it holds: it must not be replaced. */
export function assertIsOfBackend(error: unknown): void {
  assert.notEqual(
    readReason(error),
    'record',
    'a failing backend must not be an error with the reason "record"',
  )
}

/** What cannot be the name of anything. */
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

/** Each of the calls must reject with a `TypeError`, and not throw it. */
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
