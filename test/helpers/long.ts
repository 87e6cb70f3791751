/**
 * Whether the long suite runs, with slow tests and repetitions: `npm run test:all`, or `WECHAT_AUTH_LONG_TESTS=1` for one file.
 * A file that belongs only to the long suite is called `….long.test.ts`.
 */
export const isLongRun = Boolean(process.env.WECHAT_AUTH_LONG_TESTS)

/** Returns the variants to test: all in the long suite, otherwise only the essential ones. */
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
