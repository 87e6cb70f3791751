/**
 * Whether everything is run, what is slow or repeats included: `npm run test:all`, or `WECHAT_AUTH_LONG_TESTS=1` for one file.
 * Whole files of that kind are called `….long.test.ts`.
 */
export const isLongRun = Boolean(process.env.WECHAT_AUTH_LONG_TESTS)

/** The variants to test: all in the long suite, otherwise the ones that are not repetitions of the others. */
export function variants<T>(
  all: readonly T[],
  isEssential: (variant: T, index: number, all: readonly T[]) => boolean,
): T[] {
  return isLongRun ? [...all] : all.filter(isEssential)
}

/** For drivers, which are listed from the oldest to the newest. */
export function isNewest(_driver: unknown, index: number, all: readonly unknown[]): boolean {
  return index === all.length - 1
}
