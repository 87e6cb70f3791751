import { TokenStoreError } from '@wechat-auth/wechat-oauth'

/**
 * A visit to a store, in bounded time: whatever the store rejects with becomes a `TokenStoreError` without values.
 *
 * @param what - completes "failed to …"
 */
export async function visit<T>(timeout: number, what: string, command: () => PromiseLike<T>): Promise<T> {
  try {
    return await within(timeout, what, command)
  } catch (error) {
    throw error instanceof TokenStoreError ? error : new TokenStoreError(`The store failed to ${what}.`, { error })
  }
}

/** A call of the application's, in bounded time; what it throws is passed on as it is. */
export async function within<T>(timeout: number, what: string, call: () => T | PromiseLike<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new TokenStoreError(`The attempt to ${what} was not answered within ${timeout} ms.`)), timeout)
  })
  try {
    return await Promise.race([run(call), late])
  } finally {
    clearTimeout(timer)
  }
}

async function run<T>(call: () => T | PromiseLike<T>): Promise<T> {
  return call()
}
