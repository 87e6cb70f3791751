const names = new WeakMap<object, string>()

/**
 * Notes the name of a function of the application with its pending answer, where the function has ended and
 * only its callback can still answer. This explains a timeout.
 */
export function trackUncalled<T>(name: string, ask: (onUncalled: () => void) => Promise<T>): Promise<T> {
  const answer: Promise<T> = ask(() => {
    names.set(answer, name)
  })
  return answer
}

/** The function that has ended without calling its callback, where that is why `answer` is pending. */
export function findUncalledName(answer: unknown): string | undefined {
  return names.get(answer as object)
}
