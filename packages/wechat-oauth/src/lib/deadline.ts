/** Says whether it is over: what has not begun by then need not begin any more. */
export interface Deadline {
  readonly isOver: boolean
  /** Called when it is: stops what has begun. */
  onOver?: () => void
}

/**
 * Runs `task` for at most `ms`: then rejects with what `onTimeout` makes and aborts the signal, whether the task listens
 * to it or not. (Not `AbortSignal.timeout`: that one keeps its timer, and fake clocks do not drive it.)
 */
export function withTimeout<T>(
  ms: number,
  task: (signal: AbortSignal) => Promise<T>,
  onTimeout: () => Error,
): Promise<T> {
  const controller = new AbortController()
  return withDeadline(
    ms,
    (deadline) => {
      deadline.onOver = () => controller.abort()
      return task(controller.signal)
    },
    onTimeout,
  )
}

/** The same without a signal, which costs several microseconds. What `task` throws rejects. */
export function withDeadline<T>(
  ms: number,
  task: (deadline: Deadline) => T | PromiseLike<T>,
  onTimeout: () => Error,
): Promise<T> {
  // One promise for all outcomes: with `async`, or Promise.race, there are several more, and this is on the way of every call.
  return new Promise<T>((resolve, reject: (reason: Error) => void) => {
    const deadline: { isOver: boolean; onOver?: () => void } = { isOver: false }
    const timer = setTimeout(() => {
      deadline.isOver = true
      reject(onTimeout())
      deadline.onOver?.()
    }, ms)
    const succeed = (result: T): void => {
      clearTimeout(timer)
      resolve(result)
    }
    const fail = (reason: Error): void => {
      clearTimeout(timer)
      reject(reason)
    }
    try {
      Promise.resolve(task(deadline)).then(succeed, fail)
    } catch (error) {
      fail(error as Error)
    }
  })
}
