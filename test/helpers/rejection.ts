/** Returns the reason with which a promise rejects; throws if it resolves. */
export async function rejection(promise: Promise<unknown>): Promise<unknown>
/** The same, and checks the class of the reason. */
export async function rejection<E>(
  promise: Promise<unknown>,
  type: abstract new (...values: never[]) => E,
): Promise<E>
export async function rejection(
  promise: Promise<unknown>,
  type?: abstract new (...values: never[]) => unknown,
): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    if (type && !(error instanceof type)) throw error
    return error
  }
  throw new Error('The promise was expected to reject')
}

/** Returns the error that a function throws; throws if it returns. */
export function thrown(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  throw new Error('The call was expected to throw')
}
