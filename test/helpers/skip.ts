import type { Context } from 'mocha'

const separator = ' [skipped: '

/**
 * Skips the running test, or from a `before` hook all tests of its suite. The reason is printed at the end of the run.
 * Under CI, where nothing may be missing, it throws instead.
 */
export function skipBecause(context: Context, reason: string): never {
  if (underCI()) throw new Error(`Not to be skipped under CI: ${reason}`)
  return skipEverywhere(context, reason)
}

/** The same for a reason that no machine can remove, so it does not fail under CI. */
export function skipEverywhere(context: Context, reason: string): never {
  // A worker of `mocha --parallel` passes only the title to the reporter.
  const mark = (test: { title: string }): void => {
    test.title += `${separator}${reason}]`
  }
  const runnable = context.test
  if (runnable?.title.startsWith('"before all" hook')) runnable.parent?.eachTest(mark)
  else mark(context.currentTest ?? runnable!)
  return context.skip()
}

/** Returns the reason that `skipBecause` wrote into a title. */
export function skipReason(title: string): string | undefined {
  const start = title.lastIndexOf(separator)
  return start === -1 ? undefined : title.slice(start + separator.length, -1)
}

export function underCI(): boolean {
  const { CI } = process.env
  return CI !== undefined && CI !== '' && CI !== 'false' && CI !== '0'
}
