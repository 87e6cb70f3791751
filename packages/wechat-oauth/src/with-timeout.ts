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
export async function withTimeout<T>(ms: number, task: (signal: AbortSignal) => Promise<T>, onTimeout: () => Error): Promise<T> {
  const controller = new AbortController()
  return withDeadline(ms, (deadline) => {
    deadline.onOver = () => controller.abort()
    return task(controller.signal)
  }, onTimeout)
}

/** The same without a signal, which costs several microseconds. What `task` throws rejects. */
export async function withDeadline<T>(ms: number, task: (deadline: Deadline) => T | PromiseLike<T>, onTimeout: () => Error): Promise<T> {
  const deadline: { isOver: boolean, onOver?: () => void } = { isOver: false }
  let timer: NodeJS.Timeout | undefined
  try {
    // One promise for both outcomes: Promise.race makes several more.
    return await new Promise<T>((resolve, reject) => {
      timer = setTimeout(() => {
        deadline.isOver = true
        reject(onTimeout())
        deadline.onOver?.()
      }, ms)
      Promise.resolve(task(deadline)).then(resolve, reject)
    })
  } finally {
    clearTimeout(timer)
  }
}
