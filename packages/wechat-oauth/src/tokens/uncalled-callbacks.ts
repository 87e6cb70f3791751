const names = new WeakMap<object, string>()

/**
 * Remembers the name of a function of the application if it has ended without calling its callback. This explains a timeout.
 *
 * @param ask - calls the function; its promise stands for the function's result
 */
export function trackUncalled<T>(name: string, ask: (onUncalled: () => void) => Promise<T>): Promise<T> {
  const answer: Promise<T> = ask(() => {
    names.set(answer, name)
  })
  return answer
}

/** Returns the name of the function if it has ended without calling its callback, so that `result` stays pending. */
export function findUncalledName(result: unknown): string | undefined {
  return names.get(result as object)
}
