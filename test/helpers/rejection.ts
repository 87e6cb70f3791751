/** What a promise rejects with; throws when it does not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown>
/** The same, checked to be of this class. */
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

/** What a function throws; throws itself when it does not. */
export function thrown(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  throw new Error('The call was expected to throw')
}
